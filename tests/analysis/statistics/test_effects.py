"""Effect sizes and their intervals against R and hand-worked cases."""

import numpy as np
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.effects import (
    d_z,
    epsilon2_interval,
    eta2p,
    eta2p_interval,
    hedges_g,
    newcombe,
    omega2p,
    rank_biserial,
    rank_biserial_paired,
    wilson,
    wilson_clustered,
)
from tests.analysis.reference_data import MORE, R, frame, trials


def pair(name: str = "unbalanced71", outcome: str = "fraction_correct") -> list[np.ndarray]:
    data = frame(name)
    return [data.loc[data["heatmap"] == level, outcome].to_numpy() for level in ("none", "static")]


@pytest.mark.parametrize("name", ["balanced96", "unbalanced71"])
@pytest.mark.parametrize("outcome", ["fraction_correct", "saliency_ratio"])
def test_hedges_g_equals_effectsize(name, outcome):
    # effectsize::hedges_g(none, static), cohens_d(none, static)
    none, static = pair(name, outcome)
    expected = R[name][outcome]["hedges_g_none_static"][0]
    found = hedges_g(none, static)
    assert found[0] == pytest.approx(expected["Hedges_g"], abs=1e-8)
    assert found[1:] == pytest.approx((expected["CI_low"], expected["CI_high"]), abs=1e-4)  # R's optimiser stops early
    m = len(none) + len(static) - 2
    cohens_d = R[name][outcome]["cohens_d_none_static"][0]["Cohens_d"]
    assert found[0] / cohens_d == pytest.approx(1 - 3 / (4 * m - 1), abs=1e-4)  # Hedges' own approximation of J


def test_limits_of_g_are_exact():
    # uniroot(function(nc) pt(t, df, nc) - p, tol = 1e-13), times J sqrt(1/n1 + 1/n2)
    expected = MORE["hedges_exact"]
    assert hedges_g(*pair()) == pytest.approx((expected["g"], *expected["ci"]), abs=1e-9)


def test_rank_biserial_equals_effectsize_with_its_limits():
    # effectsize::rank_biserial(none, static); rank_biserial(a[a != b], b[a != b], paired = TRUE)
    (expected,) = MORE["rank_biserial"]
    wanted = expected["r_rank_biserial"], expected["CI_low"], expected["CI_high"]
    assert rank_biserial(*pair()) == pytest.approx(wanted, abs=1e-10)
    (expected,) = MORE["rank_biserial_paired"]
    wanted = expected["r_rank_biserial"], expected["CI_low"], expected["CI_high"]
    assert rank_biserial_paired(_rated("A") - _rated("B")) == pytest.approx(wanted, abs=1e-10)


def test_d_z_equals_effectsize_with_its_limits():
    # effectsize::cohens_d(a, b, paired = TRUE)
    (expected,) = MORE["cohens_dz"]
    found = d_z(_rated("A") - _rated("B"))
    assert found[0] == pytest.approx(expected["Cohens_d"], abs=1e-10)
    assert found[1:] == pytest.approx((expected["CI_low"], expected["CI_high"]), abs=1e-4)  # R's optimiser stops early


def _rated(method: str) -> np.ndarray:
    return trials().query("method == @method").groupby("participant")["rating"].mean().to_numpy()


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
    a, b = (56 / 70, *wilson(56, 70)), (48 / 80, *wilson(48, 80))
    assert newcombe(a, b) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_rank_biserial_counts_pairs():
    a, b = np.array([1.0, 2, 3]), np.array([2.0, 0])
    wins, losses = 4, 1  # one tie among the six pairs
    r, low, high = rank_biserial(a, b)
    assert r == pytest.approx((wins - losses) / 6)
    assert rank_biserial(b, a) == pytest.approx((-r, -high, -low))
    assert rank_biserial(a, b - 9) == (1, 1, 1)


def test_paired_rank_biserial_drops_zeros_and_refuses_nothing_else():
    assert rank_biserial_paired(np.array([0, 1.0, -2.0, 3.0]))[0] == pytest.approx((1 - 2 + 3) / 6)
    with pytest.raises(NotDefined):
        rank_biserial_paired(np.zeros(4))


