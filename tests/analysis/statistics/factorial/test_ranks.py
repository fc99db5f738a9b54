"""Kruskal-Wallis, Dunn and adjusted p values against R."""

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs

from analysis.statistics.descriptives import descriptives
from analysis.statistics.factorial.ranks import dunn, kruskal
from analysis.statistics.multiplicity import adjust
from tests.analysis.reference_data import R, frame

FACTORS = ["heatmap", "score"]
SETS = ["balanced96", "unbalanced71"]


@pytest.mark.parametrize("name", SETS)
def test_kruskal_equals_r_over_cells_and_factors(name):
    # kruskal.test(confidence, g)
    found = kruskal(frame(name), "confidence", FACTORS).set_index("term")
    for term in ("cells", "heatmap", "score"):
        for column in ("H", "df", "p"):
            assert found[column][term] == pytest.approx(R[name][f"kruskal_confidence_{term}"][column], abs=1e-8)
    assert found["epsilon2"]["heatmap"] == pytest.approx(
        R[name]["epsilon2_confidence_heatmap"][0]["rank_epsilon_squared"], abs=1e-8
    )


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("correction", "column"), [("holm", "p_holm"), ("fdr", "p_bh"), ("bonferroni", "p_bonf")])
def test_dunn_is_two_sided_with_ties(name, correction, column):
    # Dunn (1964) by hand in R
    found = dunn(frame(name), "confidence", ["heatmap"], correction)
    for row, expected in zip(found.itertuples(), R[name]["dunn_confidence_heatmap"], strict=True):
        assert (row.a, row.b) == (expected["a"], expected["b"])
        assert row.z == pytest.approx(expected["z"], abs=1e-8)
        assert row.p == pytest.approx(expected["p_unadj"], abs=1e-8)
        assert row.p_adjusted == pytest.approx(expected[column], abs=1e-8)


def test_dunn_equals_scikit_posthocs():
    data = frame("unbalanced71")
    matrix = scikit_posthocs.posthoc_dunn(data, "confidence", "heatmap", p_adjust="holm")
    for row in dunn(data, "confidence", ["heatmap"]).itertuples():
        assert row.p_adjusted == pytest.approx(matrix.loc[row.a, row.b], abs=1e-8)


@pytest.mark.parametrize("name", SETS)
def test_medians_and_quartiles_are_r_type_7(name):
    # quantile(confidence, c(.5, .25, .75), type = 7)
    found = descriptives(frame(name), "confidence", FACTORS).query("term == 'heatmap'").set_index("level")
    for row in R[name]["medians_confidence"]:
        assert found.loc[row["heatmap"], ["median", "q1", "q3"]].tolist() == row["confidence"]


@pytest.mark.parametrize(("ours", "r_name"), [("holm", "holm"), ("fdr", "BH"), ("bonferroni", "bonferroni")])
def test_adjusted_p_values_equal_p_adjust(ours, r_name):
    # p.adjust(p, method)
    assert adjust(R["p_adjust"]["p"], ours) == pytest.approx(R["p_adjust"][r_name], abs=1e-10)


def test_an_undefined_p_value_is_no_member_of_the_family():
    assert adjust([0.01, np.nan, 0.02])[[0, 2]].tolist() == adjust([0.01, 0.02]).tolist()


def test_all_equal_values_are_not_defined():
    data = frame("balanced96").assign(confidence=3)
    found = kruskal(data, "confidence", FACTORS)
    assert found["p"].isna().all()
    assert set(found["reason"]) == {"all values are equal"}
    assert dunn(data, "confidence", FACTORS).empty


def test_ties_broken_by_rounding_are_said():
    data = frame("balanced96")
    noisy = data.assign(confidence=data["confidence"] / 10 + np.where(data.index % 2, 1e-17, 1e-16))
    with pytest.warns(UserWarning, match="ranked apart"):
        kruskal(noisy, "confidence", ["heatmap"])


def test_every_group_appears_in_the_descriptives():
    found = descriptives(frame("balanced96"), "confidence", FACTORS)
    assert found.groupby("term", sort=False).size().to_dict() == {"all": 1, "cells": 6, "heatmap": 3, "score": 2}
    assert found.query("term == 'cells'")["n"].tolist() == [16] * 6


def test_a_group_of_one_two_or_nobody_in_the_descriptives():
    data = pd.DataFrame({"g": list("abbc"), "y": [1.0, 2, 4, np.nan]})
    found = descriptives(data, "y", ["g"]).set_index("level")
    assert found["n"].to_dict() == {"all": 3, "a": 1, "b": 2, "c": 0}
    assert found["reason"].to_dict() == {"all": "", "a": "one value has no spread", "b": "", "c": "no value"}
    assert found.loc["b", ["mean", "sd", "median", "min", "max"]].tolist() == pytest.approx([3, 2**0.5, 3, 2, 4])
    assert found.loc["b", ["ci_low", "ci_high"]].tolist() == pytest.approx([3 - 12.706205, 3 + 12.706205])
    assert found.loc["a", ["sd", "ci_low", "ci_high"]].isna().all()
    assert found.loc["a", ["mean", "q1", "q3"]].tolist() == [1, 1, 1]
    assert found.loc["c"].drop(["term", "n", "reason"]).isna().all()


def test_descriptives_of_repeated_answers_count_people():
    rows = [(p, s, y) for p, ys in (("p", (1, 3)), ("q", (4, 8))) for s, y in zip("ab", ys, strict=True)]
    data = pd.DataFrame(rows, columns=["participant", "stage", "y"])
    data = pd.concat([data, data[:1].assign(y=2)])  # p's stage a is 1.5 in the mean, and all of p 2
    found = descriptives(data, "y", ["stage"], within=["stage"]).set_index("level")
    assert found["n"].tolist() == [2, 2, 2]
    assert found["mean"].tolist() == [4, 2.75, 5.5]
    assert descriptives(data, "y", ["stage"])["n"].tolist() == [5, 3, 2]


def test_without_a_second_level_there_is_nothing_to_rank():
    found = kruskal(frame("balanced96").query("heatmap == 'none'"), "confidence", ["heatmap"])
    assert found["reason"].tolist() == ["no factor has two observed levels"]
    assert found[["H", "df", "p", "epsilon2"]].isna().all(axis=None)


def test_pairs_after_two_levels_are_left_out_and_cells_adjusted_by_themselves():
    found = dunn(frame("balanced96"), "confidence", FACTORS, "bonferroni")
    assert found.groupby("term", sort=False).size().to_dict() == {"cells": 15, "heatmap": 3}
    for term, pairs in found.groupby("term", sort=False):
        assert pairs["p_adjusted"].tolist() == pytest.approx(np.minimum(1, len(pairs) * pairs["p"])), term
    assert found["diff"].tolist() == pytest.approx((found["mean_rank_a"] - found["mean_rank_b"]).tolist())
