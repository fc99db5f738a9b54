"""Faithfulness, orthogonality and locality: identities, and cases worked by hand."""

import math

import pytest
import torch

from explainers import metrics
from explainers.errors import UserError
from explainers.maps.parts import mask_weights, voronoi_weights
from explainers.metrics.faithfulness import faithfulness
from explainers.metrics.locality import entropies, locality, part_shares
from explainers.metrics.orthogonality import orthogonality
from tests.explainers.sample_networks import pictures

LOGITS = torch.tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0], [0.0, 1.0, 4.0]])


def test_exact_approximations_are_faithful():
    assert faithfulness(LOGITS[:, [1]], LOGITS, classes=[1]) == {"f_reg": 0.0, "f_cls": 1.0}


def test_faithfulness_worked_by_hand():
    # class 0 becomes 1.5, 2.5, 0: the second prediction changes from class 1 to class 0
    found = faithfulness(torch.tensor([[1.5], [2.5], [0.0]]), LOGITS, classes=[0])
    assert found == {"f_reg": pytest.approx(4 / 3), "f_cls": pytest.approx(2 / 3)}


def test_of_several_classes_one_is_replaced_at_a_time():
    # class 1 + 2 takes the first two predictions (one is its own already), class 2 unchanged
    found = faithfulness(LOGITS[:, [1, 2]] + torch.tensor([2.5, 0.0]), LOGITS, classes=[1, 2])
    assert found["f_reg"] == pytest.approx(1.25)
    assert found["f_cls"] == pytest.approx((2 / 3 + 1) / 2)


def test_a_multi_label_prediction_stays_when_its_side_of_the_threshold_does():
    found = faithfulness(torch.tensor([[0.4], [2.5], [0.0]]), LOGITS, classes=[0], thresholds=[0.5, 0.5, 0.5])
    assert found["f_cls"] == pytest.approx(1 / 3)


def test_approximations_of_another_shape_are_refused():
    with pytest.raises(UserError, match=r"expected one per class, \(3, 1\), found \(3, 2\)"):
        faithfulness(LOGITS[:, :2], LOGITS, classes=[0])


def waves(n):
    """n maps without correlation: cosines of different frequency over a whole period, on a constant."""
    x = torch.arange(64) * 2 * math.pi / 64
    return torch.stack([1 + torch.cos(k * x) for k in range(1, n + 1)]).reshape(1, n, 8, 8).double()


def test_uncorrelated_maps_are_orthogonal():
    found = orthogonality(waves(4))
    assert found["o1"] == pytest.approx(0, abs=1e-9)
    assert found["o2"] == pytest.approx(0, abs=1e-9)


def test_equal_maps_have_the_highest_o1_and_a_finite_o2():
    found = orthogonality(waves(1).expand(-1, 3, -1, -1))
    assert found["o1"] == pytest.approx(3 - math.sqrt(3))
    assert 20 < found["o2"] < 40


def test_two_maps_with_a_known_correlation():
    a, b = waves(2)[0] - 1
    r = 0.6
    mixed = r * a + math.sqrt(1 - r * r) * b
    found = orthogonality(torch.stack([1 + a, 1 + mixed])[None] + 1, jitter=0.0)
    assert found["o1"] == pytest.approx(math.sqrt(2 + 2 * r * r) - math.sqrt(2))
    assert found["o2"] == pytest.approx(-math.log(1 - r * r))


def test_orthogonality_does_not_depend_on_the_scale_of_an_images_maps():
    maps = pictures(3, side=16).abs()
    scaled = maps * torch.tensor([1.0, 5.0, 0.2])[:, None, None, None]
    assert orthogonality(scaled) == pytest.approx(orthogonality(maps))


def test_maps_of_mean_one_and_one_that_is_empty_in_a_single_image_by_hand():
    one, other = torch.tensor([[0.0, 2], [1, 1]]), torch.tensor([[2.0, 0], [1, 1]])
    assert orthogonality(torch.stack([one, other])[None])["o1"] == pytest.approx(2 - math.sqrt(2))  # r = −1
    # over both images' pixels: means 1/2 and 1, variances 3/4 − 1/4 and 3/2 − 1, covariance 1/4 − 1/2: r = −1/2
    maps = torch.stack([torch.stack([one, other]), torch.stack([0 * one, other])])
    assert orthogonality(maps)["o1"] == pytest.approx(math.sqrt(2.5) - math.sqrt(2))


def test_a_feature_that_never_varies_is_left_out():
    maps = torch.cat([waves(3), torch.zeros(1, 1, 8, 8)], dim=1)
    assert orthogonality(maps)["o1"] == pytest.approx(0, abs=1e-9)
    assert orthogonality(torch.zeros(2, 3, 4, 4)) == {"o1": 0.0, "o2": 0.0}


def test_locality_is_zero_on_one_part_and_log_p_on_all():
    one, even = torch.tensor([0.5, 0, 0, 0]), torch.full((4,), 0.1)
    assert entropies(torch.stack([one, even])[None]).tolist() == pytest.approx([0, math.log(4)])
    assert locality(torch.stack([one, even])[None])["locality"] == pytest.approx(math.log(4) / 2)


