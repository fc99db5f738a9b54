import pytest
import torch
from torch import nn

from explainers import explain
from explainers.errors import UserError
from explainers.methods.rise import _Masks
from tests.explainers.sample_networks import pictures, small_cnn


def seeded():
    return torch.Generator().manual_seed(3)


def test_the_map_is_the_masks_averaged_by_the_scores():
    model, images = small_cnn().eval(), pictures(2)
    maps = explain("rise", model, images, [[0, 1], [2, 1]], n_masks=37, generator=seeded(), batch_size=8)
    masks = _Masks(images, 37, 8, 0.5, seeded())(0, 37)
    with torch.inference_mode():
        for n, classes in enumerate([[0, 1], [2, 1]]):
            scores = model(images[n] * masks).softmax(dim=1)[:, classes]
            expected = torch.einsum("rt,rhw->thw", scores, masks[:, 0]) / (37 * 0.5)
            torch.testing.assert_close(maps[n], expected, atol=1e-5, rtol=1e-4)


def test_masks_keep_the_asked_share_and_do_not_depend_on_the_batch():
    masks = _Masks(torch.zeros(1, 3, 50, 70), 3000, 7, 0.3, seeded())
    whole = masks(0, 3000)
    assert whole.shape == (3000, 1, 50, 70)
    assert whole.min() >= 0
    assert whole.max() <= 1
    assert float(whole.mean()) == pytest.approx(0.3, abs=0.01)
    assert float(whole.mean(dim=0).std()) < 0.02  # no place is favoured
    assert torch.equal(whole[100:130], masks(100, 130))


def test_a_pixel_that_decides_stands_out():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 1, bias=False))
    nn.init.zeros_(model[1].weight)
    model[1].weight.data.reshape(1, 3, 32, 32)[:, :, 9, 20] = 1
    maps = explain("rise", model, torch.ones(1, 3, 32, 32), [0], output="logit", n_masks=2000, generator=seeded())
    row, column = divmod(int(maps.argmax()), 32)
    assert abs(row - 9) <= 2
    assert abs(column - 20) <= 2


def test_pixels_without_influence_lie_at_the_mean_score_of_the_masks():
    """E[f·M] / p = E[f]: half of the picture decides, the other half is drawn as nothing from there on."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 1, bias=False))
    nn.init.zeros_(model[1].weight)
    model[1].weight.data.reshape(1, 3, 32, 32)[:, :, :, :8] = 1 / (3 * 32 * 8)
    told = []
    options = {"output": "logit", "n_masks": 4000, "generator": seeded(), "reference": told.append}
    maps = explain("rise", model, torch.ones(1, 3, 32, 32), [0], **options)[0, 0]
    ((reference,),) = told[0].tolist()
    assert reference == pytest.approx(0.5, abs=0.02)  # half of the deciding pixels are kept on average
    assert float(maps[:, 20:].mean()) == pytest.approx(reference, abs=0.02)
    assert float(maps[:, :8].mean()) > reference + 0.02


def test_an_impossible_share_is_refused():
    with pytest.raises(UserError, match="p: expected a probability"):
        explain("rise", small_cnn(), pictures(1), [0], p=0)


def test_the_map_is_unbiased_against_the_sum_over_every_mask_there_is():
    """A 4 × 4 image under a 2 × 2 raster has 2⁴ rasters and 2² shifts: the expectation can be written out."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    torch.nn.init.normal_(model[1].weight, generator=seeded())
    image, p = pictures(1, side=4), 0.3
    masks, expected = _Masks(image, 64, 2, p, seeded()), torch.zeros(4, 4)
    patterns = torch.tensor([[(n >> bit) & 1 for bit in range(4)] for n in range(16)])
    masks.cells = patterns.repeat(4, 1).reshape(64, 1, 2, 2).bool()
    masks.shifts = [torch.arange(4).repeat_interleave(16) // 2, torch.arange(4).repeat_interleave(16) % 2]
    kept = patterns.sum(dim=1).repeat(4)
    weights = p**kept * (1 - p) ** (4 - kept) / 4
    with torch.inference_mode():
        for mask, weight in zip(masks(0, 64)[:, 0], weights, strict=True):
            expected += weight * model(image * mask).softmax(dim=1)[0, 1] * mask / p
    generators = [torch.Generator().manual_seed(seed) for seed in range(6)]
    runs = [explain("rise", model, image, [1], n_masks=4000, grid=2, p=p, generator=one) for one in generators]
    found = torch.stack(runs)[:, 0, 0]
    error = found.std(dim=0) / 6**0.5
    assert float(error.max()) < 0.02 * float(expected.max())
    assert float(((found.mean(dim=0) - expected) / error).abs().max()) < 8
