"""Shapiro-Wilk and Levene against R."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.factorial.assumptions import levene, normality
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