def test_shares_are_averaged_over_images_before_they_are_normalised():
    # image 1 has little mass on part 0, image 2 much on part 1: their mean is (0.1, 0.4), not two times entropy 0
    shares = torch.tensor([[[0.2, 0.0]], [[0.0, 0.8]]])
    expected = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))
    assert locality(shares)["locality"] == pytest.approx(expected)


def test_parts_unknown_in_an_image_are_averaged_over_the_others():
    shares = torch.tensor([[[0.4, float("nan")]], [[0.4, 0.4]]])
    assert locality(shares)["locality"] == pytest.approx(math.log(2))


def test_a_feature_without_mass_is_left_out():
    shares = torch.tensor([[[0.5, 0.5], [0.0, 0.0]]])
    assert locality(shares)["locality"] == pytest.approx(math.log(2))
    assert locality(torch.zeros(2, 2, 3)) == {"locality": 0.0}


def test_shares_by_masks_are_the_mass_inside():
    maps = torch.zeros(1, 2, 4, 4)
    maps[0, 0, 0] = 1.0  # the first row
    regions = torch.zeros(4, 4, dtype=torch.long)
    regions[:, :3], regions[0, 0] = 1, 2
    found = part_shares(maps, mask_weights(regions, 3)[None])
    assert found[0].tolist() == [[0.5, 0.25, 0.0], [0.0, 0.0, 0.0]]


def test_shares_do_not_depend_on_the_mass_of_a_map():
    maps, weights = pictures(2, side=8).abs(), mask_weights(torch.arange(64).reshape(8, 8) % 3, 2).expand(2, -1, -1, -1)
    torch.testing.assert_close(part_shares(1e-3 * maps, weights), part_shares(maps, weights))


def test_what_is_kept_of_single_images_gives_the_value_of_all_of_them():
    maps, weights = pictures(3, side=8).abs(), mask_weights(torch.arange(64).reshape(8, 8) % 3, 2).expand(3, -1, -1, -1)
    each = [slice(n, n + 1) for n in range(3)]
    kept = [metrics.orthogonality.RECORD.of_image(maps[one]) for one in each]
    assert metrics.orthogonality.RECORD.of_images(kept) == pytest.approx(orthogonality(maps), rel=1e-9)
    kept = [metrics.locality.RECORD.of_image(maps[one], weights[one]) for one in each]
    assert metrics.locality.RECORD.of_images(kept) == pytest.approx(locality(part_shares(maps, weights)))
    approximations = LOGITS[:, [1]] + torch.tensor([[2.5], [0.1], [0.0]])
    for thresholds in (None, [0.5, 1.5, 0.5]):
        kept = [metrics.faithfulness.RECORD.of_image(approximations[one], LOGITS[one], [1], thresholds) for one in each]
        whole = faithfulness(approximations, LOGITS, classes=[1], thresholds=thresholds)
        assert metrics.faithfulness.RECORD.of_images(kept) == pytest.approx(whole)
        assert metrics.faithfulness.RECORD.of_images(kept[:1]) == kept[0]


@pytest.mark.parametrize(("measure", "shape"), [(locality, (3, 4)), (orthogonality, (2, 8, 8))])
def test_arrays_of_another_number_of_axes_are_refused(measure, shape):
    with pytest.raises(UserError, match=r"expected \(images, x-features"):
        measure(torch.ones(shape))


def test_voronoi_weights_worked_by_hand():
    # a box of one row, x = 1 … 6, points at x = 1 and x = 4: cells {1, 2} and {3, 4, 5, 6}
    points = torch.tensor([[1.0, 0.0], [4.0, 0.0], [float("nan"), float("nan")]])
    weights = voronoi_weights(points, (1, 0, 7, 1), (2, 8))
    assert weights.shape == (4, 2, 8)
    assert weights[0, 0].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert weights[1, 0].tolist() == [0, 0, 0, 0.5, 1, 0.5, 0, 0]
    assert weights[2].sum() == 0
    assert weights[3].tolist() == [[1, 0, 0, 0, 0, 0, 0, 1], [1] * 8]


def test_algorithm_1_equals_its_transcription():
    generator = torch.Generator().manual_seed(3)
    points, size, box = torch.rand(5, 2, generator=generator) * 12, (12, 13), (1, 2, 11, 12)
    expected = torch.zeros(6, *size)
    cells = {}
    for i in range(size[0]):
        for j in range(size[1]):
            if not (box[0] <= j < box[2] and box[1] <= i < box[3]):
                expected[5, i, j] = 1
                continue
            distances = [math.hypot(j - x, i - y) for x, y in points.tolist()]
            part = min(range(5), key=lambda p: distances[p])
            cells.setdefault(part, []).append((i, j, distances[part]))
    for part, pixels in cells.items():
        greatest = max(distance for *_, distance in pixels)
        for i, j, distance in pixels:
            expected[part, i, j] = 1 - distance / greatest
    torch.testing.assert_close(voronoi_weights(points, box, size), expected)


def test_a_part_that_fills_its_cell_alone_weighs_one():
    weights = voronoi_weights(torch.tensor([[0.0, 0.0]]), (0, 0, 1, 1), (1, 1), context=False)
    assert weights.tolist() == [[[1.0]]]
