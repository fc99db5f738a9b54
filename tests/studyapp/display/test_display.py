"""How a raw map becomes the picture that people see; every expectation is worked by hand."""

import numpy as np
import pytest

from fixtures import colours
from studyapp.core.display import (
    CHOICES,
    Display,
    colour_tables,
    greyed,
    peak,
    picture,
    read_display,
    shared_scale,
    values,
)

REDS, RDBU = (colour_tables()[name].table for name in ("Reds", "RdBu_r"))
BLUE = np.tile(np.uint8([10, 20, 200]), (4, 4, 1))  # a photograph of one colour
RAMP = np.float32(np.arange(16).reshape(4, 4))


def mixed(under, colour, opacity):
    return np.asarray(under, float) * (1 - opacity) + np.asarray(colour, float) * opacity


def test_a_display_is_by_default_reds_over_grey_from_no_effect_on_one_scale_for_the_study():
    fields = {"floor": "reference", "sign": "positive", "smoothing": 0, "scale": "study", "percentile": 99}
    assert Display().described() == fields | {"style": "over_grey", "colours": "Reds", "opacity": 0.75}
    assert Display(sign="both").colours == "RdBu_r"
    assert read_display({"style": "map"}) == Display(style="map")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"floor": "zero"}, "floor: expected one of reference, minimum, found 'zero'"),
        ({"style": "over_gray"}, "did you mean “over_grey”"),
        ({"scale": None}, "scale: expected one of study, image, map, found None"),
        ({"opacity": 1.5}, "opacity: expected a number from 0 to 1, found 1.5"),
        ({"opacity": float("nan")}, "opacity: expected a number"),
        ({"smoothing": True}, "smoothing: expected a number from 0 to 10, found True"),
        ({"percentile": "99"}, "percentile: expected a number from 50 to 100, found '99'"),
        ({"colours": "RdBu_r"}, "colours: expected one of Reds, .* with sign “positive”"),
        ({"colours": "Reds", "sign": "both"}, "colours: expected one of RdBu_r, .* with sign “both”"),
        ({"colour": "Reds"}, "display: expected one of floor, .* found 'colour'; did you mean “colours”"),
        ({"style": ["map"]}, "style: expected one of"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused_in_words(fields, words):
    with pytest.raises(ValueError, match=words):
        read_display(fields)


def test_the_reference_is_drawn_as_nothing():
    """A RISE map around .5: what is .5 is no effect, so that it isn't one red sheet."""
    rise = np.full((4, 4), 0.5)
    rise[0, 0] = 0.9
    shown = picture(BLUE, rise, Display(style="overlay"), reference=0.5, scale=0.4)
    assert (shown[1:] == BLUE[1:]).all()
    assert np.abs(shown[0, 0] - mixed(BLUE[0, 0], REDS[255], 0.75)).max() <= 1
    assert (picture(BLUE, rise, Display(style="overlay"), scale=0.5)[1:] != BLUE[1:]).any(axis=-1).all()


def test_the_minimum_as_floor_draws_the_lowest_value_as_nothing():
    assert values(RAMP + 3, Display(floor="minimum")).tolist() == RAMP.tolist()
    assert values(RAMP - 8, Display(floor="minimum"), reference=99).tolist() == RAMP.tolist()


def test_negative_values_are_drawn_only_with_both_signs():
    signed = np.float32([[-2, -1], [1, 2]])
    assert values(signed, Display()).tolist() == [[0, 0], [1, 2]]
    assert values(signed, Display(sign="both")).tolist() == signed.tolist()
    assert values(signed, Display(sign="both"), reference=-1).tolist() == [[-1, 0], [2, 3]]
    two = np.zeros((2, 2, 3), np.uint8)
    shown = picture(two, signed, Display(sign="both", style="map"), scale=2)
    assert (shown == RDBU[[[0, 64], [191, 255]]]).all()  # (position + 1) / 2 · 255 = 0, 63.75, 191.25, 255


def test_colours_go_from_the_floor_to_the_end_of_the_scale_and_no_further():
    shown = picture(BLUE, RAMP, Display(style="map"), scale=10)
    steps = np.clip(np.rint(RAMP / 10 * 255), 0, 255).astype(int)
    assert (shown == REDS[steps]).all()
    assert (shown[RAMP >= 10] == REDS[255]).all()


def test_opacity_grows_from_nothing_to_its_own_at_six_tenths_of_the_scale():
    row = np.float32([[0, 3, 6, 10]])
    shown = picture(BLUE[:1], row, Display(style="overlay", opacity=0.5), scale=10)
    for place, (colour, opacity) in enumerate([(0, 0), (76, 0.248), (153, 0.5), (255, 0.5)]):
        assert np.abs(shown[0, place] - mixed(BLUE[0, 0], REDS[colour], opacity)).max() <= 1
    assert (picture(BLUE, RAMP, Display(style="overlay", opacity=0)) == BLUE).all()


def test_over_grey_lays_the_colours_on_a_pale_grey_photograph():
    """CSS: grayscale(1) contrast(0.55) brightness(1.35)."""
    grey = 0.2126 * 10 + 0.7152 * 20 + 0.0722 * 200
    pale = ((grey / 255 - 0.5) * 0.55 + 0.5) * 1.35 * 255
    assert np.allclose(greyed(BLUE), pale, atol=0.01)
    shown = picture(BLUE, RAMP, Display(), scale=10)
    assert (shown[0, 0] == round(pale)).all()
    assert np.abs(shown[3, 3] - mixed([pale] * 3, REDS[255], 0.75)).max() <= 1


def test_without_the_photograph_the_map_alone_is_drawn():
    other = picture(BLUE[::-1] // 2, RAMP, Display(style="map"))
    assert (picture(BLUE, RAMP, Display(style="map")) == other).all()


def test_contours_run_round_the_top_shares_of_the_area():
    hill = np.float32(100 - np.hypot(*np.mgrid[-50:50, -50:50]))
    photograph = np.full((100, 100, 3), 90, np.uint8)
    shown = picture(photograph, hill, Display(style="contours"))
    for share, place in ((0.05, 255), (0.10, 191), (0.20, 128)):
        radius = round((share * 10_000 / np.pi) ** 0.5)
        assert any((shown[50, 50 + radius + off] == REDS[place]).all() for off in (-1, 0, 1)), share
    assert (shown[50, 50] == 90).all()
    assert (shown[0] == 90).all()


@pytest.mark.parametrize("style", ["contours", "reveal"])
def test_where_nothing_stands_out_no_line_is_drawn_and_nothing_is_revealed(style):
    shown = picture(BLUE, np.zeros((4, 4)), Display(style=style))
    assert (shown == BLUE).all() if style == "contours" else len(np.unique(shown[..., 0] != shown[..., 1])) == 1
    assert (picture(BLUE, np.ones((4, 4)), Display(style="contours")) == BLUE).all()


def test_reveal_leaves_the_top_fifth_in_colour_and_sharp():
    rng = np.random.default_rng(0)
    photograph = rng.integers(0, 256, (10, 10, 3), dtype=np.uint8)
    saliency = rng.permutation(100).reshape(10, 10)
    shown = picture(photograph, saliency, Display(style="reveal"))
    top = saliency >= 80
    assert (shown[top] == photograph[top]).all()
    assert (np.ptp(shown[~top].astype(int), axis=1) == 0).all()


def test_smoothing_spreads_a_point_as_a_gaussian_of_the_pictures_width():
    point = np.zeros((101, 101), np.float32)
    point[50, 50] = 1
    spread = values(point, Display(smoothing=300 / 101))
    bell = np.exp(-0.5 * (np.arange(-50, 51) / 3) ** 2)
    assert np.allclose(spread, np.outer(bell, bell) / bell.sum() ** 2, atol=1e-6)
    assert np.allclose(values(np.ones((20, 30)), Display(smoothing=5)), 1)  # nothing is lost at the edges


def test_smoothing_is_round_on_the_photograph_whatever_the_maps_own_size():
    coarse = np.zeros((21, 21), np.float32)
    coarse[10, 10] = 1
    spread = values(coarse, Display(smoothing=2), size=(100, 200))  # σ: 4 pixels of the photograph
    columns, rows = (np.arange(-10, 11) * step / 4 for step in (200 / 21, 100 / 21))
    wanted = np.outer(np.exp(-0.5 * rows**2), np.exp(-0.5 * columns**2))
    assert np.allclose(spread / spread.max(), wanted / wanted.max(), atol=1e-5)


def test_a_maps_peak_is_the_percentile_of_what_it_shows():
    hundred = np.float32(np.arange(-50, 51)).reshape(1, 101)
    assert peak(hundred, Display(percentile=100)) == 50
    assert peak(hundred, Display(percentile=90)) == 40
    assert peak(hundred, Display(sign="both", percentile=99)) == 50
    assert peak(hundred, Display(), reference=40) == pytest.approx(9)
    few = np.zeros((100, 100))
    few[0, 0] = 7
    assert peak(few, Display()) == 7  # the 99th percentile is 0: the greatest value then
    assert peak(np.zeros((3, 3)), Display()) == 0


def test_a_shared_scale_ends_at_the_third_quartile_of_the_peaks():
    assert shared_scale([1, 2, 3, 4, 5]) == 4
    assert shared_scale([0, 0, 1, 2, 3, 4, 5]) == 4
    assert shared_scale([0, 0]) is None


def test_an_empty_map_shows_the_photograph_alone():
    assert (picture(BLUE, np.zeros((2, 2)), Display(style="overlay")) == BLUE).all()
    assert (picture(BLUE, np.zeros((2, 2)), Display(style="overlay"), scale=None) == BLUE).all()


@pytest.mark.parametrize("style", CHOICES["style"])
@pytest.mark.parametrize("sign", CHOICES["sign"])
def test_every_display_draws_maps_of_any_size_at_the_photographs_own(style, sign):
    photograph = np.zeros((30, 50, 3), np.uint8)
    for size in ((7, 7), (1, 1), (30, 50), (60, 90)):
        saliency = np.random.default_rng(1).normal(size=size)
        shown = picture(photograph, saliency, Display(style=style, sign=sign, smoothing=1))
        assert shown.shape == (30, 50, 3)
        assert shown.dtype == np.uint8


def test_the_colour_tables_are_matplotlibs():
    for name in (*colours.SEQUENTIAL, *colours.DIVERGING):
        found = colour_tables()[name]
        assert (found.table == colours.table_of(name)).all()
        assert found.diverging == (name in colours.DIVERGING)
    assert colour_tables().keys() == {*colours.SEQUENTIAL, *colours.DIVERGING}


def test_the_uniform_colour_tables_grow_lighter_evenly():
    """CIE lightness of the tables that say so is monotonous and even; Reds' is monotonous, turbo's isn't."""

    def lightness(table):
        linear = np.where(table <= 10, table / 255 / 12.92, ((table / 255 + 0.055) / 1.055) ** 2.4)
        y = linear @ [0.2126, 0.7152, 0.0722]
        return 116 * np.where(y > 0.008856, np.cbrt(y), 7.787 * y + 16 / 116) - 16

    for name, found in colour_tables().items():
        steps = np.diff(lightness(found.table.astype(float))[::15])
        even = (steps > 0).all() and steps.max() / steps.mean() < 1.5
        assert even or not found.perceptually_uniform, name
    assert not colour_tables()["Reds"].perceptually_uniform
