import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from torch import nn

from explainers import explain
from explainers.methods.lime import _ridge, lime_segments, segment
from tests.explainers.sample_networks import pictures, small_cnn

USUAL = {
    "kernel_size": 4,
    "fill": "segments",
    "mean": (0.5,) * 3,
    "std": (0.25,) * 3,
    "batch_size": None,
    "progress": None,
}


def test_the_regression_is_scikit_learns_ridge():
    random = torch.Generator().manual_seed(0)
    present = (torch.rand(60, 9, generator=random) < 0.5).double()
    scores, weights = torch.rand(2, 60, generator=random).double(), torch.rand(60, generator=random).double()
    for ours, target in zip(_ridge(present, scores, weights), scores, strict=True):
        theirs = Ridge(alpha=1.0).fit(present, target, sample_weight=weights).coef_
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_one_segments_influence_is_found_with_its_sign():
    image = torch.zeros(3, 32, 32)
    image[0, :16, :16], image[2, 16:, 16:], image[1, :16, 16:] = 2, -2, 2  # red, yellow, green on grey
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 1, bias=False))
    nn.init.zeros_(model[1].weight)
    model[1].weight.data.reshape(1, 3, 32, 32)[:, :, :16, :16] = 1 / 768
    model[1].weight.data.reshape(1, 3, 32, 32)[:, :, 16:, 16:] = 1 / 768
    found = explain("lime", model, image[None], [0], output="logit", n_samples=400, fill=(0.0, 0.0, 0.0))[0, 0]
    assert float(found[8, 8]) == pytest.approx(float(found[:16, :16].mean()), rel=0.5)
    assert found[:14, :14].mean() > 0.01
    assert found[18:, 18:].mean() < -0.01
    assert found[:14, 18:].abs().max() < 0.2 * found[:14, :14].mean()


def test_segments_cover_the_image_and_are_numbered_from_zero():
    segments = segment(pictures(1)[0], 4, (0.5,) * 3, (0.25,) * 3)
    assert segments.shape == (64, 64)
    assert torch.equal(segments.unique(), torch.arange(int(segments.max()) + 1))
    assert int(segments.max()) >= 2


def test_a_map_is_constant_on_each_segment():
    model, image = small_cnn().eval(), pictures(1)[0]
    options = {**USUAL, "n_samples": 60, "output": "softmax", "generator": torch.Generator().manual_seed(0)}
    explanation = lime_segments(model, image, torch.tensor([0, 2]), **options)
    for number in range(int(explanation.segments.max()) + 1):
        values = explanation.maps[:, explanation.segments == number]
        assert torch.equal(values, explanation.coefficients[:, number : number + 1].expand_as(values))


def test_a_constant_classifier_has_no_coefficients():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 2))
    nn.init.zeros_(model[1].weight)
    assert explain("lime", model, pictures(1), [0], n_samples=50).abs().max() < 1e-6


def test_the_coefficients_are_the_lime_packages_given_the_same_segments_and_samples():
    from lime.lime_base import LimeBase
    from sklearn.metrics import pairwise_distances

    model, image = small_cnn().eval(), pictures(1)[0]
    options = {**USUAL, "n_samples": 80, "output": "softmax"}
    ours = lime_segments(model, image, torch.tensor([1]), generator=torch.Generator().manual_seed(5), **options)
    n_segments = int(ours.segments.max()) + 1
    present = torch.rand(80, n_segments, generator=torch.Generator().manual_seed(5)) < 0.5
    present[0] = True
    colours = torch.stack([image[:, ours.segments == k].mean(dim=1) for k in range(n_segments)], dim=1)
    shown = torch.where(present[:, ours.segments][:, None], image, colours[:, ours.segments])
    with torch.inference_mode():
        scores = model(shown).softmax(dim=1).double().numpy()
    data = present.double().numpy()
    distances = pairwise_distances(data, data[:1], metric="cosine").ravel()
    package = LimeBase(lambda distance: np.sqrt(np.exp(-(distance**2) / 0.25**2)))
    explained = package.explain_instance_with_data(data, scores, distances, 1, n_segments, feature_selection="none")[1]
    np.testing.assert_allclose(ours.coefficients[0], [dict(explained)[k] for k in range(n_segments)], atol=1e-5)
