"""Different people in two studies: Welch, Mann-Whitney and Hedges g."""

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.comparisons.unpaired import compare
from analysis.statistics.multiplicity import adjust
from tests.analysis.reference_data import MORE, R, frame


def heatmap(level, name="unbalanced71", outcome="fraction_correct"):
    data = frame(name)
    return data.loc[data["heatmap"] == level, outcome].to_numpy()


def test_two_groups_equal_r():
    # t.test(none, static); wilcox.test(none, static, exact = FALSE, correct = FALSE); effectsize::hedges_g
    found = compare({"none": heatmap("none")}, {"static": heatmap("static")}).iloc[0]
    welch, ranks = MORE["welch_t"], MORE["mann_whitney"]
    assert (found["t"], found["df"], found["p"]) == pytest.approx((welch["t"], welch["df"], welch["p"]), abs=1e-10)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(welch["ci"], abs=1e-10)
    assert (found["U"], found["p_U"]) == pytest.approx((ranks["U"], ranks["p"]), abs=1e-10)
    assert found["g"] == pytest.approx(R["unbalanced71"]["fraction_correct"]["hedges_g_none_static"][0]["Hedges_g"])
    assert found["diff"] / found["se"] == pytest.approx(found["t"])


@pytest.mark.parametrize("name", ["balanced96", "unbalanced71"])
def test_pairwise_rank_tests_equal_r_but_for_its_continuity_correction(name):
    # pairwise.wilcox.test(confidence, heatmap, p.adjust = "holm")
    values = {level: heatmap(level, name, "confidence") for level in ("none", "static", "interactive")}
    corrected = []
    for a, b in (("none", "static"), ("none", "interactive"), ("static", "interactive")):
        found = compare({a: values[a]}, {b: values[b]}).iloc[0]
        distance = abs(found["U"] - len(values[a]) * len(values[b]) / 2)
        sd = distance / stats.norm.isf(found["p_U"] / 2)
        corrected.append(2 * stats.norm.sf((distance - 0.5) / sd))
    first, second = R[name]["pairwise_wilcox_holm"]
    expected = [first["none"], second["none"], second["static"]]
    assert adjust(corrected, "holm") == pytest.approx(expected, abs=1e-8)


def test_swapping_the_groups_turns_the_sign():
    one = compare({"a": heatmap("none")}, {"b": heatmap("static")}).iloc[0]
    other = compare({"b": heatmap("static")}, {"a": heatmap("none")}).iloc[0]
    assert (one["diff"], one["t"], one["g"]) == pytest.approx((-other["diff"], -other["t"], -other["g"]))
    assert (one["p"], one["p_U"]) == pytest.approx((other["p"], other["p_U"]))
    assert one["U"] + other["U"] == len(heatmap("none")) * len(heatmap("static"))


def test_p_is_adjusted_over_all_pairs_and_a_single_person_is_no_group():
    found = compare({"a": heatmap("none"), "x": np.array([0.5])}, {"b": heatmap("static"), "c": heatmap("interactive")})
    tested = found.dropna(subset="p")
    assert len(tested) == 2
    assert tested["p_adjusted"].min() == pytest.approx(2 * tested["p"].min())
    assert set(found.loc[found["p"].isna(), "reason"]) == {"each group needs two participants"}


def test_two_people_are_a_group_and_an_empty_one_has_no_mean():
    # means 1 and 4, variances 2 and 2 of two each: SE = √2, Welch's df = 2
    found = compare({"a": np.array([0.0, 2])}, {"b": np.array([3.0, 5]), "c": np.array([])})
    two, none = found.to_dict("records")
    assert (two["diff"], two["se"], two["df"], two["reason"]) == (-3, pytest.approx(2**0.5), pytest.approx(2), "")
    assert (two["U"], two["r"], two["n_a"], two["n_b"]) == (0, -1, 2, 2)
    assert (none["mean_a"], none["n_b"], none["reason"]) == (1, 0, "each group needs two participants")
    assert np.isnan([none[name] for name in ("mean_b", "diff", "p", "p_adjusted", "r_high")]).all()
    turned = compare({"c": np.array([])}, {"b": np.array([3.0, 5])}).iloc[0]
    assert np.isnan(turned["mean_a"])
    assert turned["mean_b"] == 4
