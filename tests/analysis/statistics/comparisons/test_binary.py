"""One yes or no per participant: logistic regression and exact tests, never an ANOVA of noughts and ones."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.comparisons.binary import cochran, fisher, mcnemar, shares
from analysis.statistics.effects import wilson
from analysis.statistics.multiplicity import adjust
from analysis.statistics.regression.once import coefficients, deviance
from tests.analysis.analysed import analysed
from tests.analysis.reference_data import MODELS, frame, rows, trials

ONCE = MODELS["once"]


def people() -> pd.DataFrame:
    data = frame("unbalanced71")
    return data.assign(high=(data["fraction_correct"] > data["fraction_correct"].median()).astype(float))


def test_logistic_regression_equals_glm_and_its_type_3_tests():
    # Anova(glm(high ~ heatmap * score, binomial, contrasts = contr.sum), type = 3); coef(summary(glm(…)))
    expected_rows = MODELS["once"]
    found = deviance(people(), "high", ["heatmap", "score"]).set_index("term")
    for term, expected in rows(expected_rows["deviance"]).items():
        assert found.loc[term, "chi2"] == pytest.approx(expected["LR.Chisq"], abs=1e-8)
        assert found.loc[term, "p"] == pytest.approx(expected["Pr..Chisq."], abs=1e-9)
    table = coefficients(people(), "high", ["heatmap", "score"])
    for row, expected in zip(table.itertuples(), expected_rows["coefficients"], strict=True):
        assert (row.estimate, row.se) == pytest.approx((expected["Estimate"], expected["Std..Error"]), abs=1e-6)


def test_pairs_equal_fisher_test_and_the_exact_test_of_those_who_differ():
    # fisher.test(table(heatmap, high)); binom.test(only_a, only_a + only_b); Cochran's Q by hand
    found = fisher(people(), "high", ["heatmap"])
    assert found["p"].tolist() == pytest.approx(ONCE["fisher"], abs=1e-9)
    answers = trials().pivot(index="participant", columns="item", values="correct")[["i00", "i01", "i02"]]
    table = mcnemar(answers)
    for row, expected in zip(table.itertuples(), ONCE["mcnemar"], strict=True):
        assert [row.only_a, row.only_b] == expected["only"]
        assert row.p == pytest.approx(expected["p"], abs=1e-10)
        assert row.ci_low < row.diff < row.ci_high
    assert cochran(answers, "item")[["Q", "p"]].to_numpy()[0] == pytest.approx(ONCE["cochran"], abs=1e-10)


def test_limits_of_differences_by_hand():
    # Agresti and Min: middle (4.5 − 1.5) / 12, half 1.96 √(6 − 12 × 0.25²) / 12; of one person, cut at 1
    pairs = pd.DataFrame({"a": [1] * 4 + [0] * 6, "b": [0] * 4 + [1] + [0] * 5})
    (row,) = mcnemar(pairs).itertuples()
    assert (row.n, row.diff, row.ci_low, row.ci_high) == pytest.approx((10, 0.3, -0.12424, 0.62424), abs=1e-5)
    (row,) = mcnemar(pd.concat([pairs[:1], pairs[4:6]])).itertuples()
    assert (row.diff, row.p, row.reason) == (0, 1, "")  # as many changed one way as the other
    (row,) = mcnemar(pairs[:1]).itertuples()
    assert (row.ci_low, row.ci_high) == pytest.approx((1 / 3 - 0.84343, 1), abs=1e-5)
    (row,) = mcnemar(pairs[4:5]).itertuples()
    assert (row.ci_low, row.ci_high) == pytest.approx((-1, 0.84343 - 1 / 3), abs=1e-5)
    (row,) = mcnemar(pd.DataFrame({"a": [1, np.nan], "b": [np.nan, 0]})).itertuples()
    assert (row.n, row.only_a, row.only_b, row.reason) == (0, 0, 0, "nobody has both conditions")
    # Newcombe, of Wilson's limits (0.2307, 0.8824) and (0.0362, 0.6245); odds ratio 3 × 4 / (2 × 1)
    data = pd.DataFrame({"g": ["a"] * 5 + ["b"] * 5, "y": [1.0] * 3 + [0] * 2 + [1] + [0] * 4})
    (row,) = fisher(data, "y", ["g"]).itertuples()
    assert (row.diff, row.ci_low, row.ci_high) == pytest.approx((0.4, -0.1627, 0.7264), abs=2e-4)
    assert row.odds_ratio == pytest.approx(6)


def test_a_cell_of_one_answer_leaves_the_exact_tests():
    data = pd.DataFrame({"g": ["a"] * 5 + ["b"] * 5, "y": [1.0] * 5 + [0, 0, 0, 1, 0]})
    with pytest.raises(NotDefined, match="log odds are infinite"):
        deviance(data, "y", ["g"])
    (row,) = fisher(data, "y", ["g"]).itertuples()
    assert np.isnan(row.odds_ratio)
    assert row.p == pytest.approx(0.0476, abs=1e-4)


def report(tmp_path, within: bool, n=60) -> dict:
    rng = np.random.default_rng(3)
    rows = [(f"p{i}", "ab"[j] if within else "ab"[i % 2], int(rng.random() < 0.3 + 0.3 * (j if within else i % 2)))
            for i in range(n) for j in range(2 if within else 1)]  # fmt: skip
    pd.DataFrame(rows, columns=["p", "g", "y"]).to_csv(tmp_path / "t.csv", index=False)
    side = "within" if within else "between"
    (tmp_path / "m.toml").write_text(
        f'participant = "p"\n{side} = ["g"]\n[[outcomes]]\ncolumn = "y"\nkind = "binary"\n'
    )
    return analysed(None, csv=tmp_path / "t.csv", map_file=tmp_path / "m.toml")


@pytest.mark.parametrize(
    ("within", "expected"), [(False, ["y.deviance", "y.logistic", "y.fisher"]), (True, ["y.mcnemar"])]
)
def test_the_report_tests_them_so(tmp_path, within, expected):
    found = report(tmp_path, within)
    assert set(expected) <= set(found)
    assert not any(".anova" in id or ".paired" in id for id in found)
    shares = {term["level"]: term["share"] for term in found["y.descriptives"]["terms"]}
    assert 0 < shares["a"] < shares["b"] < 1
    assert json.dumps(found["y.descriptives"])


def test_shares_of_everybody_each_cell_and_each_level_by_hand():
    data = pd.DataFrame({"g": list("aabbb"), "h": list("uvuvv"), "y": [1.0, 0, 1, 1, np.nan]})
    found = shares(data, "y", ["g", "h"])
    counted = found[["term", "level", "n", "count"]].to_numpy().tolist()
    assert counted == [
        ["all", "all", 4, 3], ["cells", "a × u", 1, 1], ["cells", "a × v", 1, 0], ["cells", "b × u", 1, 1],
        ["cells", "b × v", 1, 1], ["g", "a", 2, 1], ["g", "b", 2, 2], ["h", "u", 2, 2], ["h", "v", 2, 1],
    ]  # fmt: skip
    assert found["share"].tolist() == (found["count"] / found["n"]).tolist()
    assert found.loc[0, ["ci_low", "ci_high"]].tolist() == pytest.approx(wilson(3, 4))
    assert shares(data.assign(y=np.nan), "y", ["g"]).empty


def test_p_is_adjusted_inside_each_factor_and_over_all_pairs_of_conditions():
    found = fisher(people(), "high", ["heatmap", "score"])
    for _, own in found.groupby("term"):
        assert own["p_adjusted"].tolist() == pytest.approx(adjust(own["p"]))
    answers = trials().pivot(index="participant", columns="item", values="correct")[["i00", "i01", "i02"]]
    table = mcnemar(answers, "bonferroni")
    assert table["p_adjusted"].tolist() == pytest.approx(np.minimum(1, 3 * table["p"]))


def test_exact_tests_without_anything_to_compare_say_so():
    data = pd.DataFrame({"g": ["a", "a"], "y": [1.0, 0]})
    with pytest.raises(NotDefined, match="no factor has two observed levels"):
        fisher(data, "y", ["g"])
    for statistic in (fisher, coefficients, deviance):
        with pytest.raises(NotDefined, match="no participant has a value"):
            statistic(data.assign(y=np.nan), "y", ["g"])
    for statistic in (coefficients, deviance):
        with pytest.raises(NotDefined, match="no factor has two observed levels"):
            statistic(data, "y", ["g"])
    (row,) = mcnemar(pd.DataFrame({"a": [1, 0], "b": [1, 0]})).itertuples()
    assert (row.n, row.diff, row.reason) == (2, 0, "everybody answered alike in both conditions")
    assert np.isnan(row.p)
    (none_at_all,) = fisher(pd.DataFrame({"g": list("aabb"), "y": [0.0] * 4}), "y", ["g"]).itertuples()
    assert (none_at_all.p, none_at_all.reason[:35]) == (1, "a level holds only yes or only no, ")


def test_cochran_s_q_needs_three_conditions_and_somebody_who_differs():
    table = pd.DataFrame({"a": [1, 1, 0, np.nan], "b": [0, 1, 1, 1], "c": [0, 0, 0, 1]})
    with pytest.raises(NotDefined, match="needs three conditions") as refused:
        cochran(table[["a", "b"]], "stage")
    assert refused.value.terms == ("stage",)
    with pytest.raises(NotDefined, match="everybody answered alike") as refused:
        cochran(pd.DataFrame({"a": [1, 0], "b": [1, 0], "c": [1, 0]}), "stage")
    assert refused.value.terms == ("stage",)
    # sums of columns 2, 2, 0 and of people 1, 2, 1: 3 · 2 · ((2/3)² + (2/3)² + (4/3)²) / (1 · 2 + 2 · 1 + 1 · 2)
    (row,) = cochran(table, "stage").itertuples()
    assert (row.n, row.Q, row.df) == (3, pytest.approx(6 * (24 / 9) / 6), 2)


def test_logistic_regression_refuses_a_combination_that_never_occurs():
    data = pd.DataFrame({"g": list("aaabbb") * 2, "h": list("uvuuuu") * 2, "y": [1.0, 0, 0, 1, 0, 1] * 2})
    for statistic in (coefficients, deviance):
        with pytest.raises(NotDefined, match="a combination of levels never occurs") as refused:
            statistic(data, "y", ["g", "h"])
        assert refused.value.terms == ("g", "h", "g:h")


def test_cohen_s_w_has_the_limits_of_its_noncentrality():
    # χ² / n = w²; the noncentral χ² has 5 % beyond either limit
    found = deviance(people(), "high", ["heatmap"]).iloc[0]
    assert found["w"] == pytest.approx(np.sqrt(found["chi2"] / 71))
    assert stats.ncx2.cdf(found["chi2"], found["df"], 71 * found["w_high"] ** 2) == pytest.approx(0.05)
    sure = pd.DataFrame({"g": ["a"] * 50 + ["b"] * 50, "y": [1.0] * 40 + [0] * 20 + [1] * 10 + [0] * 30})
    found = deviance(sure, "y", ["g"]).iloc[0]
    assert stats.ncx2.cdf(found["chi2"], 1, 100 * found["w_low"] ** 2) == pytest.approx(0.95)
