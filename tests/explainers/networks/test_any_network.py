"""Networks drawn from a grammar of idioms, explained by every method and compared with slow references."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers import explain
from explainers.methods.deeplift import deeplift
from explainers.networks.internals.layers import default_layer
from explainers.networks.propagation.excitation import excite
from explainers.networks.rewriting.optimised import optimised
from explainers.networks.state import untouched
from tests.explainers.grammar import CLASSES, HEADS, RETURNS, SIDE, STEPS, Drawn
from tests.explainers.sample_networks import quick

names = st.lists(st.sampled_from(list(STEPS)), max_size=4)
networks = st.builds(
    lambda *drawn: Drawn(*drawn).eval(),
    names,
    st.sampled_from(list(HEADS)),
    st.sampled_from(list(RETURNS)),
    st.integers(0, 99),
)
each_alone = pytest.mark.parametrize(
    "network", [Drawn([step], "mean", "tensor", 1).eval() for step in STEPS], ids=list(STEPS)
)


def picture(n=1):
    return torch.randn(n, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))


def check_all(network):
    check_occlusion(network)
    check_optimised(network)
    check_excitation(network)
    check_sums(network)
    check_relevance(network)
    check_activation_maps(network)
    check_gradient(network)


SMALL = {
    "rise": {"grid": 2},
    "lime": {"n_samples": 6, "kernel_size": 1},
    "multiscale_occlusion": {"depth": 1, "n_best": 1},
    "gradient_shap": {},
    "c_mwp": {},
    "score_cam": {},
    "eigen_cam": {},
    "grad_cam_plus_plus": {},
    "integrated_gradients": {},
    "smooth_grad": {"method": "lrp"},
}


@torch.no_grad()
def check_occlusion(network):
    """Every window hidden by a loop, on the network as it is."""
    image, total, covered = picture(), torch.zeros(SIDE, SIDE), torch.zeros(SIDE, SIDE)
    whole = network.logits(image)[0].softmax(1)[0, 1]
    for top in range(0, SIDE - 1, 2):
        for left in range(0, SIDE - 1, 2):
            hidden = image.clone()
            hidden[:, :, top : top + 2, left : left + 2] = 0
            place = slice(top, top + 2), slice(left, left + 2)
            total[place] += whole - network.logits(hidden)[0].softmax(1)[0, 1]
            covered[place] += 1
    options = {"window": 2, "stride": 2, "fill": (0.0, 0.0, 0.0), "relative": False}
    torch.testing.assert_close(
        explain("occlusion", network, image, [1], **options)[0, 0], total / covered, atol=1e-5, rtol=1e-3
    )


def check_optimised(network):
    """Logits and their gradient of the copy that perturbation methods and GradientSHAP run."""
    images, copied = picture(3), optimised(network)
    torch.testing.assert_close(copied(images), network.logits(images)[0], atol=1e-5, rtol=1e-4)
    leaves = [images.clone().requires_grad_() for _ in range(2)]
    ours, theirs = copied(leaves[0])[:, 1].sum(), network.logits(leaves[1])[0][:, 1].sum()
    gradients = [torch.autograd.grad(score, leaf)[0] for score, leaf in zip((ours, theirs), leaves, strict=True)]
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-3)


def check_excitation(network):
    double = copy.deepcopy(network).double()
    image = picture().double()
    starts = F.one_hot(torch.tensor([[1]]), CLASSES)
    with untouched(double):
        found, _ = excite(double, image, starts, "input")
        torch.testing.assert_close(found[0, 0], double.excited(image[0], 1), atol=1e-8, rtol=1e-5)


def check_sums(network):
    """LRP hands the logit back, and DeepLIFT the change of it."""
    image, double = picture().double(), copy.deepcopy(network).double()
    logit = network.logits(picture())[0][0, 1].detach()
    relevance = explain("lrp", double, image, [1], composite="epsilon")
    assert abs(relevance.sum() - logit) <= 1e-3 * (relevance.abs().sum() + logit.abs())
    with untouched(double):
        maps = deeplift(double, image, torch.tensor([[1]]))
        change = (double.logits(image)[0] - double.logits(torch.zeros_like(image))[0])[0, 1]
    torch.testing.assert_close(maps.sum(), change, atol=1e-9, rtol=1e-8)


def check_relevance(network):
    """The copy that a job makes once, with what is kept of its weights."""
    copied = optimised(network)
    for images in (picture(2), picture()):
        expected = explain("lrp", network, images, [1] * len(images))
        found = explain("lrp", copied, images, [1] * len(images))
        torch.testing.assert_close(found, expected, atol=1e-4 * float(expected.abs().max()), rtol=1e-3)


def check_activation_maps(network):
    """Activations and gradients taken by hand at the layer that is found."""
    image, taken = picture(), []
    layer = default_layer(network, image)

    def take(_module, _inputs, output):
        taken.append(output)
        return output.clone()

    handle = layer.register_forward_hook(take)
    score = network.logits(image.requires_grad_())[0][0, 1]
    handle.remove()
    (gradient,) = torch.autograd.grad(score, taken[-1])
    weights = {
        "grad_cam": gradient.mean((2, 3), keepdim=True),
        "hires_cam": gradient,
        "layer_cam": gradient.clamp(min=0),
    }
    for name, weight in weights.items():
        by_hand = (weight * taken[-1]).sum(dim=1, keepdim=True).relu().detach()
        ours = explain(name, network, image.detach(), [1], relu=True)
        torch.testing.assert_close(ours, F.interpolate(by_hand, (SIDE, SIDE), mode="bilinear"), atol=1e-6, rtol=1e-4)


def check_gradient(network):
    image = picture().requires_grad_()
    (gradient,) = torch.autograd.grad(network.logits(image)[0][0, 1], image)
    ours = explain("vanilla_gradient", network, image.detach(), [1], channels="sum")[:, 0]
    torch.testing.assert_close(ours, gradient.sum(dim=1), atol=1e-5, rtol=1e-3)


@each_alone
def test_every_idiom_is_explained(network):
    check_all(network)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("returns", ["tensor", "softmax"])
def test_every_head_is_explained(head, returns):
    check_all(Drawn(["norm after", "relu function"], head, returns, 2).eval())


@settings(max_examples=8, deadline=None, derandomize=True)
@given(networks)
def test_any_network_of_these_idioms_is_explained(network):
    check_all(network)
    for name, parameters in SMALL.items():
        assert torch.isfinite(explain(name, network, picture(), [1], **{**quick(name), **parameters})).all()
