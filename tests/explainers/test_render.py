import io

import numpy as np
import pytest
from PIL import Image

from explainers.errors import UserError
from explainers.render import colour_stops, colour_table, encode, is_diverging, overlay, peaks, shared_scale


def rendered(saliency, vmin, vmax, colormap="Reds", size=None):
    content = overlay(np.asarray(saliency, dtype=np.float32), vmin, vmax, colour_table(colormap), size or (40, 40))
    return np.asarray(Image.open(io.BytesIO(content)))


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


def test_the_legend_has_nine_stops_from_clear_to_opaque():
    stops = colour_stops("Reds")
    assert len(stops) == 9
    assert stops[0][3] == 0
    assert stops[-1][3] > 180


def test_an_unknown_colour_map_is_refused():
    with pytest.raises(UserError, match=r"no colour map 'reds'.*Reds"):
        colour_table("reds")


def test_a_lower_quality_makes_a_smaller_overlay_that_looks_alike():
    rows, columns = np.indices((96, 96))
    saliency = np.exp(-((rows - 40) ** 2 + (columns - 60) ** 2) / 300).astype(np.float32)
    exact, smaller = (overlay(saliency, 0, 1, colour_table("Reds"), (96, 96), quality) for quality in (100, 20))
    assert len(smaller) < 0.6 * len(exact)
    alphas = [np.asarray(Image.open(io.BytesIO(found)))[..., 3].astype(float) for found in (exact, smaller)]
    assert np.abs(alphas[0] - alphas[1]).mean() < 4


def test_a_map_is_enlarged_bilinearly():
    """Two pixels over four: ¼ and ¾ stand between them."""
    picture = rendered([[0.0, 0.4]], 0, 0.8, size=(1, 4))
    expected = colour_table("Reds")[np.round(np.array([0, 0.125, 0.375, 0.5]) * 255).astype(int), 3]
    assert picture[0, :, 3].tolist() == expected.tolist()
    assert len(set(expected.tolist())) == 4


def test_the_size_is_height_then_width():
    assert rendered(np.ones((2, 2)), 0, 1, size=(3, 5)).shape == (3, 5, 4)


def test_values_run_from_vmin_to_vmax_and_beyond_take_the_end():
    table = np.zeros((256, 4), dtype=np.uint8)
    table[:, 3] = np.arange(256)
    values = [[-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]]
    content = overlay(np.array(values), -2, 2, table, (1, 7))
    alpha = np.asarray(Image.open(io.BytesIO(content)))[0, :, 3]
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


def test_the_legends_stops_are_evenly_spaced_rows_of_the_table():
    assert colour_stops("Reds") == colour_table("Reds")[[0, 32, 64, 96, 128, 159, 191, 223, 255]].tolist()


def test_diverging_maps_are_known_in_both_directions():
    import matplotlib

    known = {name for name in matplotlib.colormaps if is_diverging(name)}
    assert {"RdBu", "RdBu_r", "coolwarm", "seismic_r"} <= known
    assert not {"Reds", "Reds_r", "viridis"} & known


def test_an_overlays_colours_are_kept_at_80_and_its_transparency_at_the_asked_quality():
    saliency = np.random.default_rng(0).random((24, 24)).astype(np.float32)
    table = colour_table("RdBu_r")
    rgba = Image.fromarray(table[np.round(saliency * 255).astype(np.uint8)], mode="RGBA")
    for quality in (100, 60):
        assert overlay(saliency, 0, 1, table, (24, 24), quality) == encode(rgba, min(quality, 80), quality)
    assert overlay(saliency, 0, 1, table, (24, 24)) == overlay(saliency, 0, 1, table, (24, 24), 100)


def test_an_encoded_picture_keeps_its_transparency_and_no_metadata():
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 255, (9, 7, 4), dtype=np.uint8), mode="RGBA")
    picture.info["exif"] = b"Exif\0\0somewhere"
    found = Image.open(io.BytesIO(encode(picture, 50)))
    assert np.array_equal(np.asarray(found)[..., 3], np.asarray(picture)[..., 3])
    assert not found.getexif()
