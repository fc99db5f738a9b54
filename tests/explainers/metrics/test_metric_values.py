"""Each metric's boundaries and constants, on images small enough to be worked out by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import explainers
from explainers import score
from explainers.errors import UserError
from explainers.metrics import road
from explainers.metrics.deletion import _blurred
from explainers.metrics.faithfulness import faithfulness
from explainers.metrics.keep_and_inpaint import inpainted, recognised
from explainers.metrics.orthogonality import orthogonality
from explainers.registry import scores
from tests.explainers.sample_networks import pictures

FOUR = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])


class Sum(nn.Module):
    """Logits (s − offset, 0): s the sum of the first channel."""

    def __init__(self, offset=0.0):
        super().__init__()
        self.offset = offset

    def forward(self, images):
        total = images[:, 0].sum(dim=(1, 2)) - self.offset
        return torch.stack([total, torch.zeros_like(total)], dim=1)


def first_channel(values):
    """Images (N, 3, H, W) whose first channel holds the values; the others are empty."""
    return F.pad(values[:, None], (0, 0, 0, 0, 0, 2))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


# --- regions ------------------------------------------------------------------------------------------------------


def one_pixel(row, column, side=5):
    maps = torch.zeros(1, side, side)
    maps[0, row, column] = 1
    return maps


def regions(name, maps, masks, **parameters):
    return score(name, Sum(), torch.zeros(1, 3, *maps.shape[1:]), [0], maps, masks=masks.bool(), **parameters).item()


@pytest.mark.parametrize(("masks", "found"), [(None, "none"), (torch.zeros(1, 4, 4), r"\(1, 4, 4\)")])
def test_without_a_true_region_for_each_image_nothing_is_compared(masks, found):
    with pytest.raises(UserError, match=rf"masks: expected one true region per image, \(1, 5, 5\), found {found}"):
        score("iou", Sum(), torch.zeros(1, 3, 5, 5), [0], one_pixel(2, 3), masks=masks)


def test_a_union_of_one_pixel_is_met_in_full():
    assert regions("iou", one_pixel(2, 3), one_pixel(2, 3)) == 1


def test_one_pixel_of_a_union_of_three():
    masks = one_pixel(2, 3) + one_pixel(2, 4)
    maps = one_pixel(2, 3) + 0.5 * one_pixel(0, 0) + 0.49 * one_pixel(1, 1)
    assert regions("iou", maps, masks) == pytest.approx(1 / 3)
    assert regions("iou", maps, masks, threshold=0.51) == pytest.approx(1 / 2)
    assert regions("iou", maps, one_pixel(4, 4)) == 0


@pytest.mark.parametrize(("tolerance", "hit"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_the_tolerance_counts_pixels_in_both_directions(tolerance, hit):
    assert regions("pointing_game", one_pixel(2, 2), one_pixel(4, 2), tolerance=tolerance) == hit
    assert regions("pointing_game", one_pixel(2, 2), one_pixel(2, 0), tolerance=tolerance) == hit


def test_the_first_of_two_highest_pixels_is_the_one_that_points():
    maps = one_pixel(0, 1) + one_pixel(3, 3)
    assert regions("pointing_game", maps, one_pixel(0, 1)) == 1
    assert regions("pointing_game", maps, one_pixel(3, 3)) == 0


# --- confidence ---------------------------------------------------------------------------------------------------

MAP = torch.tensor([[[0.0, 1.0], [2.0, 2.0]]])


@pytest.mark.parametrize(
    ("parameters", "kept", "left"),
    [
        ({}, 3, 1),
        ({"threshold": 0.51}, 2, 2),
        ({"subject": "quantile"}, 2, 2),
        ({"subject": "quantile", "threshold": 0.25}, 1, 3),
        ({"subject": "soft"}, 2.5, 1.5),
    ],
)
def test_what_is_kept_and_what_is_left_decide_the_four_values(parameters, kept, left):
    """All four pixels are 1, so the logit is the share that is shown; hiding raises it where the sign is turned."""
    images = first_channel(torch.ones(1, 2, 2))
    found = scores(explainers.METRICS["confidence"], Sum(), images, [0], MAP, **parameters)
    whole = sigmoid(4)
    for part, shown in (("b", kept), ("s", left)):
        assert found[f"confidence_{part}_drop"].item() == pytest.approx(
            100 * (whole - sigmoid(shown)) / whole, rel=1e-5
        )
        assert found[f"confidence_{part}_increase"].item() == 0
    other = scores(explainers.METRICS["confidence"], Sum(), images, [1], MAP, **parameters)
    for part in ("b", "s"):
        assert other[f"confidence_{part}_drop"].item() == 0
        assert other[f"confidence_{part}_increase"].item() == 100


@pytest.mark.parametrize("subject", ["range", "quantile", "soft"])
def test_the_subject_does_not_depend_on_where_a_maps_values_begin(subject):
    metric, images = explainers.METRICS["confidence"], first_channel(FOUR)
    found, moved = (scores(metric, Sum(), images, [0], maps, subject=subject) for maps in (MAP, MAP + 3))
    assert {name: value.item() for name, value in moved.items()} == {
        name: value.item() for name, value in found.items()
    }


def test_a_subject_that_is_none_of_the_three_is_refused():
    with pytest.raises(UserError, match="subject: expected range, quantile, soft, found 'hard'"):
        scores(explainers.METRICS["confidence"], Sum(), first_channel(FOUR), [0], MAP, subject="hard")


def test_what_changes_nothing_is_neither_increase_nor_drop():
    found = scores(explainers.METRICS["confidence"], Sum(), torch.zeros(1, 3, 2, 2), [0], MAP)
    assert [value.item() for value in found.values()] == [0, 0, 0, 0]


# --- deletion, insertion, ROAD ------------------------------------------------------------------------------------


def test_the_area_below_the_deletion_curve_by_trapezoids():
    """10, 6, 3, 1 and 0 remain while the highest of four pixels vanish, a quarter of them each time."""
    found = score("deletion", Sum(), first_channel(FOUR), [0], FOUR, output="logit", steps=4)
    assert found.item() == pytest.approx((10 / 2 + 6 + 3 + 1 + 0) / 4)
    coarse = score("deletion", Sum(), first_channel(FOUR), [0], FOUR, output="logit", steps=2)
    assert coarse.item() == pytest.approx((10 / 2 + 3 + 0) / 2)


def test_insertion_begins_at_the_blurred_image_and_ends_at_the_image():
    blurred = _blurred(first_channel(FOUR))[0, 0].flatten().tolist()
    shown = [1.0, 2.0, 3.0, 4.0]
    curve = [sum(blurred[: 4 - n]) + sum(shown[4 - n :]) for n in range(5)]
    found = score("insertion", Sum(), first_channel(FOUR), [0], FOUR, output="logit", steps=4)
    assert found.item() == pytest.approx((curve[0] / 2 + sum(curve[1:4]) + curve[4] / 2) / 4, rel=1e-5)


def test_the_blur_is_a_gaussian_of_11_pixels_and_deviation_5_with_the_border_repeated():
    from explainers._torchvision import torchvision

    images = pictures(2, 24)
    wide = torchvision.transforms.functional.gaussian_blur(F.pad(images, [10] * 4, mode="replicate"), 11, 5.0)
    torch.testing.assert_close(_blurred(images), wide[..., 10:-10, 10:-10])


def test_road_removes_exactly_the_asked_shares_of_the_highest_and_of_the_lowest(monkeypatch):
    """With removed pixels at zero the fall of the logit is their sum: of ten pixels 1 … 10, two and five of them."""
    monkeypatch.setattr(road, "imputed", lambda image, removed, _generator: image * ~removed)
    values = torch.arange(1.0, 11.0).reshape(1, 2, 5)
    arguments = (Sum(), first_channel(values), [0], values)
    found = scores(explainers.METRICS["road"], *arguments, percentiles=(20, 50), output="logit")
    most, least = -100 * ((10 + 9) + (10 + 9 + 8 + 7 + 6)) / 2, -100 * ((1 + 2) + (1 + 2 + 3 + 4 + 5)) / 2
    assert found["road_morf"].item() == pytest.approx(most)
    assert found["road_lerf"].item() == pytest.approx(least)
    assert found["road"].item() == pytest.approx((least - most) / 2)


def test_removed_pixels_get_noise_of_a_hundredth_even_where_none_is_known():
    image, everywhere = torch.ones(3, 40, 40), torch.ones(40, 40, dtype=torch.bool)
    noise = road.imputed(image, everywhere, torch.Generator().manual_seed(0))
    assert float(noise.std()) == pytest.approx(0.01, rel=0.05)
    assert float(noise.mean()) == pytest.approx(0, abs=0.001)
    assert torch.equal(road.imputed(image, ~everywhere, torch.Generator()), image)


# --- keeping and filling in ---------------------------------------------------------------------------------------


def test_a_score_of_one_half_is_not_yet_recognised():
    images = first_channel(torch.tensor([[[1.0, 1.0]], [[1.0, 1.001]]]))
    targets, maps = torch.tensor([[0], [0]]), torch.zeros(2, 1, 2)
    assert recognised(Sum(2.0), images, targets, maps, (), "sigmoid").flatten().tolist() == [0, 1]


def test_the_kept_pixels_are_the_highest_and_the_rest_becomes_their_mean():
    """One of two pixels is kept, and the other becomes what it is: 2·3 where the higher is kept."""
    images, maps = first_channel(torch.tensor([[[1.0, 3.0]]])), torch.tensor([[[0.0, 1.0]]])
    for offset, expected in ((5.9, [0, 1]), (6.1, [0, 0]), (3.9, [1, 1])):
        found = recognised(Sum(offset), images, torch.tensor([[0]]), maps, (1,))
        assert found.tolist() == [expected]


def test_all_pixels_kept_are_the_image_and_none_are_nothing():
    image = pictures(1, 4)[0]
    assert torch.equal(inpainted(image, torch.ones(4, 4, dtype=torch.bool)), image)
    assert not inpainted(image, torch.zeros(4, 4, dtype=torch.bool)).any()


# --- sanity -------------------------------------------------------------------------------------------------------


class Layers(nn.Module):
    def __init__(self, shapes=((4, 3), (4, 4), (4, 4), (2, 4))):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.ModuleList(nn.Linear(inputs, outputs) for outputs, inputs in shapes)

    def forward(self, images):
        return self.layers[0](images.mean(dim=(2, 3)))[:, :2]


def sanity(model, explainer, stages=3, maps=FOUR):
    return score("sanity", model, torch.zeros(1, 3, 2, 2), [0], maps, explainer=explainer, stages=stages).item()


@pytest.mark.parametrize(("stages", "expected"), [(1, [4]), (2, [2, 4]), (3, [2, 3, 4]), (4, [1, 2, 3, 4])])
def test_weights_become_random_from_the_output_down_and_biases_never(stages, expected):
    model, changed = Layers(), []

    def explainer(randomised, _images, _targets):
        pairs = list(zip(model.layers, randomised.layers, strict=True))
        differs = [not torch.equal(old.weight, new.weight) for old, new in pairs]
        assert differs == sorted(differs)  # the upper ones
        assert all(torch.equal(old.bias, new.bias) for old, new in pairs)
        changed.append(sum(differs))
        return FOUR

    assert sanity(model, explainer, stages) == pytest.approx(1)
    assert changed == expected


def test_the_value_is_the_mean_magnitude_of_the_correlations():
    answers = iter([FOUR, -FOUR, torch.zeros_like(FOUR)])
    assert sanity(Layers(), lambda *_: next(answers)) == pytest.approx(2 / 3)
    assert sanity(Layers(), lambda *_: FOUR[:, None]) == pytest.approx(1)


def test_random_weights_have_the_mean_and_deviation_of_the_old_ones():
    model = Layers(((200, 300), (1, 1)))
    with torch.no_grad():
        model.layers[0].weight.normal_(2.0, 0.5)
    seen = []

    def explainer(randomised, _images, _targets):
        seen.append([layer.weight.clone() for layer in randomised.layers])
        return FOUR

    sanity(model, explainer, stages=2)
    first, last = seen[-1]
    assert float(first.mean()) == pytest.approx(2, abs=0.01)
    assert float(first.std()) == pytest.approx(0.5, abs=0.01)
    assert torch.isfinite(last).all()


# --- explanation networks -----------------------------------------------------------------------------------------


def test_a_logit_at_its_threshold_is_no_prediction_on_either_side():
    logits = torch.tensor([[0.0, 9.0], [0.0, 9.0], [1.0, 9.0]])
    approximations = torch.tensor([[0.0], [0.1], [0.0]])
    found = faithfulness(approximations, logits, classes=[0], thresholds=[0.0, 9.0])
    assert found["f_cls"] == pytest.approx(1 / 3)
    assert found["f_reg"] == pytest.approx((0 + 0.1 + 1) / 3)


def test_equal_maps_have_the_determinant_that_jitter_leaves():
    maps = torch.rand(3, 1, 4, 4).expand(-1, 2, -1, -1)
    for options, jitter in (({}, 1e-6), ({"jitter": 0.5}, 0.5)):
        found = orthogonality(maps, **options)
        assert found["o1"] == pytest.approx(2 - math.sqrt(2))
        assert found["o2"] == pytest.approx(-math.log(1 - 1 / (1 + jitter) ** 2), rel=1e-4)


def test_the_papers_values_are_the_defaults():
    expected = {
        "cauc": {"steps": 25, "threshold": 0.5}, "confidence": {"subject": "range", "threshold": 0.5},
        "deletion": {"steps": 50}, "iou": {"threshold": 0.5, "tolerance": 0}, "sanity": {"stages": 3},
        "road": {"percentiles": (10, 20, 30, 40, 50, 60, 70, 80, 90)},
        "infidelity": {"n_squares": 100, "sides": (0.1, 0.5)}, "max_sensitivity": {"radius": 0.02, "n_draws": 10},
    }  # fmt: skip
    for name, values in expected.items():
        assert explainers.METRICS[name].defaults.items() >= values.items()
    assert set(explainers.METRICS["keep_and_inpaint"].directions) == {"keep_all", "keep_300", "keep_500", "keep_1000"}
    for name in ("confidence", "deletion", "road", "keep_and_inpaint", "infidelity"):
        assert explainers.METRICS[name].defaults["output"] == "softmax"


def test_what_explains_every_image_anew_is_measured_on_request_alone():
    asked_for = {name for name, metric in explainers.METRICS.items() if metric.on_request}
    assert asked_for == {"max_sensitivity", "sanity"}
