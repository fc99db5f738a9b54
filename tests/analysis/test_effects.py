"""Effect sizes and their intervals against R and hand-worked cases."""

import numpy as np
import pytest

from analysis.errors import NotDefined
from analysis.statistics.effects import (
    eta2p_interval,
    hedges_g,
    newcombe,
    rank_biserial,
    rank_biserial_paired,
    wilson,
    wilson_clustered,
)
from tests.analysis.reference_data import R, frame


@pytest.mark.parametrize("name", ["balanced96", "unbalanced71"])
@pytest.mark.parametrize("outcome", ["fraction_correct", "saliency_ratio"])
def test_hedges_g_equals_effectsize(name, outcome):
    # effectsize::hedges_g(none, static)
    data = frame(name)
    none, static = (data.loc[data["heatmap"] == level, outcome].to_numpy() for level in ("none", "static"))
    expected = R[name][outcome]["hedges_g_none_static"][0]
    found = hedges_g(none, static)
    assert found[0] == pytest.approx(expected["Hedges_g"], abs=1e-8)
    assert found[1:] == pytest.approx((expected["CI_low"], expected["CI_high"]), abs=1e-4)  # R's optimiser stops early


def test_wilson_equals_prop_test():
    # prop.test(33, 50, correct = FALSE)
    assert wilson(33, 50) == pytest.approx(R["prop_wilson"]["ci"], abs=1e-10)


def test_wilson_stays_inside_zero_and_one():
    assert wilson(0, 5)[0] == 0
    assert wilson(5, 5)[1] == 1


def test_a_clustered_share_counts_people_not_answers():
    independent = wilson_clustered(np.array([1.0, 0, 1, 1]), np.ones(4))
    repeated = wilson_clustered(np.array([10.0, 0, 10, 10]), np.full(4, 10.0))
    assert repeated == pytest.approx(independent)
    assert wilson_clustered(np.zeros(4), np.full(4, 10.0)) == wilson(0, 4)


def test_newcombe_gives_its_paper_s_example():
    # Newcombe 1998, table II, (a): 56/70 - 48/80, method 10: .0524 to .3339
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_rank_biserial_counts_pairs():
    a, b = np.array([1.0, 2, 3]), np.array([2.0, 0])
    wins, losses = 4, 1  # one tie among the six pairs
    assert rank_biserial(a, b) == pytest.approx((wins - losses) / 6)
    assert rank_biserial(b, a) == pytest.approx(-(wins - losses) / 6)


def test_paired_rank_biserial_drops_zeros_and_refuses_nothing_else():
    assert rank_biserial_paired(np.array([0, 1.0, -2.0, 3.0])) == pytest.approx((1 - 2 + 3) / 6)
    with pytest.raises(NotDefined):
        rank_biserial_paired(np.zeros(4))


def test_eta2_interval_of_a_tiny_f_starts_at_zero_and_grows_with_f():
    assert eta2p_interval(0.001, 2, 90) == (0, 0)
    low, high = eta2p_interval(13.55, 2, 90)
    assert (round(low, 2), round(high, 2)) == (0.11, 0.34)  # statistics.md: F(2, 90) = 13.55, 90% CI [.11, .34]
