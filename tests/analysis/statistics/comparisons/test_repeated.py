"""Paired tests, Friedman, mixed linear and ordinal models against R and scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.comparisons.friedman import broken_ties as ties_of_friedman
from analysis.statistics.comparisons.friedman import friedman
from analysis.statistics.comparisons.paired import BLANKS, broken_ties, compare, t_test, wide, wilcoxon
from analysis.statistics.effects import d_z, rank_biserial_paired
from analysis.statistics.regression.mixed import mixed_linear
from analysis.statistics.regression.ordinal import ordinal
from tests.analysis.reference_data import MORE, R, rows, trials


def test_paired_tests_equal_r():
    # wilcox.test(A, B, paired = TRUE, exact = FALSE, correct = FALSE); t.test(A, B, paired = TRUE)
    expected = R["paired_method"]
    found = compare(wide(trials(), "correct", ["method"])).set_index("term")
    assert found["V"]["wilcoxon"] == expected["wilcox_V"]
    assert found["p"]["wilcoxon"] == pytest.approx(expected["wilcox_p"], abs=1e-8)
    assert found["t"]["t"] == pytest.approx(expected["t"], abs=1e-8)
    assert found["df"]["t"] == expected["df"]
    assert found["p"]["t"] == pytest.approx(expected["t_p"], abs=1e-8)
    assert [found["ci_low"]["t"], found["ci_high"]["t"]] == pytest.approx(expected["ci"], abs=1e-8)
    assert found["diff"]["t"] == pytest.approx(expected["mean_diff"], abs=1e-10)


def test_ties_broken_by_rounding_are_said_with_what_tied_differences_give():
    # wilcox.test(A, B, paired = TRUE, exact = FALSE, correct = FALSE [, digits.rank = 7])
    means = wide(trials(), "correct", ["method"])
    found = compare(means).set_index("term")
    assert found["warning"]["wilcoxon"].endswith("tied they give V = 135.5, p = 0.0412")
    assert found["warning"]["t"] == ""
    assert compare((10 * means).round()).set_index("term")["V"]["wilcoxon"] == 135.5
    assert not compare((10 * means).round())["warning"].any()


def test_few_untied_differences_are_exact():
    a, b = np.array([1.1, 2.3, 3.2, 4.8]), np.zeros(4)
    assert wilcoxon(a, b)[:2] == (10.0, pytest.approx(2 / 16))


def test_pairs_are_adjusted_for_each_test_and_use_who_has_both():
    table = pd.DataFrame({"x": [1.0, 2, 3, 4, np.nan], "y": [2.0, 4, 3, 7, 9], "z": [0.0, 1, 5, 1, 2]})
    found = compare(table)
    assert len(found) == 6
    assert found.query("a == 'x'")["n"].tolist() == [4, 4, 4, 4]
    assert (found["p_adjusted"] >= found["p"]).all()
    assert (found["p_adjusted"] <= 3 * found["p"] + 1e-12).all()


def test_equal_conditions_are_not_defined():
    table = pd.DataFrame({"x": [1.0, 2, 3], "y": [1.0, 2, 3]})
    found = compare(table)
    assert found["p"].isna().all()
    assert found["reason"].str.len().min() > 0
    with pytest.raises(NotDefined):
        t_test(table["x"], table["x"] + 1)


def test_friedman_equals_r():
    # friedman.test(stages): mean ratings of the items i07-i13, i00-i06 and i14-i19, with ties
    data = trials()
    stage = pd.cut(data["item"].str[1:].astype(int), [-1, 6, 13, 19], labels=False)
    table = data.groupby(["participant", stage])["rating"].mean().unstack()
    found = friedman(table, "stage").iloc[0]
    expected = MORE["friedman"]
    assert (found["chi2"], found["df"], found["p"]) == pytest.approx(tuple(expected.values()), abs=1e-10)
    assert found["kendall_w"] == pytest.approx(expected["chi2"] / (40 * 2))


def test_kendall_s_w_is_one_for_the_same_order():
    ordered = pd.DataFrame({"x": [1.0, 2, 3], "y": [2.0, 3, 4], "z": [5.0, 6, 7]})
    assert friedman(ordered, "stage")["kendall_w"].item() == pytest.approx(1)


def test_friedman_of_all_ties_is_not_defined():
    with pytest.raises(NotDefined, match="same value"):
        friedman(pd.DataFrame(np.ones((5, 3))), "stage")


def test_mixed_linear_equals_lmer():
    # lmer(rating ~ method + (1 | participant))
    found = mixed_linear(trials(), "rating", ["method"]).set_index("term")
    for ours, theirs in (("(Intercept)", "(Intercept)"), ("method[B]", "methodB")):
        expected = rows(R["lmer_rating"]["coef"])[theirs]
        assert found["estimate"][ours] == pytest.approx(expected["Estimate"], abs=1e-5)
        assert found["se"][ours] == pytest.approx(expected["Std..Error"], abs=1e-5)
        assert found["t"][ours] == pytest.approx(expected["t.value"], abs=1e-4)
    for ours, expected in zip(("sd(participant)", "sd(residual)"), R["lmer_rating"]["var"], strict=True):
        assert found["estimate"][ours] == pytest.approx(expected["sdcor"], abs=1e-5)


def test_mixed_linear_without_differences_between_people_is_plain_regression():
    values = {"A": (1, 2, 6), "B": (2, 5, 8)}
    rows_ = [(f"p{i}", m, y) for i in range(9) for m, ys in values.items() for y in ys]
    data = pd.DataFrame(rows_, columns=["participant", "method", "rating"])
    found = mixed_linear(data, "rating", ["method"]).set_index("term")
    assert found["estimate"]["(Intercept)"] == pytest.approx(3)
    assert found["estimate"]["method[B]"] == pytest.approx(2)
    assert found["estimate"]["sd(participant)"] == 0
    pooled = np.sqrt((9 * 14 + 9 * 18) / 52)
    assert found["estimate"]["sd(residual)"] == pytest.approx(pooled)


def test_ordinal_equals_clm():
    # clm(factor(rating) ~ method)
    found = ordinal(trials(), "rating", ["method"], clustered=False).set_index("term")
    for term, expected in rows(R["clm_rating"]).items():
        ours = "method[B]" if term == "methodB" else term
        assert found["estimate"][ours] == pytest.approx(expected["Estimate"], abs=5e-5)
    assert found["se"]["method[B]"] == pytest.approx(rows(R["clm_rating"])["methodB"]["Std..Error"], abs=5e-5)


def test_ordinal_answers_of_one_person_depend_on_each_other():
    plain = ordinal(trials(), "rating", ["group"], clustered=False)["se"].iloc[0]
    clustered = ordinal(trials(), "rating", ["group"])["se"].iloc[0]
    assert clustered > 1.2 * plain


@pytest.mark.parametrize("model", [mixed_linear, ordinal])
def test_equal_answers_are_not_defined(model):
    with pytest.raises(NotDefined, match="equal"):
        model(trials().assign(rating=3), "rating", ["method"])


@pytest.mark.parametrize(("n", "method"), [(50, "exact"), (51, "asymptotic")])
def test_up_to_fifty_untied_differences_are_tested_exactly(n, method):
    differences = np.where(np.arange(n) % 3, 1, -1) * (1.0 + np.arange(n))
    expected = stats.wilcoxon(differences, correction=False, method=method).pvalue
    assert wilcoxon(differences, np.zeros(n))[1] == expected


@pytest.mark.parametrize(("differences", "v"), [([1, -2, 3, 4, 0], 8), ([1, -2, 3, 3, 5], 13)])
def test_ties_and_zeros_are_tested_by_the_normal_distribution(differences, v):
    expected = stats.wilcoxon(differences, correction=False, method="asymptotic").pvalue
    assert wilcoxon(np.array(differences), np.zeros(5))[:2] == (v, expected)


def test_conditions_that_differ_by_rounding_alone_are_equal():
    a, b = np.array([0.1 + 0.2, 0.7]), np.array([0.3, 0.1 + 0.6])
    with pytest.raises(NotDefined, match="all paired differences are zero"):
        wilcoxon(a, b)
    assert broken_ties(a, b) == ""
    assert broken_ties(np.array([1.0, 3, 2]), np.zeros(3)) == ""
    assert "tied they give V = 3, p = " in broken_ties(np.array([0.8, 0.7]), np.array([0.7, 0.6]))


def test_two_people_are_enough_for_a_pair_and_one_or_none_is_not():
    found = compare(pd.DataFrame({"x": [1.0, 2, np.nan], "y": [2.0, 5, 1]})).set_index("term")
    assert found["n"].tolist() == [2, 2]
    assert (found.loc["t", "df"], found.loc["t", "t"]) == pytest.approx((1, -2))
    assert found.loc["wilcoxon", "p"] == pytest.approx(0.5)
    for table in ({"x": [1.0, np.nan], "y": [2.0, 5]}, {"x": [1.0, np.nan], "y": [np.nan, 5]}):
        few = compare(pd.DataFrame(table))
        assert set(few["reason"]) == {"fewer than two participants have both conditions"}
    assert few["mean_a"].isna().all()


def test_a_pair_s_effect_and_limits_are_those_of_its_differences():
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.normal(size=(9, 2)), columns=["x", "y"])
    differences = (table["x"] - table["y"]).to_numpy()
    found = compare(table).set_index("term")
    own = found[["effect", "effect_low", "effect_high"]]
    assert own.loc["wilcoxon"].tolist() == pytest.approx(rank_biserial_paired(differences))
    assert own.loc["t"].tolist() == pytest.approx(d_z(differences))
    assert found["reason"].to_dict() == BLANKS


def test_friedman_of_two_people_by_hand_and_of_one_or_of_two_conditions_not():
    # ranks 1 2 3 and 1 3 2: χ² = 12 / (2 · 3 · 4) · (2² + 5² + 5²) − 3 · 2 · 4 = 3
    table = pd.DataFrame({"x": [1.0, 1], "y": [2.0, 3], "z": [3.0, 2]})
    found = friedman(table, "stage").iloc[0]
    assert (found["n"], found["chi2"], found["df"], found["kendall_w"]) == pytest.approx((2, 3, 2, 0.75))
    for few, reason in ((table[:1], "fewer than two participants"), (table[["x", "y"]], "needs three conditions")):
        with pytest.raises(NotDefined, match=reason) as refused:
            friedman(few, "stage")
        assert refused.value.terms == ("stage",)


def test_ranks_that_rounding_breaks_are_said_where_they_would_change_anything():
    near = pd.DataFrame({"x": [0.1 + 0.2, 1], "y": [0.3, 2], "z": [2.0, 3]})
    assert ties_of_friedman(near).startswith("values that differ by rounding alone are ranked apart")
    assert ties_of_friedman(near[1:]) == ties_of_friedman(near[:1]) == ties_of_friedman(near[["x", "y"]]) == ""
    assert ties_of_friedman(near.round(3)) == ""
    assert ties_of_friedman(pd.DataFrame({"x": [0.1 + 0.2] * 2, "y": [0.3] * 2, "z": [0.3] * 2})) == ""
