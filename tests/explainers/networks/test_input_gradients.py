import random

import pytest
import torch

from explainers.networks.input_gradients import input_gradient, turned
from explainers.networks.kernels import Geometry
from tests.explainers.sample_networks import FUSED

pytestmark = FUSED


def drawn(seed):
    """A convolution, with an input that it fits in."""
    draw, torch_draw = random.Random(seed), torch.Generator().manual_seed(seed)
    groups = draw.choice((1, 1, 1, 2, 3))
    n_inputs, n_outputs = groups * draw.randint(1, 3), groups * draw.randint(1, 3)
    kernel, stride = tuple(draw.randint(1, 5) for _ in range(2)), tuple(draw.choice((1, 1, 2, 3)) for _ in range(2))
    padding, dilation = tuple(draw.randint(0, k) for k in kernel), draw.choice(((1, 1), (1, 1), (2, 1)))
    reach = [d * (k - 1) + 1 - 2 * p for k, p, d in zip(kernel, padding, dilation, strict=True)]
    sides = [max(draw.randint(1, 12), least) for least in reach]
    x = torch.randn(2, n_inputs, *sides, generator=torch_draw)
    weight = torch.randn(n_outputs, n_inputs // groups, *kernel, generator=torch_draw)
    return x, weight, Geometry(stride, padding, dilation, groups)


def gradients(x, weight, geometry, layout):
    leaf = x.double().requires_grad_()
    outputs = torch.conv2d(leaf, weight.double(), None, *geometry)
    start = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(0))
    (expected,) = torch.autograd.grad(outputs, leaf, start.double())
    return start.contiguous(memory_format=layout), expected.float()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_an_inputs_gradient_is_pytorchs_for_any_geometry(layout):
    n_turned = 0
    for seed in range(80):
        x, weight, geometry = drawn(seed)
        start, expected = gradients(x, weight, geometry, layout)
        x = x.contiguous(memory_format=layout)
        found = input_gradient(start, x, weight, geometry)
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
        way = turned(weight, geometry, x.shape, start.shape)
        n_turned += way is not None
        if way is not None:
            torch.testing.assert_close(way.pack(start.shape)(start, x.shape), expected, atol=1e-4, rtol=1e-4)
    assert 20 < n_turned < 60


@pytest.mark.parametrize(
    ("kernel", "geometry", "n_channels", "is_turned"),
    [
        (3, Geometry(padding=(1, 1)), 64, True),
        (7, Geometry((2, 2), (3, 3)), 3, True),
        (3, Geometry((2, 2)), 3, True),
        (3, Geometry((2, 2), (1, 1)), 64, False),  # oneDNN's own is quicker where channels are many
    ],
)
def test_stems_and_steps_of_one_pixel_go_back_by_a_convolution(kernel, geometry, n_channels, is_turned):
    x, weight = torch.zeros(1, n_channels, 32, 32), torch.zeros(8, n_channels, kernel, kernel)
    way = turned(weight, geometry, x.shape, torch.conv2d(x, weight, None, *geometry).shape)
    assert (way is not None) == is_turned
