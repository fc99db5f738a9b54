import copy
import operator

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explainers.networks.convolution import IDENTITY, RELU, RELU6, Convolution, convolve
from explainers.networks.rewriting.optimised import optimised
from tests.explainers.sample_networks import FAMILIES, FUSED, family, pictures, small_cnn

pytestmark = FUSED


class Network(nn.Module):
    """A 3 × 3 convolution and then what a test says."""

    def __init__(self, rest):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.stem, self.relu, self.rest = nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True), rest

    def forward(self, x):
        return self.rest(self, x).flatten(1)


def added_into(n, x):
    h = n.stem(x)
    return h.add_(n.first(x)) * h


FOLLOWED = {
    "module": (lambda n, x: n.relu(n.first(x)), 1),
    "function": (lambda n, x: F.relu(n.first(x)), 1),
    "method": (lambda n, x: n.first(x).relu_(), 1),
    "relu6": (lambda n, x: F.relu6(n.first(x)), 1),
    "sum": (lambda n, x: n.first(x) + n.stem(x), 2),
    "sum and relu": (lambda n, x: n.relu(operator.iadd(n.first(x), n.stem(x))), 2),
    "sum and relu6": (lambda n, x: F.relu6(n.stem(x) + n.first(x)), 2),
    "sum with itself": (lambda n, x: n.relu(torch.add(h := n.first(x), h)), 1),
    "scaled sum": (lambda n, x: torch.add(n.first(x), n.stem(x), alpha=3), 2),
    "sum with a row": (lambda n, x: n.relu(n.first(x) + n.stem(x).mean(2, keepdim=True)), 2),
    "sum with more": (lambda n, x: n.first(x).mean((2, 3), keepdim=True) + n.stem(x), 2),
    "used twice": (lambda n, x: n.relu(h := n.first(x)) * h, 1),
    "one layer twice": (lambda n, x: n.second(n.second(n.stem(x)).relu()), 3),
    "added into": (added_into, 2),
}


@pytest.mark.parametrize("what", FOLLOWED)
def test_what_follows_a_convolution_is_done_with_it_and_outputs_and_gradients_stay(what):
    rest, n_convolutions = FOLLOWED[what]
    model, images = Network(rest).eval(), pictures(2, side=12)
    copied = optimised(model)
    assert sum(isinstance(module, Convolution) for module in copied.model.modules()) == n_convolutions
    results = []
    for network in (model, copied):
        leaf = images.clone().requires_grad_()
        outputs = network(leaf)
        results.append((outputs.detach(), torch.autograd.grad((outputs * outputs.detach().sin()).sum(), leaf)[0]))
    torch.testing.assert_close(results[0][0], results[1][0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(results[0][1], results[1][1], atol=1e-5, rtol=1e-4)


def test_a_convolution_is_not_put_off_past_what_writes_into_its_input():
    def written_meanwhile(n, x):
        h = n.stem(x)
        y = n.second(h)
        h.mul_(2)
        return y + h

    model, images = Network(written_meanwhile).eval(), pictures(2, side=12)
    with torch.inference_mode():
        torch.testing.assert_close(optimised(model)(images), model(images), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("network", ["squeezenet1_1", "resnet18", "mobilenet_v2", "googlenet"])
def test_no_activation_and_no_residual_sum_is_left_by_itself(network):
    graph = optimised(family(network)).model
    called = {node.target for node in graph.graph.nodes if node.op == "call_function"}
    assert not any(isinstance(module, nn.Conv2d | nn.ReLU | nn.ReLU6) for module in graph.modules())
    assert not called & {operator.iadd, F.relu}
    assert network == "mobilenet_v2" or operator.add not in called


@pytest.mark.parametrize("network", FAMILIES)
def test_gradients_are_the_models(network):
    images, gradients = pictures(1), []
    for model in (family(network).double(), optimised(family(network))):
        leaf = images.to(next(model.parameters()).dtype).requires_grad_()
        gradients.append(torch.autograd.grad(model(leaf)[0, 1], leaf)[0].double())
    family(network).float()
    off = (gradients[0] - gradients[1]).abs().sum() / gradients[0].abs().sum()
    assert float(off) < 1e-3  # a rounding may take a unit over its threshold


@pytest.mark.parametrize(
    "geometry",
    [{}, {"stride": 2}, {"padding": 1}, {"groups": 2}, {"padding": "same"}, {"stride": (2, 1), "dilation": 2}],
)
@pytest.mark.parametrize("kernel", [1, 3])
def test_a_convolution_and_its_gradient_are_pytorchs(kernel, geometry):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 4, 9, 8, generator=generator).requires_grad_()
    weight = torch.randn(6, 4 // geometry.get("groups", 1), kernel, kernel, generator=generator)
    ours, theirs = convolve(x, weight, **geometry), torch.conv2d(x, weight, **geometry)
    torch.testing.assert_close(ours, theirs)
    (expected,) = torch.autograd.grad(theirs.sin().sum(), x)
    torch.testing.assert_close(torch.autograd.grad(ours.sin().sum(), x)[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("followed", [nn.Identity(), nn.ReLU(), nn.ReLU6()])
@pytest.mark.parametrize("side", [3, 8])
def test_a_convolution_that_makes_one_value_of_an_image_is_pytorchs(side, followed):
    torch.manual_seed(0)
    layer, images = nn.Conv2d(3, 1, side), torch.randn(4, 3, side, side)
    fused = Convolution.of(layer, {nn.ReLU: RELU, nn.ReLU6: RELU6}.get(type(followed), IDENTITY))
    for layout in (torch.contiguous_format, torch.channels_last):
        x = images.contiguous(memory_format=layout)
        with torch.inference_mode():
            torch.testing.assert_close(convolve(x, layer.weight, layer.bias), layer(images))
            torch.testing.assert_close(fused(x), followed(layer(images)))
            if not isinstance(followed, nn.ReLU6):  # which no fused sum has
                torch.testing.assert_close(fused(x, fused(x)), followed(layer(images) + followed(layer(images))))


def test_images_of_another_size_pack_the_weights_anew():
    model, copied = small_cnn().eval(), optimised(small_cnn().eval())
    for images in (pictures(2), pictures(1, side=32), pictures(3)):
        torch.testing.assert_close(copied(images), model(images), atol=1e-5, rtol=1e-5)


def test_a_copy_that_has_run_can_be_copied_and_run_with_gradients():
    copied, images = optimised(small_cnn().eval()), pictures(1)
    with torch.inference_mode():
        expected = copied(images)
    torch.testing.assert_close(copy.deepcopy(copied)(images.requires_grad_()).detach(), expected)


def test_without_the_operator_convolutions_stay_pytorchs(monkeypatch):
    monkeypatch.setattr("explainers.networks.rewriting.graph.has_operator", lambda *_: False)
    model = small_cnn().eval()
    copied = optimised(model)
    assert not any(isinstance(module, Convolution) for module in copied.modules())
    torch.testing.assert_close(copied(pictures(2)), model(pictures(2)), atol=1e-6, rtol=1e-5)
