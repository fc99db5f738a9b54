import pytest
import torch
from torch import nn

import explainers
from explainers.metrics.keep_and_inpaint import inpainted, recognised
from tests.explainers.sample_networks import pictures, small_cnn


class BrightCorner(nn.Module):
    """Class 1 when the first pixel is above one half."""

    def forward(self, images):
        bright = images[:, 0, 0, 0]
        return torch.stack([1 - bright, bright], dim=1)


def test_pixels_between_two_kept_ones_are_their_interpolation():
    image = torch.zeros(3, 1, 5)
    image[:, 0, 0], image[:, 0, 4] = 4.0, 8.0
    kept = torch.tensor([[True, False, False, False, True]])
    torch.testing.assert_close(inpainted(image, kept)[0, 0], torch.tensor([4.0, 5.0, 6.0, 7.0, 8.0]))


def test_kept_pixels_stay_and_a_flat_image_comes_back_from_one_of_them():
    image = pictures(1, side=8)[0]
    kept = torch.zeros(8, 8, dtype=torch.bool)
    kept[2:4, 5] = True
    assert torch.equal(inpainted(image, kept)[:, kept], image[:, kept])
    flat = torch.full((3, 8, 8), 0.7)
    torch.testing.assert_close(inpainted(flat, kept), flat)
    assert torch.equal(inpainted(flat, torch.zeros_like(kept)), torch.zeros_like(flat))
    assert torch.equal(inpainted(image, torch.ones_like(kept)), image)


def test_recognition_depends_on_the_pixel_that_decides():
    images = torch.zeros(2, 3, 6, 6)
    images[:, :, 0, 0] = 1.0
    maps = torch.zeros(2, 6, 6)
    maps[0, 0, 0], maps[1, 5, 5] = 1.0, 1.0
    found = recognised(BrightCorner(), images, torch.ones(2, 1, dtype=torch.long), maps, (1,))
    assert found.tolist() == [[1.0, 1.0], [1.0, 0.0]]


def test_with_all_pixels_kept_it_is_the_models_accuracy():
    model, images = small_cnn(), pictures(6, side=16)
    truth = torch.tensor([0, 1, 2, 0, 1, 2])
    values = {
        name: explainers.score(name, model, images, truth, images.sum(dim=1)) for name in ("keep_all", "keep_300")
    }
    right = (model.eval()(images).argmax(dim=1) == truth).float()
    assert torch.equal(values["keep_all"], right)
    assert torch.equal(values["keep_300"], right)  # 300 pixels are more than 16 × 16


@pytest.mark.parametrize("target", [0, 1])
def test_a_multi_label_class_is_recognised_above_one_half(target):
    images = torch.full((1, 3, 4, 4), 3.0)
    found = recognised(BrightCorner(), images, torch.tensor([[target]]), images[:, 0], (1,), output="sigmoid")
    assert found.tolist() == [[float(target)] * 2]
