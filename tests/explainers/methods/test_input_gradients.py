"""The gradient, integrated gradients and SmoothGrad: identities, and captum's maps."""

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency
from torch import nn

from explainers import explain
from explainers.errors import UserError
from tests.explainers.sample_networks import family, pictures, small_cnn, without_biases


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).eval()


@pytest.mark.parametrize("network", ["resnet18", "mobilenet_v2"])
def test_gradients_equal_captums(network):
    model, images, targets = family(network), pictures(2), torch.tensor([1, 3])
    ours = explain("vanilla_gradient", model, images, targets)[:, 0]
    theirs = Saliency(model).attribute(images.clone().requires_grad_(), target=targets).amax(dim=1)
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.max()), rtol=1e-3)
    ours = explain("vanilla_gradient", model, images, targets, channels="sum", times_input=True)[:, 0]
    theirs = InputXGradient(model).attribute(images.clone().requires_grad_(), target=targets).sum(dim=1).detach()
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.abs().max()), rtol=1e-3)


def test_without_biases_gradient_times_input_sums_to_the_logit():
    model, images = without_biases(small_cnn()).eval(), pictures(2)
    maps = explain("vanilla_gradient", model, images, [0, 2], channels="sum", times_input=True)
    torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), model(images)[[0, 1], [0, 2]].detach())


@pytest.mark.parametrize("baseline", ["none", "colour", "one image", "an image each"])
def test_a_linear_model_gets_weight_times_difference_by_a_single_step(baseline):
    model, images = linear(), torch.randn(2, 3, 4, 4)
    begins = {
        "none": None,
        "colour": torch.tensor([0.3, -0.2, 0.1]),
        "one image": torch.randn(3, 4, 4),
        "an image each": torch.randn(2, 3, 4, 4),
    }[baseline]
    whole = torch.zeros(()) if begins is None else begins[:, None, None] if baseline == "colour" else begins
    maps = explain("integrated_gradients", model, images, [[0, 1]] * 2, n_steps=1, baseline=begins)
    expected = torch.einsum("tchw,nchw->nthw", model[1].weight.reshape(2, 3, 4, 4), images - whole)
    torch.testing.assert_close(maps, expected.detach())


@pytest.mark.parametrize("network", ["resnet18", "squeezenet1_1"])
def test_integrated_gradients_equal_captums(network):
    model, images, targets = family(network), pictures(2), torch.tensor([0, 4])
    ours = explain("integrated_gradients", model, images, targets, n_steps=12)[:, 0]
    theirs = IntegratedGradients(model).attribute(images, target=targets, n_steps=12).sum(dim=1).float()
    torch.testing.assert_close(ours, theirs, atol=1e-3 * float(theirs.abs().max()), rtol=1e-3)


def test_integrated_gradients_sum_to_the_change_of_the_logit():
    model, images, targets = small_cnn().eval(), pictures(2), torch.tensor([0, 2])
    maps = explain("integrated_gradients", model, images, targets, n_steps=200)
    with torch.no_grad():
        change = (model(images) - model(torch.zeros_like(images)))[[0, 1], targets]
    torch.testing.assert_close(maps.sum(dim=(1, 2, 3)), change, rtol=0.02, atol=1e-3)


def test_a_way_through_a_layer_sums_to_the_change_of_the_logit():
    model, images = small_cnn().eval(), pictures(1)
    maps = explain("integrated_gradients", model, images, [0], layer="5", n_steps=100)
    change = (model(images) - model(torch.zeros_like(images)))[0, 0].detach()
    assert float(maps.sum()) / 4 == pytest.approx(float(change), rel=0.02)  # enlarged from 32 × 32


def test_what_too_few_steps_miss_is_said(caplog):
    explain("integrated_gradients", nn.Sequential(Cube(), *linear()), torch.ones(1, 3, 4, 4), [1], n_steps=1)
    assert "integrated gradients miss up to 25% of the change of the logit" in caplog.text


class Cube(nn.Module):
    """Its integral from 0 to 1 is 1; a single step takes the derivative in the middle, 3/4."""

    def forward(self, x):
        return x**3


def test_without_noise_smooth_grad_is_the_method_itself():
    model, images = small_cnn(), pictures(2)
    for method, parameters in (("vanilla_gradient", {"channels": "sum"}), ("lrp", {}), ("grad_cam", {"layer": "5"})):
        smoothed = explain("smooth_grad", model, images, [0, 1], method=method, parameters=parameters, noise=0.0)
        torch.testing.assert_close(smoothed, explain(method, model, images, [0, 1], **parameters))


def test_of_a_linear_model_noise_changes_nothing_and_squares_are_squared():
    model, images = linear(), torch.randn(2, 3, 4, 4)
    plain = explain("vanilla_gradient", model, images, [[0, 1]] * 2)
    torch.testing.assert_close(explain("smooth_grad", model, images, [[0, 1]] * 2, n_samples=3), plain)
    squared = explain("smooth_grad", model, images, [[0, 1]] * 2, n_samples=3, squared=True)
    torch.testing.assert_close(squared, plain.square())


def test_the_noise_is_a_share_of_the_images_range():
    """Of y = Σ x²/2 the gradient is x + ε: its deviation over draws is σ."""
    model, images = nn.Sequential(Half(), nn.Flatten(), nn.Linear(192, 2, bias=False)).eval(), torch.rand(1, 3, 8, 8)
    nn.init.ones_(model[2].weight)
    options = {"parameters": {"channels": "sum"}, "noise": 0.2, "n_samples": 1}
    difference = explain("smooth_grad", model, images, [0], **options)[0, 0] - images.sum(dim=1)[0]
    sigma = 0.2 * float(images.max() - images.min()) * 3**0.5
    assert float(difference.std()) == pytest.approx(sigma, rel=0.25)


class Half(nn.Module):
    def forward(self, x):
        return x.square() / 2


@pytest.mark.parametrize("size", [1, 3, 50])
def test_the_batch_size_does_not_matter(size):
    model, images = small_cnn(), pictures(2)
    whole = explain("smooth_grad", model, images, [0, 1], n_samples=5)
    torch.testing.assert_close(explain("smooth_grad", model, images, [0, 1], n_samples=5, batch_size=size), whole)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "occlusion"}, "no method 'occlusion' that goes by gradients"),
        ({"method": "lrp", "parameters": {"compsite": 1}}, "lrp has no parameter 'compsite'.*composite"),
        ({"n_samples": 0}, "n_samples: expected a whole number of 1 or more"),
        ({"noise": -1}, "noise: expected a number of 0 or more"),
    ],
)
def test_what_cannot_be_smoothed_is_refused(given, message):
    with pytest.raises(UserError, match=message):
        explain("smooth_grad", small_cnn(), pictures(1), [0], **given)
