"""The three lines of a notebook: a map, an overlay, a grid."""

import numpy as np
import pytest
import torch
from PIL import Image

import explainers
from explainers.errors import UserError
from explainers.maps.render import colour_table
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from tests.explainers.sample_networks import pictures, small_cnn


def grey(n=1, level=0.5):
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return ((torch.full((n, 3, 8, 8), level) - mean) / std).float()


def test_the_three_documented_lines_give_a_map_a_picture_and_a_grid():
    model, images, targets = small_cnn().eval(), pictures(2), [0, 1]
    maps = explainers.explain("grad_cam", model, images, targets)
    single = explainers.overlay(images[0], maps[0, 0])
    sheet = explainers.grid(images, {"Grad-CAM": maps, "LRP": explainers.explain("lrp", model, images, targets)})
    assert single.size == (64, 64)
    assert sheet.size == (3 * 64 + 2 * 4, 16 + 2 * 64 + 4)


def test_an_overlay_is_the_photograph_where_the_map_is_zero_and_the_colour_at_its_end():
    saliency = torch.zeros(8, 8)
    saliency[:, 4:] = 2
    shown = np.asarray(explainers.overlay(grey()[0], saliency, scale=(0, 2))).astype(int)
    assert (np.abs(shown[:, :3] - 128) <= 1).all()
    red, green, blue, opacity = colour_table("Reds")[255] / 255
    expected = 255 * (np.array([red, green, blue]) * opacity + 0.5 * (1 - opacity))
    assert np.abs(shown[:, 6:] - expected).max() <= 2


def test_maps_below_zero_get_a_diverging_scale():
    saliency = torch.tensor([[-1.0, 1.0]])
    left, right = np.asarray(explainers.overlay(Image.new("RGB", (2, 1), "white"), saliency))[0].astype(int)
    assert left[2] > left[0] + 50
    assert right[0] > right[2] + 50


def test_of_a_file_the_part_is_shown_that_a_model_usually_sees(tmp_path):
    """Of 800 × 320 pixels the middle 280 in both directions, 7/8 of the shorter side."""
    picture = Image.new("RGB", (800, 320), "white")
    picture.paste("black", (260, 20, 540, 300))
    picture.save(tmp_path / "photo.png")
    shown = np.asarray(explainers.overlay(tmp_path / "photo.png", torch.zeros(14, 14)))
    assert shown.shape == (224, 224, 3)
    assert shown.mean() < 1
    sheet = explainers.grid([str(tmp_path / "photo.png")], {"any": torch.ones(1, 1, 14, 14)})
    assert sheet.size == (2 * 224 + 4, 16 + 224)


def test_maps_of_one_method_share_one_scale_in_a_grid():
    maps = torch.zeros(2, 1, 8, 8)
    maps[0], maps[1] = 1, 0.1
    sheet = np.asarray(explainers.grid(grey(2), {"any": maps})).astype(int)
    strong, weak = sheet[16 + 4, 8 + 4 + 4], sheet[16 + 8 + 4 + 4, 8 + 4 + 4]
    assert strong[0] - strong[2] > weak[0] - weak[2] + 20


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: explainers.overlay(grey()[0], torch.zeros(1, 8, 8)), r"saliency: expected one map \(H, W\)"),
        (lambda: explainers.overlay(grey(), torch.zeros(8, 8)), "image: expected a picture"),
        (lambda: explainers.grid(grey(2), {"LRP": torch.zeros(3, 1, 8, 8)}), "maps: LRP: expected 2 maps"),
    ],
)
def test_other_shapes_are_refused(call, message):
    with pytest.raises(UserError, match=message):
        call()
