"""Convolutions that do the way back of the ReLU before them: gradients as they were, wherever values are shared."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explainers.networks.convolution import IDENTITY, Convolution
from explainers.networks.rewriting.optimised import optimised
from tests.explainers.sample_networks import FUSED, family, pictures

pytestmark = FUSED


class Masked(nn.Module):
    """Convolutions in the order that a test says; half of their values are below zero, some above six."""

    def __init__(self, order):
        super().__init__()
        torch.manual_seed(0)
        self.order, self.first = order, nn.Conv2d(3, 4, 3, padding=1)
        self.second, self.strided = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, stride=2)
        self.own, self.relu6 = nn.Conv2d(4, 4, 3, groups=4), nn.ReLU6(inplace=True)
        with torch.no_grad():
            self.first.weight.mul_(20)

    def forward(self, x):
        return self.order(self, x).flatten(1)


MASKED = {
    "relu": lambda n, x: n.second(n.first(x).relu()),
    "relu6": lambda n, x: n.second(n.relu6(n.first(x))),
    "strided": lambda n, x: n.strided(F.relu6(n.first(x))),
    "of its own channel": lambda n, x: n.own(n.first(x).relu()),
    "of a sum": lambda n, x: n.own((n.second(h := n.first(x)) + h).relu()),
    "before a sum": lambda n, x: n.second(n.first(x).relu()) + n.first(x),
}
LEFT = {
    "no activation": lambda n, x: n.second(n.first(x)),
    "seen twice": lambda n, x: n.second(h := n.first(x).relu()).sum((2, 3)) + h.mean((2, 3)),
    "added to itself": lambda n, x: n.second(h := n.first(x).relu()) + h,
    "the output": lambda n, x: n.first(x).relu(),
    "another activation": lambda n, x: n.second(F.silu(n.first(x))),
}


@pytest.mark.parametrize("what", [*MASKED, *LEFT])
def test_gradients_through_activations_stay(what):
    model = Masked((MASKED | LEFT)[what]).eval()
    copied, found = optimised(model), []
    assert (_masking(copied) > 0) == (what in MASKED)
    for network in (model, copied):
        leaf = pictures(2, side=13).requires_grad_()
        outputs = network(leaf)
        weights = torch.linspace(1, 2, outputs.shape[1])
        several = [
            torch.autograd.grad((outputs * one).sum(), leaf, retain_graph=True)[0] for one in (weights, weights**2)
        ]
        found.append((outputs.detach(), *several))
    for expected, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("network", "n_masking"), [("mobilenet_v2", 34), ("resnet18", 8), ("squeezenet1_1", 10)])
def test_torchvisions_convolutions_do_the_way_back_of_what_they_alone_see(network, n_masking):
    assert _masking(optimised(family(network))) == n_masking


def _masking(copied):
    return sum(isinstance(one, Convolution) and one.before is not IDENTITY for one in copied.model.modules())
