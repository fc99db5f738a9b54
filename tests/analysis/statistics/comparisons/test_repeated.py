"""Paired tests, Friedman, mixed linear and ordinal models against R and scipy."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.comparisons.friedman import friedman
from analysis.statistics.comparisons.paired import compare, t_test, wide, wilcoxon
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
