import numpy as np
import pytest
import torch
from captum.attr import GradientShap
from torch import nn

from explainers import explain
from explainers.errors import UserError
from explainers.methods.gradient_shap import expected_gradients
from tests.explainers.sample_networks import pictures, small_cnn

OPTIONS = {"layer": None, "generator": None}


def test_a_linear_model_gets_weight_times_difference_from_any_draw():
    torch.manual_seed(0)
    model, images = nn.Sequential(nn.Flatten(), nn.Linear(48, 2)), torch.randn(2, 3, 4, 4)
    background = torch.randn(1, 3, 4, 4)
    maps = explain("gradient_shap", model, images, [[0, 1]] * 2, n_samples=1, background=background)
    expected = torch.einsum("tchw,nchw->nthw", model[1].weight.reshape(2, 3, 4, 4), images - background)
    torch.testing.assert_close(maps, expected.detach())


def test_maps_sum_to_the_change_of_the_logit_within_their_standard_error():
    model, images, background = small_cnn().eval(), pictures(1), pictures(5, seed=3)
    generator = torch.Generator().manual_seed(1)
    chosen = {"n_samples": 400, "background": background, "layer": None, "generator": generator}
    maps, _ = expected_gradients(model, images, torch.tensor([[1]]), **chosen)
    with torch.no_grad():
        before, after = model(background)[:, 1], model(images)[0, 1]
    assert float(maps.sum()) == pytest.approx(float(after - before.mean()), abs=5 * float(before.std()) / 400**0.5)


def test_maps_agree_with_captums_within_the_standard_error(monkeypatch):
    model, images, background = small_cnn().eval(), pictures(1), pictures(4, seed=3)
    chosen = {"n_samples": 300, "background": background, **OPTIONS}
    ours, error = expected_gradients(model, images, torch.tensor([[2]]), **chosen)
    torch.manual_seed(0)
    monkeypatch.setattr("captum.attr._core.gradient_shap.np.random", np.random.RandomState(0))  # draws the backgrounds
    theirs = GradientShap(model).attribute(images, background, n_samples=300, stdevs=0.0, target=2).sum(dim=1)
    deviation = (ours[0, 0] - theirs[0]).abs() / (2**0.5 * error[0, 0] + 1e-9)
    assert float(deviation.square().mean()) == pytest.approx(1, abs=0.5)


def test_the_standard_error_shrinks_with_the_root_of_the_draws():
    model, images = small_cnn().eval(), pictures(1)
    background = pictures(8, seed=3)
    few, many = (
        expected_gradients(model, images, torch.tensor([[0]]), n_samples=n, background=background, **OPTIONS)[1].mean()
        for n in (50, 800)
    )
    assert float(few / many) == pytest.approx(4, rel=0.25)


def test_a_way_through_a_layer_sums_to_the_change_of_the_logit_when_the_rest_is_linear():
    model, images = small_cnn().eval(), pictures(1)
    head = nn.Sequential(*model[:6], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3)).eval()
    maps = explain("gradient_shap", head, images, [0], layer="5", n_samples=2)
    assert maps.shape == (1, 1, 64, 64)
    change = (head(images) - head(torch.zeros_like(images)))[0, 0].detach()
    assert float(maps.sum()) / 4 == pytest.approx(float(change), rel=1e-3)  # enlarged from 32×32


def test_a_background_of_another_size_is_refused():
    with pytest.raises(UserError, match="background: expected"):
        explain("gradient_shap", small_cnn(), pictures(1), [0], background=torch.zeros(1, 3, 5, 5))
