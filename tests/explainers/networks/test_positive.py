"""The positive parts of weights, made once a job: shares by the rule, and an optimised copy explained as its model."""

import copy
import gc

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explainers import explain
from explainers.methods.lrp import _OFFERED as COMPOSITES
from explainers.networks.propagation import relevance
from explainers.networks.propagation.contributions import Weighted
from explainers.networks.propagation.positive import Positive
from explainers.networks.rewriting.optimised import optimised
from tests.explainers.sample_networks import FAMILIES, family, pictures, small_cnn

LAYERS = {
    "plain": {"padding": 1},
    "strided": {"stride": 2},
    "dilated": {"dilation": 2, "padding": 2},
    "of its own channel": {"groups": 4, "padding": 1},
}


def drawn(seed=0, **how):
    torch.manual_seed(seed)
    weight = torch.randn(8, 4 // how.get("groups", 1), 3, 3)
    return Weighted("conv2d", weight, torch.randn(8), how, weight)


def by_the_rule(layer, x, outgoing):
    """Kohlbrenner et al. 2020 in double precision: what contributes above zero, of either sign of the input."""
    x = x.double().requires_grad_()
    weight, bias = layer.weight.double(), layer.bias.double()
    total = F.conv2d(x.clamp(min=0), weight.clamp(min=0), bias.clamp(min=0), **layer.settings)
    total = total + F.conv2d(x.clamp(max=0), weight.clamp(max=0), **layer.settings)
    (found,) = torch.autograd.grad(total, x, outgoing / (total.detach() + 1e-6))
    return (x * found).detach().float()


@pytest.mark.parametrize("how", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("is_signed", [True, False])
def test_shares_are_those_of_the_rule(how, is_signed):
    layer, x = drawn(**how), torch.randn(2, 4, 9, 9)
    x = x if is_signed else x.abs()
    positive = Positive(layer)
    parts, total = positive.contributions(x)
    outgoing = torch.randn(total.shape)
    expected = by_the_rule(layer, x, outgoing)
    torch.testing.assert_close(positive.shares(outgoing, parts, total), expected, atol=1e-4, rtol=1e-4)


def test_a_sum_of_nothing_divides_nothing():
    layer = Weighted("conv2d", -torch.ones(2, 1, 1, 1), None, {})
    parts, total = Positive(layer).contributions(torch.ones(1, 1, 3, 3))
    assert not Positive(layer).shares(torch.ones(1, 2, 3, 3), parts, total).any()


def test_parts_are_of_a_layer_until_its_weights_bias_or_settings_change():
    layer = drawn()
    positive = Positive(layer)
    assert positive.is_of(Weighted("conv2d", layer.weight.detach(), layer.bias.detach(), {}, layer.given))
    assert not positive.is_of(Weighted("conv2d", layer.weight, layer.bias, {"padding": 1}, layer.given))
    assert not positive.is_of(Weighted("conv2d", layer.weight, None, {}, layer.given))
    assert not positive.is_of(layer.folded(torch.full((8,), 2.0), torch.zeros(8)))
    layer.weight.mul_(2)
    assert not positive.is_of(layer)


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("network", FAMILIES)
def test_an_optimised_copy_is_explained_as_the_model_is(network, composite):
    model, images, targets = copy.deepcopy(family(network)).double(), pictures(1), torch.tensor([[0, 3]])
    expected = explain("lrp", model, images, targets, composite=composite)
    found = explain("lrp", optimised(model), images, targets, composite=composite)
    torch.testing.assert_close(found, expected, atol=1e-5 * float(expected.abs().max()), rtol=1e-4)


@pytest.mark.parametrize("network", FAMILIES)
def test_an_optimised_copy_in_single_precision_is_explained_as_the_model_is(network):
    model, images, targets = family(network), pictures(2), torch.tensor([[0, 1], [2, 3]])
    expected, found = (explain("lrp", one, images, targets) for one in (model, optimised(model)))
    torch.testing.assert_close(found, expected, atol=1e-3 * float(expected.abs().max()), rtol=1e-2)


def test_an_optimised_copy_explains_other_sizes_and_numbers_of_images():
    model = small_cnn()
    copied = optimised(model)
    for n, side in ((2, 64), (1, 48), (3, 96), (1, 64)):
        images = torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(n))
        expected = explain("lrp", model, images, [[0, 2]] * len(images))
        found = explain("lrp", copied, images, [[0, 2]] * len(images))
        torch.testing.assert_close(found, expected, atol=1e-4 * float(expected.abs().max()), rtol=1e-3)


def test_parts_are_made_once_for_an_optimised_copy_and_each_time_for_a_model(monkeypatch):
    made = []
    monkeypatch.setattr(relevance, "Positive", lambda layer: made.append(layer) or Positive(layer))
    model = small_cnn()
    copied = optimised(model)
    for _ in range(2):
        explain("lrp", copied, pictures(1), [0])
    assert len(made) == 2
    for _ in range(2):
        explain("lrp", model, pictures(1), [0])
    assert len(made) > 4


def test_a_model_whose_weights_change_is_explained_anew():
    model, image = small_cnn(), pictures(1)
    before = explain("lrp", model, image, [0])
    model[0].weight.data *= -1
    assert not torch.allclose(before, explain("lrp", model, image, [0]))


class Standardised(nn.Conv2d):
    """A convolution whose weight is worked out at every call, in memory that it keeps."""

    def __init__(self):
        super().__init__(8, 8, 3, padding=1)
        self.register_buffer("kept", torch.zeros_like(self.weight))

    def forward(self, x):
        self.kept.copy_(self.weight - self.weight.mean())
        return F.conv2d(x, self.kept, self.bias, padding=1)


class Twice(nn.Module):
    """One weight with two paddings and biases, and one that is worked out anew."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.head = nn.Conv2d(3, 8, 3, padding=1), Standardised(), nn.Linear(8, 3)
        self.weight, self.bias = nn.Parameter(torch.randn(8, 8, 3, 3) / 8), nn.Parameter(torch.randn(8))

    def forward(self, x):
        x = F.conv2d(self.first(x).relu(), self.weight, padding=1).relu()
        x = F.conv2d(x, self.weight, self.bias).relu()
        return self.head(self.last(x).relu().mean((2, 3)))


def test_weights_that_are_used_twice_or_worked_out_anew_are_explained():
    model = Twice()
    copied = optimised(model)
    for seed in range(3):
        image = pictures(1, seed=seed)
        expected = explain("lrp", model, image, [0])
        torch.testing.assert_close(explain("lrp", copied, image, [0]), expected, atol=1e-5, rtol=1e-3)


class Normalised(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight - self.weight.mean(), self.bias)


def test_parts_of_weights_that_are_gone_are_not_kept():
    copied = optimised(nn.Sequential(Normalised(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    kept = []
    for _ in range(3):
        explain("lrp", copied, pictures(1), [0])
        gc.collect()
        kept.append(len(relevance._made_of[copied.plain_graph(pictures(1))]))
    assert kept == [0, 0, 0]


def test_a_hooked_model_is_explained_as_it_runs():
    model = small_cnn()
    model[0].register_forward_hook(lambda _module, _inputs, output: output * 2)
    expected = explain("lrp", model, pictures(1), [0])
    torch.testing.assert_close(explain("lrp", optimised(model), pictures(1), [0]), expected)
