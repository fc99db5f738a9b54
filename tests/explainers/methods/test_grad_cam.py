import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from explainers import explain
from explainers.errors import UserError
from tests.explainers.sample_networks import family, pictures, small_cnn


def test_with_pooling_and_a_linear_head_the_weights_are_the_heads():
    torch.manual_seed(0)
    features, head = nn.Conv2d(3, 6, 3, padding=1), nn.Linear(6, 4)
    model = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    images = pictures(2, side=16)
    maps = explain("grad_cam", model, images, [[0, 3], [1, 2]], layer="0", relu=False)
    classes = torch.tensor([[0, 3], [1, 2]])
    expected = torch.einsum("ntc,nchw->nthw", head.weight[classes] / 256, features(images))
    torch.testing.assert_close(maps, expected.detach())


def test_the_relu_keeps_the_positive_part_before_the_map_is_enlarged():
    model, images = small_cnn(), pictures(1)
    signed = explain("grad_cam", model, images, [0], layer="4", relu=False)
    small = F.interpolate(signed, size=(32, 32), mode="area")
    assert (small < 0).any()
    assert (explain("grad_cam", model, images, [0], layer="4") >= 0).all()


@pytest.mark.parametrize("network", ["resnet18", "googlenet", "squeezenet1_1"])
def test_maps_equal_pytorch_grad_cam(network):
    model, images = family(network), pictures(2)
    layer = {"resnet18": "layer4", "googlenet": "inception5b", "squeezenet1_1": "features"}[network]
    ours = explain("grad_cam", model, images, [1, 4], layer=layer)
    theirs = unscaled_pytorch_grad_cam(model, images, [1, 4], layer)
    torch.testing.assert_close(ours, theirs, atol=1e-5 * float(theirs.max()), rtol=1e-4)


def unscaled_pytorch_grad_cam(model, images, targets, layer):
    """Their weights and activations without their scaling to 0 … 1, enlarged as we do."""
    with GradCAM(model=model, target_layers=[model.get_submodule(layer)]) as peer:
        chosen = [ClassifierOutputTarget(t) for t in targets]
        peer(images, chosen)
        activations, gradients = peer.activations_and_grads.activations[0], peer.activations_and_grads.gradients[0]
        small = peer.get_cam_image(
            images, peer.target_layers[0], chosen, activations.numpy(), gradients.numpy(), eigen_smooth=False
        )
    small = torch.from_numpy(np.maximum(small, 0))[:, None]
    return F.interpolate(small, size=images.shape[-2:], mode="bilinear", align_corners=False).float()


def test_an_in_place_relu_after_the_layer_changes_nothing():
    images = pictures(1)
    in_place, plain = small_cnn(), small_cnn()
    plain[5] = nn.ReLU()
    torch.testing.assert_close(
        explain("grad_cam", in_place, images, [0], layer="4"), explain("grad_cam", plain, images, [0], layer="4")
    )


def test_the_default_layer_of_an_unknown_network_is_its_last_map():
    model, images = small_cnn(), pictures(1)
    torch.testing.assert_close(
        explain("grad_cam", model, images, [0]), explain("grad_cam", model, images, [0], layer=model[5])
    )


def test_a_missing_layer_lists_near_names():
    with pytest.raises(UserError, match=r"no layer 'layer5'.*layer4"):
        explain("grad_cam", family("resnet18"), pictures(1), [0], layer="layer5")


def test_a_layer_of_another_model_is_refused():
    with pytest.raises(UserError, match="Conv2d is not part of the model"):
        explain("grad_cam", small_cnn(), pictures(1), [0], layer=small_cnn()[0])


def test_a_layer_without_a_map_is_refused():
    with pytest.raises(UserError, match=r"needs activations \(N, C, H, W\); 8 gives \(1, 16\)"):
        explain("grad_cam", small_cnn(), pictures(1), [0], layer="8")
