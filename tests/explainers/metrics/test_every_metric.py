"""What every registered metric must keep to; a new one is tested by being registered."""

import inspect
import math

import pytest
import torch

import explainers
from explainers.errors import UserError
from explainers.maps.parts import mask_weights
from explainers.metrics.locality import part_shares
from explainers.registry import scores
from explainers.xnn.activations import activations_of
from explainers.xnn.heatmaps import x_feature_maps
from tests.explainers.methods.test_every_method import state_of
from tests.explainers.sample_networks import (
    FAMILIES,
    LARGE_FAMILIES,
    explanation_network,
    family,
    pictures,
    small_cnn,
    vision_transformer,
)

every_metric = pytest.mark.parametrize("name", sorted(explainers.METRICS))
SIDE = 32
QUICK = {"road": {"percentiles": (30, 70)}, "deletion": {"steps": 4}, "sanity": {"stages": 2}, "cauc": {"steps": 5}}
QUICK |= {"infidelity": {"n_squares": 5}, "max_sensitivity": {"n_draws": 2}}


def gradient(model, images, targets):
    return explainers.explain("grad_cam", model, images, targets)[:, 0]


def supplied(name, n, side=SIDE):
    """Parameters that every metric needs, and quick ones."""
    accepted = inspect.signature(explainers.METRICS[name].function).parameters
    masks = torch.zeros(n, side, side, dtype=torch.bool)
    masks[:, 4:20, 8:24] = True
    available = {"masks": masks, "explainer": gradient, "generator": torch.Generator().manual_seed(5)}
    return {key: value for key, value in available.items() if key in accepted} | QUICK.get(name, {})


def values_of(name, model, images, targets, maps):
    parameters = supplied(name, len(images))
    if "others" in explainers.METRICS[name].defaults:
        parameters["others"] = [[k for k in range(3) if k != target] for target in targets]
    return scores(explainers.METRICS[name], model, images, targets, maps, **parameters)


def some_maps(n):
    return pictures(n, side=SIDE, seed=8).sum(dim=1)


@every_metric
def test_each_name_has_a_finite_value_per_image_and_a_direction(name):
    metric = explainers.METRICS[name]
    values = values_of(name, small_cnn(), pictures(3, SIDE), [0, 1, 2], some_maps(3))
    assert values.keys() == metric.directions.keys()
    for value in values.values():
        assert value.shape == (3,)
        assert torch.isfinite(value).all()


@every_metric
@pytest.mark.parametrize("kind", ["zero", "flat", "tied", "negative"])
def test_degenerate_maps_have_finite_values(name, kind):
    maps = {
        "zero": torch.zeros(2, SIDE, SIDE),
        "flat": torch.full((2, SIDE, SIDE), 3.0),
        "tied": some_maps(2).sign(),
        "negative": -some_maps(2).abs(),
    }[kind]
    for value in values_of(name, small_cnn(), pictures(2, SIDE), [0, 1], maps).values():
        assert torch.isfinite(value).all()


@every_metric
def test_a_batch_equals_a_loop(name):
    model, images, maps = small_cnn(), pictures(3, SIDE), some_maps(3)
    batched = values_of(name, model, images, [2, 0, 1], maps)
    for n, target in enumerate([2, 0, 1]):
        alone = values_of(name, model, images[n : n + 1], [target], maps[n : n + 1])
        for key, value in alone.items():
            torch.testing.assert_close(batched[key][n], value[0], atol=2e-4, rtol=1e-3)


@every_metric
def test_a_positive_scaling_of_the_map_changes_nothing(name):
    model, images, maps = small_cnn(), pictures(2, SIDE), some_maps(2)
    before, after = (values_of(name, model, images, [0, 1], factor * maps) for factor in (1, 4))
    for key, value in before.items():
        torch.testing.assert_close(after[key], value)


@every_metric
def test_the_model_comes_back_as_it_was(name):
    model = small_cnn().train()
    before = state_of(model)
    values_of(name, model, pictures(1, SIDE), [0], some_maps(1))
    assert state_of(model) == before


@every_metric
@pytest.mark.parametrize("network", FAMILIES)
def test_every_family_is_scored(name, network):
    for value in values_of(name, family(network), pictures(1, SIDE).repeat(1, 1, 1, 1), [1], some_maps(1)).values():
        assert torch.isfinite(value).all()


@every_metric
@pytest.mark.parametrize("network", LARGE_FAMILIES)
def test_every_deep_network_of_every_family_is_scored(name, network):
    for value in values_of(name, family(network), pictures(1, SIDE), [1], some_maps(1)).values():
        assert torch.isfinite(value).all()


@every_metric
def test_a_vision_transformer_is_scored(name):
    maps, images = pictures(1, 64, seed=8).sum(dim=1), pictures(1, 64)
    parameters = supplied(name, 1, 64)
    if "others" in explainers.METRICS[name].defaults:
        parameters["others"] = [[0, 2]]
    for value in scores(explainers.METRICS[name], vision_transformer(), images, [1], maps, **parameters).values():
        assert torch.isfinite(value).all()


