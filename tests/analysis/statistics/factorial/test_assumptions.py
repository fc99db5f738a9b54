"""Shapiro-Wilk and Levene against R."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.factorial.assumptions import levene, normality, residuals
from tests.analysis.reference_data import R, frame

FACTORS = ["heatmap", "score"]
CASES = list(product(("balanced96", "unbalanced71"), ("fraction_correct", "saliency_ratio")))


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_normality_is_tested_on_residuals(name, outcome):
    # shapiro.test(residuals(m))
    found = normality(frame(name), outcome, FACTORS).iloc[0]
    assert found["W"] == pytest.approx(R[name][outcome]["shapiro_residuals"]["W"], abs=1e-8)
    assert found["p"] == pytest.approx(R[name][outcome]["shapiro_residuals"]["p"], abs=1e-8)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_levene_about_the_median_on_cells_and_factors(name, outcome):
    # car::leveneTest(y, g, center = median)
    found = levene(frame(name), outcome, FACTORS).set_index("term")
    for term in ("cells", "heatmap", "score"):
        expected = R[name][outcome][f"levene_{term}_median"]
        for column in ("F", "df1", "df2", "p"):
            assert found[column][term] == pytest.approx(expected[column], abs=1e-8)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_equality_of_variances_is_neither_about_the_mean_nor_bartlett_s(name, outcome):
    # car::leveneTest(y, g, center = mean), bartlett.test(y, interaction(heatmap, score)): other tests
    found = levene(frame(name), outcome, FACTORS).set_index("term")
    for term in ("cells", "heatmap", "score"):
        assert abs(found["F"][term] - R[name][outcome][f"levene_{term}_mean"]["F"]) > 1e-3
    assert abs(found["p"]["cells"] - R[name][outcome]["brown_or_bartlett"]["p"]) > 1e-4


def test_constant_data_are_not_defined():
    data = frame("balanced96").assign(fraction_correct=0.5)
    with pytest.raises(NotDefined, match="residuals are zero"):
        normality(data, "fraction_correct", FACTORS)
    found = levene(data, "fraction_correct", FACTORS)
    assert found["p"].isna().all()
    assert found["reason"].str.len().min() > 0


def test_two_values_per_group_have_no_varying_deviation():
    data = pd.DataFrame({"group": ["a", "a", "b", "b"], "y": [1.0, 2.0, 4.0, 9.0]})
    found = levene(data, "y", ["group"]).iloc[0]
    assert np.isnan(found["p"])
    assert "do not vary" in found["reason"]


def test_shapiro_says_where_its_p_ends():
    data = pd.DataFrame({"y": np.random.default_rng(1).normal(size=5001), "group": ["a", "b", "c"] * 1667})
    with pytest.raises(NotDefined, match="5000"):
        normality(data, "y", ["group"])


def test_three_values_and_5000_have_a_shapiro_wilk_test_and_two_have_none():
    expected = stats.shapiro([-1.0, -1.0, 2.0])
    found = normality(pd.DataFrame({"y": [1.0, 1.0, 4.0], "group": ["a"] * 3}), "y", ["group"]).iloc[0]
    assert (found["W"], found["p"]) == pytest.approx((expected.statistic, expected.pvalue))
    many = pd.DataFrame({"y": np.random.default_rng(1).normal(size=5000), "group": ["a", "b"] * 2500})
    assert 0 < normality(many, "y", ["group"])["p"].item() <= 1
    with pytest.raises(NotDefined, match="needs three values, there are 2") as refused:
        normality(pd.DataFrame({"y": [1.0, 4.0], "group": ["a"] * 2}), "y", ["group"])
    assert refused.value.terms == ("residuals",)


def test_residuals_are_taken_from_each_cell_s_own_mean():
    data = pd.DataFrame({"a": list("xxyyz"), "b": list("uuuuu"), "y": [1, 3, 10, 20, 7]})
    assert residuals(data, "y", ["a", "b"]).tolist() == [-1, 1, -5, 5, 0]
    assert residuals(data, "y", ["b"]).tolist() == pytest.approx([-7.2, -5.2, 1.8, 11.8, -1.2])


def test_levene_s_test_says_what_it_lacks_by_factor():
    data = pd.DataFrame({"a": list("xxxyyyz"), "b": list("uvwuvwv"), "y": [1, 2, 6, 3, 3, 9, 4.0]})
    found = levene(data, "y", ["a", "b"]).set_index("term")
    assert found.loc[["cells", "a"], "reason"].tolist() == ["a group has fewer than two values"] * 2
    w = stats.levene([1, 3], [2, 3, 4], [6, 9], center="median")
    assert found.loc["b", ["F", "df1", "df2", "p"]].tolist() == pytest.approx([w.statistic, 2, 4, w.pvalue])
    alone = levene(data.assign(a="x"), "y", ["a"])
    assert alone[["term", "reason"]].to_numpy().tolist() == [["cells", "there is only one group"]]
    assert alone[["F", "df1", "df2", "p"]].isna().all(axis=None)
