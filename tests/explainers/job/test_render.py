import io

import numpy as np
import pytest
from PIL import Image

from explainers.errors import UserError
from explainers.maps.render import colour_table, coloured, encode, is_diverging, peaks, shared_scale


def rendered(saliency, vmin, vmax, colormap="Reds", size=None):
    return np.asarray(coloured(np.asarray(saliency), (vmin, vmax), colour_table(colormap), size or (40, 40)))


def test_zero_is_clear_and_the_end_of_the_scale_is_opaque_red():
    saliency = np.zeros((40, 40))
    saliency[:, 20:] = 2
    picture = rendered(saliency, 0, 2)
    assert picture.shape == (40, 40, 4)
    assert picture[20, 5, 3] == 0
    red, green, _, alpha = picture[20, 35]
    assert alpha > 180
    assert red > 2 * green


def test_with_a_sequential_map_negative_values_stay_clear():
    assert rendered(np.full((40, 40), -3.0), 0, 2)[..., 3].max() == 0


def test_with_a_diverging_map_signs_have_different_colours_and_zero_is_clear():
    saliency = np.zeros((40, 40))
    saliency[:, :10], saliency[:, 30:] = -1, 1
    picture = rendered(saliency, -1, 1, "RdBu_r")
    blue, red = picture[20, 3], picture[20, 36]
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert picture[20, 20, 3] < 10


def test_opacity_grows_with_the_value():
    alphas = colour_table("Reds")[:, 3].astype(int)
    assert alphas[0] == 0
    assert (np.diff(alphas) >= 0).all()


def test_the_shared_scale_survives_one_odd_map():
    maps = [{"positive": 1.0, "magnitude": 2.0}] * 20 + [{"positive": 1000.0, "magnitude": 1000.0}]
    assert shared_scale(maps, "Reds") == (0.0, 1.0)
    assert shared_scale(maps, "RdBu_r") == (-2.0, 2.0)
    assert shared_scale([{"positive": 0.0, "magnitude": 0.0}], "Reds") == (0.0, 1.0)


def test_the_peak_of_a_map_with_few_lit_pixels_is_not_zero():
    saliency = np.zeros((100, 100))
    saliency[0, 0] = 5
    assert peaks(saliency) == {"positive": 5, "magnitude": 5}
    assert peaks(-saliency) == {"positive": 0, "magnitude": 5}


def test_an_unknown_colour_map_is_refused():
    with pytest.raises(UserError, match=r"no colour map 'reds'.*Reds"):
        colour_table("reds")


def test_a_map_is_enlarged_bilinearly():
    """Two pixels over four: ¼ and ¾ stand between them."""
    picture = rendered([[0.0, 0.4]], 0, 0.8, size=(4, 1))
    expected = colour_table("Reds")[np.round(np.array([0, 0.125, 0.375, 0.5]) * 255).astype(int), 3]
    assert picture[0, :, 3].tolist() == expected.tolist()
    assert len(set(expected.tolist())) == 4


def test_the_size_is_width_then_height():
    assert rendered(np.ones((2, 2)), 0, 1, size=(3, 5)).shape == (5, 3, 4)


def test_values_run_from_vmin_to_vmax_and_beyond_take_the_end():
    table = np.zeros((256, 4), dtype=np.uint8)
    table[:, 3] = np.arange(256)
    values = [[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]]
    alpha = np.asarray(coloured(np.array(values), (-2, 2), table, (7, 1)))[0, :, 3]
    assert alpha.tolist() == [0, 0, 64, 128, 191, 255, 255]


def test_a_peak_is_the_99th_percentile_of_the_positive_part_and_of_the_magnitude():
    rising = np.arange(101, dtype=float).reshape(1, 101)
    assert peaks(rising) == {"positive": pytest.approx(99), "magnitude": pytest.approx(99)}
    assert peaks(rising - 60) == {"positive": pytest.approx(39), "magnitude": pytest.approx(59)}


def test_the_shared_scale_ends_at_the_third_quartile_of_the_peaks_that_are_not_zero():
    maps = [{"positive": float(value), "magnitude": 2.0 * value} for value in (0, 0, 1, 2, 3, 4, 5)]
    assert shared_scale(maps, "Reds") == (0.0, 4.0)
    assert shared_scale(maps, "RdBu_r") == (-8.0, 8.0)
    assert shared_scale([{"positive": 0.0, "magnitude": 0.0}], "RdBu_r") == (-1.0, 1.0)


def test_the_table_has_256_colours_whose_opacity_grows_to_three_quarters_at_six_tenths():
    alpha = colour_table("Reds")[:, 3].astype(int)
    assert len(alpha) == 256
    position = np.linspace(0, 1, 256)
    assert np.abs(alpha - 255 * 0.75 * np.minimum(position / 0.6, 1)).max() <= 0.5
    assert alpha[-1] == alpha[154] == 191 > alpha[150]


def test_the_opacity_of_a_diverging_table_grows_from_its_middle_to_both_ends():
    alpha = colour_table("RdBu")[:, 3].astype(int)
    distance = np.abs(np.linspace(-1, 1, 256))
    assert np.abs(alpha - 255 * 0.75 * np.minimum(distance / 0.6, 1)).max() <= 0.5
    assert alpha.tolist() == alpha[::-1].tolist()


def test_colours_are_matplotlibs():
    import matplotlib

    expected = np.round(matplotlib.colormaps["Reds"](np.linspace(0, 1, 256)) * 255)
    assert np.abs(colour_table("Reds")[:, :3] - expected[:, :3]).max() == 0


def test_diverging_maps_are_known_in_both_directions():
    import matplotlib

    known = {name for name in matplotlib.colormaps if is_diverging(name)}
    assert {"RdBu", "RdBu_r", "coolwarm", "seismic_r"} <= known
    assert not {"Reds", "Reds_r", "viridis"} & known


def test_an_encoded_picture_keeps_its_transparency_and_no_metadata():
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 255, (9, 7, 4), dtype=np.uint8), mode="RGBA")
    picture.info["exif"] = b"Exif\0\0somewhere"
    found = Image.open(io.BytesIO(encode(picture, 50)))
    assert np.array_equal(np.asarray(found)[..., 3], np.asarray(picture)[..., 3])
    assert not found.getexif()
