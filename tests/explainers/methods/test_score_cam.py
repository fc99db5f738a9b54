"""Score-CAM against its algorithm, channel by channel in a loop, and pytorch-grad-cam's."""

import pytest
import torch
import torch.nn.functional as F
from pytorch_grad_cam import ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from explainers import explain
from explainers.errors import UserError
from explainers.networks.internals.activations import activations_and_gradients
from tests.explainers.sample_networks import family, pictures, small_cnn


@torch.no_grad()
def in_a_loop(model, image, target, layer):
    with torch.enable_grad():
        activations, _ = activations_and_gradients(model, image, torch.tensor([[target]]), layer)
    scores = []
    for channel in activations[0]:
        mask = F.interpolate(channel[None, None], image.shape[-2:], mode="bilinear", align_corners=False)
        spread = mask.max() - mask.min()
        scores.append(model(image * (mask - mask.min()) / spread if spread else image * 0)[0, target])
    weights = torch.stack(scores).softmax(0)
    small = (weights[:, None, None] * activations[0]).sum(0)[None, None].relu()
    return F.interpolate(small, image.shape[-2:], mode="bilinear", align_corners=False)


def test_maps_are_the_algorithms():
    model, images = small_cnn().eval(), pictures(2)
    maps = explain("score_cam", model, images, [[0, 2], [1, 1]], layer="5", batch_size=5)
    for n, targets in enumerate([[0, 2], [1, 1]]):
        for t, target in enumerate(targets):
            expected = in_a_loop(model, images[n : n + 1], target, "5")
            torch.testing.assert_close(maps[n : n + 1, t : t + 1], expected, atol=1e-5, rtol=1e-3)


def test_maps_are_nearly_pytorch_grad_cams():
    """It lays its masks' corners on the image's, so they differ a little."""
    model, images = family("squeezenet1_1"), pictures(1)
    ours = explain("score_cam", model, images, [2])[0, 0]
    with ScoreCAM(model=model, target_layers=[model.features]) as peer:
        theirs = torch.from_numpy(peer(images, [ClassifierOutputTarget(2)]))[0]
    assert torch.corrcoef(torch.stack([ours.flatten(), theirs.flatten()]))[0, 1] > 0.99


def test_the_channels_that_vary_most_are_taken():
    model, images = small_cnn().eval(), pictures(2)
    every = explain("score_cam", model, images, [0, 1], layer="5", n_channels=12)
    torch.testing.assert_close(every, explain("score_cam", model, images, [0, 1], layer="5"))
    (one,) = explain("score_cam", model, images[:1], [0], layer="5", n_channels=1)
    activations, _ = activations_and_gradients(model, images[:1], torch.tensor([[0]]), "5")
    largest = activations[0, activations[0].flatten(1).var(dim=1).argmax()]
    torch.testing.assert_close(one, F.interpolate(largest[None, None], (64, 64), mode="bilinear")[0])
    with pytest.raises(UserError, match="n_channels: expected a whole number of 1 or more"):
        explain("score_cam", model, images, [0, 1], n_channels=0)


def test_a_network_with_one_output_scores_its_class_0_by_the_opposite():
    torch.manual_seed(0)
    model, images = small_cnn(1).eval(), pictures(1)
    negated = small_cnn(1).eval()
    with torch.no_grad():
        for parameter in negated[11].parameters():
            parameter.neg_()
    ours = explain("score_cam", model, images, [[0, 1]], layer="5")
    torch.testing.assert_close(ours, explain("score_cam", negated, images, [[1, 0]], layer="5"))
    assert not torch.allclose(ours[:, 0], ours[:, 1])