@pytest.mark.parametrize("network", FAMILIES + LARGE_FAMILIES)
def test_every_data_set_metric_scores_an_explanation_network_of_every_family(network):
    """Data-set metrics score explanation networks: their approximations, their maps, and the maps' shares of parts."""
    model, images = family(network), 0.3 * pictures(3, SIDE)
    explaining = explanation_network(model, images)
    activations, logits = activations_of(model, images, explaining.settings.layer)
    maps, halves = x_feature_maps(model, explaining, images), (torch.arange(SIDE) < SIDE // 2).expand(SIDE, -1) + 1
    evidence = {
        "faithfulness": {"approximations": explaining(activations)[1].detach(), "logits": logits, "classes": range(5)},
        "orthogonality": {"maps": maps},
        "locality": {"shares": part_shares(maps, mask_weights(halves, 2).expand(3, -1, -1, -1))},
    }
    for name, metric in explainers.DATASET_METRICS.items():
        values = metric.function(**evidence[name])
        assert values.keys() == metric.directions.keys()
        assert all(math.isfinite(value) for value in values.values())


@pytest.mark.parametrize("name", sorted(explainers.METRICS | explainers.DATASET_METRICS))
def test_every_parameter_and_value_is_described(name):
    described = (explainers.METRICS | explainers.DATASET_METRICS)[name].describe()
    assert set(described["directions"].values()) <= {"higher", "lower"}
    for parameter, facts in described["parameters"].items():
        assert facts["description"], parameter


def test_maps_as_explain_gives_them_are_scored_in_the_shape_of_the_targets():
    model, images, targets = small_cnn(), pictures(2, SIDE), torch.tensor([[0, 1], [2, 0]])
    maps = explainers.explain("grad_cam", model, images, targets)
    both = explainers.score("deletion", model, images, targets, maps, steps=4)
    assert both.shape == (2, 2)
    for t in range(2):
        for given in (maps[:, t], maps[:, t : t + 1]):
            alone = explainers.score("deletion", model, images, targets[:, t], given, steps=4)
            torch.testing.assert_close(alone, both[:, t])


def test_wrong_names_and_shapes_are_refused():
    model, images = small_cnn(), pictures(2, SIDE)
    with pytest.raises(UserError, match=r"no metric 'raod'\. Did you mean road"):
        explainers.score("raod", model, images, [0, 1], some_maps(2))
    with pytest.raises(UserError, match=r"maps: expected one per image, \(2, 32, 32\), found shape \(2, 32, 16\)"):
        explainers.score("road", model, images, [0, 1], some_maps(2)[:, :, :16])
    with pytest.raises(
        UserError, match=r"expected those of the targets, \(2, 1, 32, 32\), .* found shape \(2, 2, 32, 32\)"
    ):
        explainers.score("road", model, images, [0, 1], some_maps(2)[:, None].expand(-1, 2, -1, -1))
    with pytest.raises(UserError, match="targets: expected one class index per image"):
        explainers.score("road", model, images, [[0, 1]] * 2, some_maps(2))
    with pytest.raises(UserError, match=r"masks: expected one true region per image, .* found none"):
        explainers.score("iou", model, images, [0, 1], some_maps(2))


def scored(name, images, targets, maps, **further):
    parameters = supplied(name, len(targets)) | further
    if "others" in explainers.METRICS[name].defaults:
        parameters["others"] = [[0]] * len(targets)
    value = next(iter(explainers.METRICS[name].directions))
    return explainers.score(value, small_cnn(), images, targets, maps, **parameters)


@every_metric
@pytest.mark.parametrize("hole", [math.nan, math.inf, -math.inf])
def test_maps_that_are_not_finite_are_refused_with_their_image(name, hole):
    maps = some_maps(2)
    maps[1, 3, 4] = hole
    with pytest.raises(UserError, match="that of image 2 holds NaN or infinite"):
        scored(name, pictures(2, SIDE), [1, 2], maps)


@every_metric
def test_maps_may_be_arrays_and_images_may_not(name):
    images, maps = pictures(2, SIDE), some_maps(2)
    torch.testing.assert_close(
        scored(name, images, [1, 2], maps.numpy()), scored(name, images, [1, 2], maps), equal_nan=True
    )
    for odd, found in ((images.numpy(), "ndarray"), (list(images), "list"), (images[0], r"shape \(3, 32, 32\)")):
        with pytest.raises(UserError, match=rf"images: expected a batch .* found {found}"):
            scored(name, odd, [1, 2], maps)


@pytest.mark.parametrize("name", [name for name, one in explainers.METRICS.items() if "perturbs" in one.needs])
@pytest.mark.parametrize("wrong", [3, -1])
def test_a_class_that_the_model_does_not_have_is_refused(name, wrong):
    with pytest.raises(UserError, match=f"class indices must be 0 … 2, found {wrong}"):
        scored(name, pictures(2, SIDE), [1, wrong], some_maps(2))


@pytest.mark.parametrize("name", ["sanity", "max_sensitivity"])
def test_a_method_to_explain_with_may_be_named(name):
    images, maps = pictures(2, SIDE), some_maps(2)
    torch.testing.assert_close(
        scored(name, images, [1, 2], maps, explainer="grad_cam"), scored(name, images, [1, 2], maps, explainer=gradient)
    )
    with pytest.raises(UserError, match="Did you mean grad_cam"):
        scored(name, images, [1, 2], maps, explainer="gradcam")
    with pytest.raises(UserError, match="expected a function"):
        scored(name, images, [1, 2], maps, explainer=7)
