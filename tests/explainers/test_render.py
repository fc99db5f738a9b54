import numpy as np
import pytest

from explainers.errors import UserError
from explainers.render import colour_table, coloured, peaks, shared_scale


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