def test_eta2_interval_of_a_tiny_f_starts_at_zero_and_grows_with_f():
    assert eta2p_interval(0.001, 2, 90) == (0, 0)
    low, high = eta2p_interval(13.55, 2, 90)
    assert (round(low, 2), round(high, 2)) == (0.11, 0.34)  # statistics.md: F(2, 90) = 13.55, 90% CI [.11, .34]


def test_omega_squared_by_hand_and_never_below_zero():
    # F = 4 on 1 and 16, n = 18: 1 · 3 / (1 · 4 + 18 − 1) = 1/7, beside η² = 4 / (4 + 16)
    assert omega2p(4, 1, 16, 18) == pytest.approx(1 / 7)
    assert omega2p(3, 2, 27, 30) == pytest.approx(2 * 2 / (2 * 3 + 30 - 2))
    assert eta2p(4, 1, 16) == pytest.approx(0.2)
    assert eta2p(3, 2, 27) == pytest.approx(6 / 33)
    for f_value in (0.0, 0.2, 0.999, 1.0):
        assert omega2p(f_value, 2, 27, 30) == 0
    assert omega2p(1.001, 2, 27, 30) > 0


def test_the_interval_of_eta_squared_is_90_percent():
    # the noncentral F at the limits' noncentralities has 5 % on either side
    low, high = eta2p_interval(8.0, 2, 40)
    for share, tail in ((low, 0.95), (high, 0.05)):
        assert stats.ncf.cdf(8.0, 2, 40, share * 40 / (1 - share)) == pytest.approx(tail, abs=1e-8)


def test_hedges_g_of_two_against_two_by_hand():
    # means 1 and 2, both variances 2, J = Γ(1) / (√1 Γ(1/2)) = 1 / √π
    assert hedges_g(np.array([0, 2]), np.array([1, 3]))[0] == pytest.approx(-1 / np.sqrt(2 * np.pi))
    one_varies = hedges_g(np.array([1, 1]), np.array([2, 4]))[0]  # means 1 and 3, pooled variance 1
    assert one_varies == pytest.approx(-2 / np.sqrt(np.pi))


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [([1], [1, 2], "two values"), ([1, 2], [1], "two values"), ([1, 1], [2, 2], "variation inside the groups")],
)
def test_hedges_g_needs_two_values_on_each_side_and_some_spread(a, b, reason):
    with pytest.raises(NotDefined, match=reason):
        hedges_g(np.array(a), np.array(b))


def test_the_limits_of_very_large_effects_go_on_as_the_exact_ones_do():
    # beyond t = 1000, and F = 1e8 / df1, no noncentral distribution is known to scipy
    spread = np.tile([-1.0, 1.0], 5)
    for sign in (1, -1):
        below, above = (np.divide(d_z(sign * level + spread)[1:], sign * level) for level in (300, 400))
        assert below == pytest.approx(above, rel=1e-4)  # t = 900 and 1200
    assert d_z(-400 + spread) == pytest.approx(tuple(-limit for limit in (d_z(400 + spread)[i] for i in (0, 2, 1))))
    below, above = ([(1 - limit) * f for limit in eta2p_interval(f, 2, 40)] for f in (4e7, 6e7))
    assert below == pytest.approx(above, rel=1e-4)


def test_the_interval_of_epsilon_squared_is_90_percent_and_ends_at_1():
    low, high = epsilon2_interval(20, 2, 41)
    for share, tail in ((low, 0.95), (high, 0.05)):
        assert stats.ncx2.cdf(20, 2, share * 40) == pytest.approx(tail, abs=1e-8)
    assert epsilon2_interval(0.001, 2, 41) == (0, 0)
    assert epsilon2_interval(30, 2, 31)[1] == 1
    assert epsilon2_interval(300, 2, 31) == (1, 1)


def test_a_clustered_share_of_two_people_and_of_one_by_hand():
    # 1 and 3 of 4: share .5, variance 2/1 · (1 + 1) / 8² = 1/16, effective size .25 · 16 = 4; one person counts as one
    assert wilson_clustered(np.array([1, 3]), np.array([4, 4])) == pytest.approx(wilson(2, 4))
    assert wilson_clustered(np.array([3]), np.array([4])) == pytest.approx(wilson(0.75, 1))
