"""Each metric on cases worked by hand."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from explainers import score
from explainers.maps.inpainting import interpolated
from explainers.maps.ranking import ranks
from explainers.metrics.road import imputed
from explainers.metrics.sanity import spearman
from tests.explainers.sample_networks import pictures, small_cnn


class Brightness(nn.Module):
    """Logits (b, 0): b the sum over a region, so the probability of class 0 is the sigmoid of b."""

    def __init__(self, region, weight=1.0):
        super().__init__()
        self.region, self.weight = region, weight

    def forward(self, images):
        total = self.weight * (images[:, 0] * self.region).sum(dim=(1, 2))
        return torch.stack([total, torch.zeros_like(total)], dim=1)


def quarter(side=8):
    region = torch.zeros(side, side)
    region[: side // 2, : side // 2] = 1
    return region


def test_iou_and_pointing_game_by_hand():
    maps, masks = torch.zeros(1, 8, 8), torch.zeros(1, 8, 8, dtype=torch.bool)
    maps[0, :4, :4], maps[0, 3, 3] = 0.6, 1.0
    masks[0, 2:6, 2:6] = True
    arguments = (Brightness(quarter()), torch.zeros(1, 3, 8, 8), [0], maps)
    assert score("iou", *arguments, masks=masks).item() == pytest.approx(4 / 28)
    assert score("pointing_game", *arguments, masks=masks).item() == 1
    masks[0, 3, 3] = False
    assert score("pointing_game", *arguments, masks=masks).item() == 0
    assert score("pointing_game", *arguments, masks=masks, tolerance=1).item() == 1
    assert score("iou", *arguments, masks=torch.zeros_like(masks)).item() == 0


def test_confidence_by_hand():
    """The region's sum is 2, the rest does nothing: a map of the region keeps sigmoid(2) and falls to sigmoid(0)."""
    region, images = quarter(), torch.zeros(1, 3, 8, 8)
    images[:, 0] = region / 8
    arguments = (Brightness(region), images, [0], region[None])
    whole = torch.tensor(2.0).sigmoid().item()
    assert score("confidence_b_drop", *arguments).item() == pytest.approx(0, abs=1e-4)
    assert score("confidence_s_drop", *arguments).item() == pytest.approx(100 * (whole - 0.5) / whole, rel=1e-5)
    assert score("confidence_b_increase", *arguments).item() == 0
    against = (Brightness(region, weight=-1.0), images, [0], region[None])
    assert score("confidence_s_increase", *against).item() == 100
    assert score("confidence_s_drop", *arguments, subject="quantile", threshold=0.25).item() == pytest.approx(
        score("confidence_s_drop", *arguments).item()
    )
    assert score("confidence_s_drop", *arguments, subject="soft").item() > 0


def test_deletion_and_insertion_of_a_linear_score_by_hand():
    """Logit reading of a uniform image: the curves are straight lines, so both areas are half the image's sum."""
    images = torch.ones(1, 3, 8, 8)
    model = Brightness(torch.ones(8, 8) / 64)
    maps = torch.rand(1, 8, 8)
    assert score("deletion", model, images, [0], maps, output="logit", steps=8).item() == pytest.approx(0.5)
    assert score("insertion", model, images, [0], maps, output="logit", steps=8).item() == pytest.approx(1)


def test_the_true_region_is_deleted_faster_than_any_other():
    region, images = quarter(), torch.ones(1, 3, 8, 8)
    model = Brightness(region, weight=0.3)
    right = score("deletion", model, images, [0], region[None], steps=16)
    wrong = score("deletion", model, images, [0], 1 - region[None], steps=16)
    assert right < wrong


def test_road_is_higher_for_the_region_that_decides():
    """A bright quarter on a dark ground: once removed, its surroundings fill it with dark."""
    region = quarter(16)
    arguments = (Brightness(region, weight=0.05), region.expand(1, 3, 16, 16).clone(), [0])
    right, wrong = score("road", *arguments, region[None]), score("road", *arguments, 1 - region[None])
    assert right > 10
    assert wrong < -10
    assert score("road_morf", *arguments, region[None]) < score("road_lerf", *arguments, region[None])


def test_ties_are_broken_in_reading_order_so_that_exactly_the_asked_share_goes():
    assert torch.equal(ranks(torch.zeros(1, 2, 3)), torch.arange(6).reshape(1, 2, 3))
    assert torch.equal(ranks(torch.tensor([[[1.0, 2.0], [2.0, 0.0]]])), torch.tensor([[[2, 0], [1, 3]]]))


