"""Effect sizes and their intervals against R and hand-worked cases."""

import numpy as np
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.effects import (
    d_z,
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
