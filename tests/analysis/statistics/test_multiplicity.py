"""Adjusted p values, worked by hand; R: p.adjust(c(.01, .04, .03), "holm" | "BH" | "bonferroni")."""

import numpy as np
import pytest

from analysis.statistics.bootstrap import percentiles, weights
from analysis.statistics.multiplicity import adjust

HAND = {"holm": [0.03, 0.06, 0.06], "fdr": [0.03, 0.04, 0.04], "bonferroni": [0.03, 0.12, 0.09]}


@pytest.mark.parametrize("correction", HAND)
def test_three_p_values_by_hand(correction):
    assert adjust([0.01, 0.04, 0.03], correction) == pytest.approx(HAND[correction])


@pytest.mark.parametrize("correction", HAND)
def test_a_missing_p_value_is_no_member_of_the_family(correction):
    found = adjust([0.01, np.nan, 0.04, 0.03], correction)
    assert np.isnan(found[1])
    assert found[[0, 2, 3]] == pytest.approx(HAND[correction])
    assert np.isnan(adjust([np.nan], correction)).all()
    assert len(adjust([], correction)) == 0


@pytest.mark.parametrize("correction", HAND)
def test_no_adjusted_p_value_is_above_1_and_one_alone_stays(correction):
    assert adjust([0.6, 0.9], correction).max() <= 1
    assert adjust([0.2], correction) == pytest.approx([0.2])


def test_holm_is_the_default():
    assert adjust([0.01, 0.04, 0.03]).tolist() == adjust([0.01, 0.04, 0.03], "holm").tolist()


def test_an_unknown_correction_is_refused():
    with pytest.raises(ValueError, match="found 'sidak', expected one of holm, fdr, bonferroni"):
        adjust([0.1], "sidak")


def test_a_95_percent_interval_leaves_out_two_and_a_half_percent_on_either_side():
    assert percentiles(np.arange(1001.0)) == pytest.approx((25, 975))
    assert percentiles(np.arange(1001.0), 0.90) == pytest.approx((50, 950))


def test_as_many_people_are_drawn_as_there_are_each_as_likely():
    drawn = weights(4, seed=3)
    assert drawn.shape == (2000, 4)
    assert (drawn.sum(axis=1) == 4).all()
    assert drawn.mean(axis=0) == pytest.approx([1, 1, 1, 1], abs=0.1)
    assert (drawn == weights(4, seed=3)).all()
    assert not (drawn == weights(4, seed=4)).all()
