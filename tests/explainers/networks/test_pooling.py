import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explainers.networks.rewriting.optimised import optimised
from explainers.networks.rewriting.pooling import ReluPool
from tests.explainers.sample_networks import FUSED, family, pictures

pytestmark = FUSED


class Pooled(nn.Module):
    """Two convolutions, and then what a test says; half of their values are below zero."""

    def __init__(self, rest):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)
        self.pool, self.rest = nn.MaxPool2d(3, 2, padding=1, ceil_mode=True), rest

    def forward(self, x):
        return self.rest(self, x).flatten(1)


POOLED = {
    "relu": lambda n, x: n.pool(n.first(x).relu()),
    "joined": lambda n, x: n.pool(torch.cat([n.first(x).relu(), n.second(x).relu()], 1)),
    "joined twice": lambda n, x: n.pool(torch.cat([torch.cat([n.first(x).relu()], 1), n.second(x).relu()], dim=1)),
    "added": lambda n, x: n.pool((n.first(x) + n.second(x)).relu()),
}
LEFT = {
    "no relu": lambda n, x: n.pool(n.first(x)),
    "relu6": lambda n, x: n.pool(F.relu6(n.first(x))),
    "a part without": lambda n, x: n.pool(torch.cat([n.first(x).relu(), n.second(x)], 1)),
    "joined with itself": lambda n, x: n.pool(torch.cat([h := n.first(x).relu(), h], 1)),
    "seen elsewhere": lambda n, x: n.pool(h := n.first(x).relu()).sum((2, 3)) + h.mean((2, 3)),
    "written over": lambda n, x: n.pool(n.first(x).relu()).mul_(2),
}


@pytest.mark.parametrize("what", [*POOLED, *LEFT])
def test_gradients_through_pools_of_relus_stay(what):
    model, images = Pooled((POOLED | LEFT)[what]).eval(), pictures(2, side=13)
    copied, found = optimised(model), []
    assert any(isinstance(module, ReluPool) for module in copied.modules()) == (what in POOLED)
    for network in (model, copied):
        leaf = images.clone().requires_grad_()
        outputs = network(leaf)
        found.append((outputs.detach(), torch.autograd.grad((outputs * (1 + outputs.detach().cos())).sum(), leaf)[0]))
    for expected, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("network", "n_pools"), [("squeezenet1_1", 5), ("resnet18", 1)])
def test_torchvisions_pools_do_the_way_back_of_relus(network, n_pools):
    copied = optimised(family(network))
    assert sum(isinstance(module, ReluPool) for module in copied.model.modules()) == n_pools
