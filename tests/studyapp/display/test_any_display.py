"""Whatever the display and the map, a picture is drawn, and what it shows is true of the map."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.core.display import (
    CHOICES,
    CONTOURS,
    RANGES,
    Display,
    colour_tables,
    coloured,
    greyed,
    picture,
    positions,
    top_shares,
)

MANY = settings(max_examples=60, deadline=None, derandomize=True)
TABLES = {
    sign: [name for name, one in colour_tables().items() if one.diverging == (sign == "both")]
    for sign in CHOICES["sign"]
}
SIZE = (24, 30)
PHOTOGRAPH = np.random.default_rng(3).integers(0, 256, (*SIZE, 3), np.uint8)


@st.composite
def displays(draw) -> Display:
    sign = draw(st.sampled_from(CHOICES["sign"]))
    fields = {name: draw(st.floats(*RANGES[name])) for name in RANGES}
    fields |= {name: draw(st.sampled_from(CHOICES[name])) for name in ("scale", "style")}
    floor = "reference" if sign == "both" else draw(st.sampled_from(CHOICES["floor"]))
    return Display(floor=floor, sign=sign, colours=draw(st.sampled_from(TABLES[sign])), **fields)


@st.composite
def maps(draw) -> np.ndarray:
    """Maps of any size and magnitude: noise, flat, all negative, one peak, few levels, almost nothing."""
    h, w = draw(st.sampled_from([SIZE, (1, 1), (7, 7), (1, 40), (60, 90)]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    sort = draw(st.sampled_from(["noise", "flat", "negative", "peak", "levels", "empty"]))
    noise = rng.normal(size=(h, w))
    peaked = np.zeros((h, w))
    peaked[rng.integers(h), rng.integers(w)] = 1
    found = {
        "noise": noise,
        "flat": np.ones((h, w)),
        "negative": -np.abs(noise) - 1,
        "peak": peaked,
        "levels": rng.integers(-1, 3, (h, w)).astype(float),
        "empty": np.zeros((h, w)),
    }[sort]
    return (found * 10.0 ** draw(st.integers(-45, 29))).astype(np.float32)


@MANY
@given(displays(), maps(), st.one_of(st.none(), st.floats(1e-40, 1e30)))
def test_any_map_is_drawn_the_same_each_time_and_nothing_that_is_given_changes(display, saliency, scale):
    before = PHOTOGRAPH.copy(), saliency.copy()
    first, second = (picture(PHOTOGRAPH, saliency, display, scale=scale) for _ in range(2))
    assert (first.shape, first.dtype) == (PHOTOGRAPH.shape, np.uint8)
    assert (first == second).all()
    assert (before[0] == PHOTOGRAPH).all()
    assert (before[1] == saliency).all()


@MANY
@given(displays(), st.floats(-1e3, 1e3, width=32), st.one_of(st.none(), st.floats(0.1, 10)))
def test_a_map_that_is_its_reference_throughout_shows_no_colour(display, reference, scale):
    shown = picture(PHOTOGRAPH, np.full((5, 6), reference, np.float32), display, reference=reference, scale=scale)
    if display.style in ("overlay", "contours"):
        assert (shown == PHOTOGRAPH).all()
    elif display.style == "map":
        middle = 128 if display.sign == "both" else 0
        assert (shown == colour_tables()[display.colours].table[middle]).all()
    elif display.style == "over_grey":
        under = np.rint(greyed(PHOTOGRAPH))[..., None]
        faintest = (
            coloured(display)[128 if display.sign == "both" else 0, 3] / 255
        )  # of 256 rows none is the very middle
        assert np.abs(shown - under).max() <= 1 + 255 * faintest
    else:
        assert (np.ptp(shown.astype(int), axis=-1) == 0).all()


@MANY
@given(displays(), maps(), st.floats(0.01, 100))
def test_who_has_more_saliency_stands_higher_on_the_scale(display, saliency, scale):
    display = replace(display, smoothing=0)
    place = positions(saliency, display, saliency.shape, scale=scale * float(np.abs(saliency).max() or 1)).ravel()
    order = np.argsort(saliency, axis=None, kind="stable")
    assert (np.diff(place[order]) >= 0).all()
    assert np.isfinite(place).all()
    alpha = coloured(display)[:, 3].astype(int)
    half = alpha[128:] if display.sign == "both" else alpha
    assert (np.diff(half) >= 0).all()


@MANY
@given(displays(), maps(), st.integers(-8, 8))
def test_a_map_in_another_unit_looks_the_same(display, saliency, power):
    saliency = np.where(np.abs(saliency) < 1e-30, 0, saliency)  # what is not rounded to nothing by the smaller unit
    unit = 2.0**power
    first = picture(PHOTOGRAPH, saliency, display, scale=None)
    assert (picture(PHOTOGRAPH, (saliency * unit).astype(np.float32), display, scale=None) == first).all()


@MANY
@given(displays(), maps())
def test_what_speaks_against_mirrors_what_speaks_for(display, saliency):
    display = Display(sign="both", style="map", smoothing=display.smoothing, percentile=display.percentile)
    one, other = (positions(sign * saliency, display, SIZE) for sign in (1, -1))
    assert np.allclose(one, -other)


@MANY
@given(maps())
def test_shares_of_the_area_lie_in_one_another_and_hold_the_highest_values(saliency):
    magnitude = np.abs(saliency)
    inside = top_shares(magnitude, CONTOURS)
    for wider, narrower, share in zip(inside, inside[1:], list(CONTOURS)[1:], strict=False):
        assert not (narrower & ~wider).any()
        assert (
            narrower.sum() <= max(1, round(share * magnitude.size))
            or np.unique(magnitude[narrower]).size < narrower.sum()
        )
    for one in inside:
        assert not one.any() or one.all() or magnitude[one].min() > magnitude[~one].max()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(wrong):
    saliency = np.zeros((4, 4))
    saliency[1, 2] = wrong
    with pytest.raises(ValueError, match="expected finite numbers"):
        picture(PHOTOGRAPH, saliency, Display())
    with pytest.raises(ValueError, match="expected finite numbers"):
        picture(PHOTOGRAPH, np.zeros((4, 4)), Display(), reference=wrong)
    with pytest.raises(ValueError, match=r"expected values \(h, w\)"):
        picture(PHOTOGRAPH, np.zeros((4, 4, 3)), Display())


def test_both_signs_from_the_minimum_are_refused():
    with pytest.raises(ValueError, match="sign: expected positive, for nothing lies below the floor"):
        Display(sign="both", floor="minimum")
