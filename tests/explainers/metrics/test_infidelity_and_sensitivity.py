"""Infidelity, max-sensitivity and sparseness: identities, cases by hand, and captum's values."""

import pytest
import torch
from captum.metrics import infidelity, infidelity_perturb_func_decorator, sensitivity_max
from torch import nn

import explainers
from explainers.errors import UserError
from explainers.metrics.infidelity import _squares
from tests.explainers.sample_networks import pictures, small_cnn


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 256, 3)).eval()


def test_a_linear_models_gradient_times_input_is_free_of_infidelity_at_any_scale_but_not_the_wrong_sign():
    model, images = linear(), pictures(2, 16)
    maps = explainers.explain("vanilla_gradient", model, images, [0, 2], channels="sum", times_input=True)

    def scored(given):
        return explainers.score("infidelity", model, images, [0, 2], given, output="logit")

    torch.testing.assert_close(scored(maps), torch.zeros(2), atol=1e-9, rtol=0)
    torch.testing.assert_close(scored(7 * maps), torch.zeros(2), atol=1e-9, rtol=0)
    torch.testing.assert_close(scored(-maps), scored(torch.zeros_like(maps)))
    assert (scored(torch.randn_like(maps)) > 1e-3).all()


def test_infidelity_is_captums_on_the_same_squares():
    """Ours have one scale for an image's map, as theirs with `normalize`; theirs draws a square at each call."""
    model, images, target = small_cnn().eval(), pictures(1, 16), torch.tensor([1])
    maps = explainers.explain("occlusion", model, images, target, window=4, stride=4, output="logit", relative=False)
    squares = iter(_squares(images, 20, (0.1, 0.5), torch.Generator().manual_seed(3)))

    @infidelity_perturb_func_decorator(False)
    def hide(inputs):
        hidden = inputs.clone()
        for row in hidden:
            top, bottom, left, right = next(squares)
            row[:, top:bottom, left:right] = 0
        return hidden

    # Theirs weighs each channel by how far it was changed; ours have all of a pixel's share in one number.
    shares = (maps / 3 / images.where(images != 0, 1)).expand(-1, 3, -1, -1)
    theirs = infidelity(model, hide, images, shares, target=target, n_perturb_samples=20, normalize=True)
    generator = torch.Generator().manual_seed(3)
    ours = explainers.score(
        "infidelity", model, images, target, maps, output="logit", n_squares=20, generator=generator
    )
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-3)


def test_the_map_of_a_method_that_ignores_the_image_is_not_sensitive_and_a_linear_ones_is_a_little():
    model, images, maps = linear(), pictures(2, 16), torch.zeros(2, 16, 16)

    def constant(_model, given, _targets):
        return torch.ones(len(given), 16, 16)

    def brightness(_model, given, _targets):
        return given.sum(dim=1)

    options = {"radius": 0.1, "n_draws": 5}
    assert (explainers.score("max_sensitivity", model, images, [0, 1], maps, explainer=constant, **options) == 0).all()
    found = explainers.score("max_sensitivity", model, images, [0, 1], maps, explainer=brightness, **options)
    length = images.sum(dim=1).flatten(1).norm(dim=1)
    torch.testing.assert_close(found * length, torch.full((2,), 0.1 * 16), rtol=0.15, atol=0)  # σ of three uniforms


def test_max_sensitivity_is_captums_on_the_same_draws():
    model, images, target = small_cnn().eval(), pictures(1, 16), torch.tensor([1])
    draws = iter([0.05 * (2 * torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(3)) - 1)])

    def first(given):
        return given[0] if isinstance(given, tuple) else given

    def explain(given):
        return (explainers.explain("vanilla_gradient", model, first(given), target.repeat(len(first(given)))),)

    def move(given, _radius):
        return (first(given) + next(draws),)

    theirs = sensitivity_max(explain, images, move, n_perturb_samples=1)
    ours = explainers.score(
        "max_sensitivity",
        model,
        images,
        target,
        torch.zeros(1, 16, 16),
        explainer=lambda m, x, t: explainers.explain("vanilla_gradient", m, x, t),
        radius=0.05,
        n_draws=1,
        generator=torch.Generator().manual_seed(3),
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 1, 1, 1], 0), ([0, 0, 0, -5], 0.75), ([0, 0, 0, 0], 0), ([1, 2, 3, 4], 0.25)]
)
def test_sparseness_by_hand(values, expected):
    maps = torch.tensor(values, dtype=torch.float32).reshape(1, 2, 2)
    found = explainers.score("sparseness", linear(), pictures(1, 2), [0], maps)
    assert float(found) == pytest.approx(expected)


def test_squares_have_every_side_that_is_asked_for_and_lie_anywhere_inside():
    squares = _squares(torch.zeros(1, 3, 6, 9), 600, (0.3, 0.8), torch.Generator().manual_seed(1))
    tops, bottoms, lefts, rights = (set(ends) for ends in zip(*squares, strict=True))
    assert {bottom - top for top, bottom, _, _ in squares} == {2, 3, 4, 5}
    assert all(bottom - top == right - left for top, bottom, left, right in squares)
    assert (min(tops), max(bottoms), min(lefts), max(rights)) == (0, 6, 0, 9)
    ((top, bottom, left, right),) = _squares(torch.zeros(1, 3, 6, 6), 1, (0.01, 0.01), torch.Generator())
    assert (bottom - top, right - left) == (1, 1)
    assert _squares(torch.zeros(1, 3, 6, 6), 2, (1, 1), torch.Generator()) == [(0, 6, 0, 6)] * 2


@pytest.mark.parametrize("options", [{"sides": (0.5, 0.5)}, {"sides": (0.25, 1)}, {"n_squares": 1}])
def test_squares_of_one_side_of_the_whole_image_or_one_alone_are_measured(options):
    found = explainers.score("infidelity", small_cnn(), pictures(1, 16), [0], torch.rand(1, 16, 16), **options)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize(
    ("metric", "options"),
    [
        ("infidelity", {"sides": (0.5, 0.1)}),
        ("infidelity", {"sides": (0, 0.5)}),
        ("infidelity", {"sides": (0.5, 1.1)}),
        ("infidelity", {"n_squares": 0}),
        ("max_sensitivity", {"radius": 0, "explainer": lambda *_: None}),
        ("max_sensitivity", {}),
    ],
)
def test_what_cannot_be_measured_is_refused(metric, options):
    with pytest.raises(UserError, match="expected"):
        explainers.score(metric, small_cnn(), pictures(1, 16), [0], torch.zeros(1, 16, 16), **options)
