"""HiResCAM, LayerCAM, Grad-CAM++ and Eigen-CAM: identities, cases by hand, and pytorch-grad-cam's maps.

How layers are found and read, Grad-CAM's tests tell: all of these ask the same for activations and gradients.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pytorch_grad_cam import GradCAMPlusPlus, HiResCAM, LayerCAM
from torch import nn

from explainers import explain
from explainers.networks.internals.activations import activations_and_gradients
from tests.explainers.sample_networks import family, pictures

PEERS = {"hires_cam": HiResCAM, "layer_cam": LayerCAM, "grad_cam_plus_plus": GradCAMPlusPlus}
STRONG = 1000.0  # a score with gradients beside which the 1e-6 is nothing that theirs adds to a denominator


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("network", ["resnet18", "squeezenet1_1"])
def test_maps_equal_pytorch_grad_cam(name, network):
    model, images = family(network), pictures(2)
    layer = {"resnet18": "layer4", "squeezenet1_1": "features"}[network]
    weightings = STRONG * torch.eye(5)[[1, 4]][:, None]
    ours = explain(name, model, images, weightings, layer=layer, relu=True)
    theirs = unscaled(PEERS[name], model, images, [1, 4], layer)
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.max()), rtol=1e-3)
    assert theirs.max() > 0


def unscaled(kind, model, images, targets, layer):
    """Their maps without their scaling to 0 … 1, enlarged as ours."""
    with kind(model=model, target_layers=[model.get_submodule(layer)]) as peer:
        chosen = [lambda outputs, t=t: STRONG * outputs[t] for t in targets]
        peer(images, chosen)
        activations, gradients = peer.activations_and_grads.activations[0], peer.activations_and_grads.gradients[0]
        parts = (images, peer.target_layers[0], chosen, activations.numpy(), gradients.numpy())
        found = torch.from_numpy(np.maximum(peer.get_cam_image(*parts, eigen_smooth=False), 0))[:, None]
    return F.interpolate(found, size=images.shape[-2:], mode="bilinear", align_corners=False).float()


def test_below_a_linear_head_a_hires_cam_map_sums_to_the_logit_without_its_bias():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 4)).eval()
    images = pictures(2, side=8)
    maps = explain("hires_cam", model, images, [1, 3], layer="1")
    logits = model(images)[[0, 1], [1, 3]] - model[3].bias[[1, 3]]
    torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), logits)


def test_where_gradients_are_the_same_everywhere_all_but_their_weights_are_grad_cams():
    """Below pooling and a linear head HiResCAM is Grad-CAM, and LayerCAM is with the head's positive weights alone."""
    torch.manual_seed(0)
    head = nn.Linear(6, 4)
    model = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    images, options = pictures(2, side=16), {"layer": "1", "relu": False}
    plain = explain("grad_cam", model, images, [0, 3], **options)
    torch.testing.assert_close(explain("hires_cam", model, images, [0, 3], **options), plain)
    layer_cam = explain("layer_cam", model, images, [0, 3], **options)
    with torch.no_grad():
        head.weight.clamp_(min=0)
    torch.testing.assert_close(layer_cam, explain("grad_cam", model, images, [0, 3], **options))


def test_grad_cam_plus_plus_by_hand():
    """Two places with activations 1 and 3, gradients 2 and −1: α₁ = 1 / (2 + 2·4), w = α₁·2 = 1/5."""
    model = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(2, 2, bias=False)).eval()
    with torch.no_grad():
        model[2].weight.copy_(torch.tensor([[2.0, -1.0], [0.0, 0.0]]))
    maps = explain("grad_cam_plus_plus", model, torch.tensor([[[[1.0, 3.0]]]]), [0], layer="0")
    torch.testing.assert_close(maps, torch.tensor([[[[0.2, 0.6]]]]))


def test_grad_cam_plus_plus_is_finite_where_activations_are_signed():
    """Sums of activations and gradients that bring the denominator to zero and below."""
    model = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(2, 1, bias=False)).eval()
    with torch.no_grad():
        model[2].weight.copy_(torch.tensor([[2.0, 1.0]]))
    for values in ([-1.5, 0.5], [-3.0, 0.5]):
        maps = explain("grad_cam_plus_plus", model, torch.tensor([[[values]]]), [1], layer="0", relu=False)
        assert torch.isfinite(maps).all()


def test_eigen_cam_is_the_map_that_all_channels_share_best():
    """No map of unit length times one weight per channel comes nearer to the activations; and the class has no say."""
    model, images = family("resnet18"), pictures(2)
    activations, _ = activations_and_gradients(model, images, torch.tensor([[0], [0]]), "layer4")
    maps = explain("eigen_cam", model, images, [[0, 2], [1, 1]], layer="layer4")
    assert torch.equal(maps[:, 0], maps[:, 1])
    for n in range(2):
        places = activations[n].flatten(1).T
        left, values, _ = torch.linalg.svd(places, full_matrices=False)
        small_map = (left[:, 0] * values[0]).abs().reshape(1, 1, 2, 2)
        expected = F.interpolate(small_map, size=(64, 64), mode="bilinear", align_corners=False)[0, 0]
        torch.testing.assert_close(maps[n, 0], expected, atol=1e-4, rtol=1e-3)
