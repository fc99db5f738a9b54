"""One yes or no per participant: logistic regression and exact tests, never an ANOVA of noughts and ones."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.comparisons.binary import cochran, fisher, mcnemar
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
