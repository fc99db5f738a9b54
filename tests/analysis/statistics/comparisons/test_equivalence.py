"""Two one-sided tests against R's t.test, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.comparisons.equivalence import between, paired, welch, within
from tests.analysis.reference_data import MORE, R, frame, trials


def groups():
    data = frame("unbalanced71")
    return [data.loc[data["heatmap"] == level, "fraction_correct"].to_numpy() for level in ("none", "static")]


def test_two_one_sided_tests_equal_r():
    # t.test(none, static, mu = -.15, alternative = "greater"), mu = .15, "less"; t.test(conf.level = .9)
    expected = MORE["tost_welch_0.15"]
    found = welch(*groups(), 0.15)
    assert found[5] == pytest.approx(max(expected["p_low"], expected["p_high"]), abs=1e-10)
    assert found[6:] == pytest.approx(expected["ci90"], abs=1e-10)


def test_is_significant_just_when_the_interval_lies_inside_the_bound():
    low, high = welch(*groups(), 1.0)[6:]
    edge = max(-low, high)
    assert welch(*groups(), edge * 1.001)[5] < 0.05 < welch(*groups(), edge * 0.999)[5]


def test_paired_tests_use_the_differences_of_people():
    # t.test(A, B, paired = TRUE)
    means = trials().groupby(["participant", "method"], observed=True)["correct"].mean().unstack()
    differences = (means["A"] - means["B"]).to_numpy()
    diff, se, df, *_ = paired(differences, 0.1)
    expected = R["paired_method"]
    assert (diff, df) == (pytest.approx(expected["mean_diff"]), expected["df"])
    assert diff / se == pytest.approx(expected["t"])


def test_every_pair_is_tested_and_adjusted_inside_its_factor():
    found = between(frame("unbalanced71"), "fraction_correct", ["heatmap", "score"], 0.2)
    assert found["term"].tolist() == ["heatmap"] * 3 + ["score"]
    assert found["p_adjusted"].iloc[3] == found["p"].iloc[3]
    assert (found["p_adjusted"] >= found["p"]).all()


def test_what_does_not_vary_says_so():
    found = within([("stage", "a", "b", np.zeros(9))], 0.1)
    assert np.isnan(found["p"].item())
    assert found["reason"].item() == "the paired differences do not vary"
    constant = pd.DataFrame({"g": list("aabb"), "y": [1.0, 1, 2, 2]})
    assert between(constant, "y", ["g"], 0.1)["reason"].item() == "neither group varies"
    with pytest.raises(NotDefined, match="two values"):
        welch(np.ones(1), np.ones(3), 0.1)


def test_both_one_sided_tests_by_hand():
    # differences −1, 0, 1 and the bound 2: M = 0, SE = 1/√3, t = ± 2√3 on 2 degrees of freedom
    diff, se, df, t_low, t_high, p, low, high = paired(np.array([-1, 0, 1]), 2)
    assert (diff, se, df, t_low, t_high) == pytest.approx((0, 1 / 3**0.5, 2, 2 * 3**0.5, -2 * 3**0.5))
    assert p == pytest.approx(stats.t.sf(2 * 3**0.5, 2))
    assert (low, high) == pytest.approx((-stats.t.ppf(0.95, 2) / 3**0.5, stats.t.ppf(0.95, 2) / 3**0.5))
    assert paired(np.array([0, 1, 2]), 2)[5] == pytest.approx(stats.t.sf(3**0.5, 2))  # the worse of the two


def test_two_values_on_each_side_are_enough_and_one_side_may_be_flat():
    # means 1 and 3, variances 2 and 0 of two each: SE = 1, Welch's df = 1
    assert welch(np.array([0, 2]), np.array([3, 3]), 1)[:3] == pytest.approx((-2, 1, 1))
    assert paired(np.array([0, 2]), 1)[:3] == pytest.approx((1, 1, 1))
    for groups_ in ((np.ones(2), np.full(2, 3.0)), (np.ones(1), np.array([1, 2]))):
        with pytest.raises(NotDefined):
            welch(*groups_, 1)


@pytest.mark.parametrize("bound", [0, -0.1])
def test_a_bound_is_positive(bound):
    with pytest.raises(ValueError, match=f"bound: found {bound}, expected a positive number"):
        paired(np.array([0, 2]), bound)


def test_differences_that_are_rounding_alone_do_not_vary():
    with pytest.raises(NotDefined, match="do not vary"):
        paired(np.array([0.3, 0.3 + 1e-7]), 1, operands=5e7)
    assert paired(np.array([0.3, 0.3 + 1e-7]), 1)[2] == 1
    assert paired(np.array([1e-15, 2e-15]), 1)[2] == 1


def test_pairs_of_conditions_are_adjusted_together():
    rng = np.random.default_rng(1)
    found = within([("stage", a, b, rng.normal(0, 1, 12)) for a, b in ("xy", "xz", "yz")], 0.5, "bonferroni")
    assert found["p_adjusted"].tolist() == pytest.approx(np.minimum(1, 3 * found["p"]))
    assert set(found["reason"]) == {""}