def dense_solution(image, removed):
    """The imputation's linear system written out pixel by pixel and solved directly."""
    height, width = removed.shape
    unknown = [(y, x) for y in range(height) for x in range(width) if removed[y, x]]
    matrix = torch.zeros(len(unknown), len(unknown), dtype=torch.double)
    right = torch.zeros(len(unknown), 3, dtype=torch.double)
    for i, (y, x) in enumerate(unknown):
        for ny in range(max(y - 1, 0), min(y + 2, height)):
            for nx in range(max(x - 1, 0), min(x + 2, width)):
                if (ny, nx) == (y, x):
                    continue
                weight = 1 / 6 if ny == y or nx == x else 1 / 12
                matrix[i, i] += weight
                if removed[ny, nx]:
                    matrix[i, unknown.index((ny, nx))] -= weight
                else:
                    right[i] += weight * image[:, ny, nx].double()
    return unknown, torch.linalg.solve(matrix, right)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_the_sparse_imputation_equals_a_direct_solve(share):
    torch.manual_seed(1)
    image, removed = torch.rand(3, 9, 11), torch.rand(9, 11) < share
    filled = imputed(image, removed, torch.Generator().manual_seed(0))
    noise = 0.01 * torch.randn(3, int(removed.sum()), generator=torch.Generator().manual_seed(0))
    _, expected = dense_solution(image, removed)
    torch.testing.assert_close(filled[:, removed] - noise, expected.T.float(), atol=1e-5, rtol=1e-4)
    assert torch.equal(filled[:, ~removed], image[:, ~removed])


@pytest.mark.parametrize("share", [0.2, 0.9])
@pytest.mark.parametrize("side", [64, 224])
def test_each_imputed_pixel_is_the_weighted_mean_of_its_neighbours(side, share):
    image, relevance = pictures(1, side)[0].double().numpy(), pictures(1, side, seed=3)[0, 0]
    gone = (relevance > relevance.quantile(1 - share)).numpy()
    filled = torch.from_numpy(interpolated(image, gone))
    weights = torch.tensor([[1.0, 2, 1], [2, 0, 2], [1, 2, 1]], dtype=torch.double)[None, None] / 12
    sums, total = (conv2d(x[:, None], weights, padding=1)[:, 0] for x in (filled, torch.ones_like(filled)))
    torch.testing.assert_close(filled[:, gone], (sums / total)[:, gone], atol=1e-11, rtol=0)
    assert torch.equal(filled[:, ~gone], torch.from_numpy(image)[:, ~gone])


def test_a_plain_image_stays_plain_but_for_the_noise():
    removed = torch.rand(10, 10) < 0.8
    filled = imputed(torch.full((3, 10, 10), 0.7), removed, torch.Generator().manual_seed(0))
    assert (filled - 0.7).abs().max() < 0.06


def test_road_is_half_the_difference_of_its_two_curves():
    model, images, maps = small_cnn(), pictures(2, 32), pictures(2, 32, seed=2)[:, 0]
    road, most, least = (
        score(name, model, images, [0, 1], maps, percentiles=(20, 60)) for name in ("road", "road_morf", "road_lerf")
    )
    torch.testing.assert_close(road, (least - most) / 2)


def test_a_constant_map_fails_the_sanity_check_and_a_random_one_passes():
    model, images, maps = small_cnn(), pictures(2, 32), pictures(2, 32, seed=2)[:, 0]
    assert score("sanity", model, images, [0, 1], maps, explainer=lambda *_: maps).tolist() == pytest.approx([1, 1])
    random = torch.Generator().manual_seed(0)
    noise = score("sanity", model, images, [0, 1], maps, explainer=lambda *_: torch.rand(2, 32, 32, generator=random))
    assert noise.max() < 0.1


def test_the_rank_correlation_is_scipys():
    from scipy.stats import spearmanr

    a, b = torch.rand(1, 6, 7).round(decimals=1), torch.rand(1, 6, 7).round(decimals=1)
    assert spearman(a, b).item() == pytest.approx(spearmanr(a.flatten(), b.flatten()).statistic, abs=1e-6)
    assert spearman(a, torch.ones(1, 6, 7)).item() == 0
