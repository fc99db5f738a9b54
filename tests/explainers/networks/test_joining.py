"""Networks that join channels only to squeeze them: the parts go in alone, and maps stay the same."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explainers import explain
from explainers.networks.rewriting.graph import graph_of
from explainers.networks.rewriting.joining import part_joined
from explainers.networks.rewriting.optimised import optimised
from tests.explainers.sample_networks import FUSED, family, pictures

pytestmark = FUSED


class Joined(nn.Module):
    """Two convolutions of a picture, and then what a test says; half of their values are below zero."""

    def __init__(self, rest):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 6, 1)
        self.pool, self.mean, self.relu = nn.MaxPool2d(3, 2), nn.AvgPool2d(2), nn.ReLU(inplace=True)
        self.squeeze, self.wide = nn.Conv2d(10, 5, 3, stride=2, padding=1), nn.Conv2d(10, 12, 1)
        self.same, self.rest = nn.Conv2d(8, 5, 1, bias=False), rest

    def forward(self, x):
        return self.rest(self, x).flatten(1)


def join(n, x):
    return torch.cat([n.first(x).relu(), F.relu6(n.second(x))], 1)


PARTED = {
    "activated": lambda n, x: n.squeeze(join(n, x)),
    "plain": lambda n, x: n.squeeze(torch.cat((n.first(x), n.second(x)), dim=1)).relu(),
    "in place": lambda n, x: n.squeeze(torch.cat([n.relu(n.first(x)), n.second(x).relu_()], 1)),
    "pooled": lambda n, x: n.squeeze(n.pool(join(n, x))),
    "pooled twice": lambda n, x: n.squeeze(n.mean(n.pool(join(n, x)))),
    "with itself": lambda n, x: n.same(torch.cat([h := n.first(x), h], 1)),
    "then added": lambda n, x: (n.squeeze(join(n, x)) + n.squeeze.weight.mean()).relu(),
}
LEFT = {
    "widened": lambda n, x: n.wide(join(n, x)),
    "joined by rows": lambda n, x: n.second(torch.cat([x, x], 2)),
    "seen elsewhere": lambda n, x: n.squeeze(h := join(n, x)).sum((2, 3)) + h.mean((1, 2, 3))[:, None],
    "a part seen elsewhere": lambda n, x: (
        n.squeeze(torch.cat([h := n.first(x), n.second(x)], 1)).sum((2, 3)) + h.mean()
    ),
    "a part written over": lambda n, x: n.squeeze((torch.cat([h := n.first(x), n.second(x)], 1), h.mul_(2))[0]),
    "the picture": lambda n, x: n.squeeze(torch.cat([x, n.first(x), x], 1)),
    "pooled and seen": lambda n, x: n.squeeze(h := n.pool(join(n, x))).sum((2, 3)) + h.mean((1, 2, 3))[:, None],
}


@pytest.mark.parametrize("what", [*PARTED, *LEFT])
def test_outputs_and_gradients_stay(what):
    model = Joined((PARTED | LEFT)[what]).eval()
    for images in (pictures(2, side=13), pictures(1, side=17)):
        copied, found = optimised(model), []
        for network in (model, copied):
            leaf = images.clone().requires_grad_()
            outputs = network(leaf)
            weights = 1 + outputs.detach().cos()
            found.append((outputs.detach(), torch.autograd.grad((outputs * weights).sum(), leaf)[0]))
        for expected, ours in zip(*found, strict=True):
            torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("what", [*PARTED, *LEFT])
def test_only_what_a_convolution_alone_sees_is_parted(what):
    graph = graph_of(Joined((PARTED | LEFT)[what]).eval())
    n_joins = _joins(graph)
    part_joined(graph)
    assert _joins(graph) == (0 if what in PARTED else n_joins)


def _joins(graph):
    return sum(node.target is torch.cat for node in graph.graph.nodes)


def test_a_join_in_half_precision_is_left():
    graph = graph_of(Joined(PARTED["activated"]).eval().to(torch.bfloat16))
    part_joined(graph)
    assert _joins(graph) == 1


def test_squeezenet_joins_nothing_but_for_its_classes():
    copied = optimised(family("squeezenet1_1"))
    assert _joins(copied.model) == 1


@pytest.mark.parametrize("method", ["occlusion", "integrated_gradients"])
def test_methods_on_a_copy_that_joins_nothing(method):
    """What `cat` joins, a second network joins by adding parts padded with zeros."""
    model = Joined(PARTED["pooled"]).eval()
    plain = Joined(lambda n, x: n.squeeze(n.pool(_by_hand(n, x)))).eval()
    options = {"occlusion": {"window": 5, "stride": 3}, "integrated_gradients": {"n_steps": 3}}[method]
    images, targets = pictures(2, side=13), [[0, 3]] * 2
    expected = explain(method, plain, images, targets, **options)
    torch.testing.assert_close(explain(method, model, images, targets, **options), expected, atol=1e-5, rtol=1e-3)


def _by_hand(n, x):
    first, second = F.pad(n.first(x).relu(), (0, 0, 0, 0, 0, 6)), F.pad(F.relu6(n.second(x)), (0, 0, 0, 0, 4, 0))
    return first + second
