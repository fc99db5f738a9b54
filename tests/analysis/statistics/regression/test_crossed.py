"""Participants and stimuli both random: equal to lme4, lmerTest and ordinal, in balanced and unbalanced data."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.regression.cumulative import mixed_logistic_crossed, mixed_ordinal
from analysis.statistics.regression.logistic import mixed_logistic
from analysis.statistics.regression.mixed import mixed_linear
from tests.analysis.reference_data import MODELS, R, trials

FACTORS = ["method", "group"]


def check(found: pd.DataFrame, expected: dict, columns: dict[str, str], tolerance: float, terms: int = 4) -> None:
    """Compare coefficients in R's order, and the SDs behind them."""
    coefficients = found[~found["term"].str.startswith("sd(") & ~found["term"].str.contains("|", regex=False)]
    answers = [row for row in expected["coef"] if "|" not in row["term"]]
    assert len(coefficients) == len(answers) == terms
    for row, answer in zip(coefficients.to_dict("records"), answers, strict=True):
        for own, theirs in columns.items():
            assert row[own] == pytest.approx(answer[theirs], rel=tolerance, abs=tolerance), (row["term"], own)
    sds = found.loc[found["term"].str.startswith("sd("), "estimate"].tolist()
    assert sds == pytest.approx(np.atleast_1d(expected["sd"]), rel=10 * tolerance)


@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize(("key", "stimulus"), [("lmer_satterthwaite", ""), ("lmer_crossed", "item")])
def test_linear_equals_lmer_test_with_satterthwaite_s_degrees_of_freedom(thin, key, stimulus):
    # lmerTest: lmer(rating ~ method * group + (1 | participant) [+ (1 | item)]), coef(summary(m))
    found = mixed_linear(trials(thin), "rating", FACTORS, stimulus=stimulus)
    columns = {"estimate": "Estimate", "se": "Std..Error", "df": "df", "t": "t.value", "p": "Pr...t.."}
    check(found, MODELS[key + ("_thin" if thin else "")], columns, 1e-5)


@pytest.mark.parametrize("thin", [False, True])
def test_logistic_equals_glmer(thin):
    # glmer(correct ~ method * group + (1 | participant) + (1 | item), binomial, tolPwrss = 1e-12)
    found = mixed_logistic_crossed(trials(thin), "correct", FACTORS, stimulus="item")
    columns = {"estimate": "Estimate", "se": "Std..Error", "p": "Pr...z.."}
    check(found, MODELS["glmer_crossed" + ("_thin" if thin else "")], columns, 5e-4)


def test_lme4_s_own_tolerance_stops_a_little_early():
    # glmer(correct ~ method * group + (1 | participant) + (1 | item), binomial): tolPwrss = 1e-7
    found = mixed_logistic_crossed(trials(), "correct", FACTORS, stimulus="item")
    fixed = [row["Estimate"] for row in R["glmer_laplace"]["fixef"]]
    assert found["estimate"][:4].tolist() == pytest.approx(fixed, abs=2e-3)


@pytest.mark.parametrize(
    ("key", "thin", "stimulus"),
    [("clmm_crossed", False, "item"), ("clmm_crossed_thin", True, "item"), ("clmm_one", True, "")],
)
def test_ordinal_equals_clmm(key, thin, stimulus):
    # clmm(rating ~ method * group + (1 | participant) [+ (1 | item)])
    found = mixed_ordinal(trials(thin), "rating", FACTORS, stimulus=stimulus)
    columns = {"estimate": "Estimate", "se": "Std..Error", "z": "z.value"}
    check(found, MODELS[key], columns, 5e-4, terms=3)
    cuts = found.loc[found["term"].str.contains("|", regex=False), "estimate"].tolist()
    assert cuts == pytest.approx([row["Estimate"] for row in MODELS[key]["coef"] if "|" in row["term"]], abs=1e-4)


def test_two_points_are_the_logistic_model():
    data = trials().assign(rating=trials()["correct"] + 1)
    ordered = mixed_ordinal(data, "rating", FACTORS, stimulus="item")
    logistic = mixed_logistic_crossed(data, "correct", FACTORS, stimulus="item")
    assert ordered["estimate"][:3].tolist() == pytest.approx(logistic["estimate"][1:4].tolist(), abs=1e-6)


def test_more_stimuli_than_participants_and_no_spread_are_borne():
    rng = np.random.default_rng(2)
    rows = [(f"p{i}", f"s{j}", "ab"[(i + j) % 2], rng.normal()) for i in range(5) for j in range(30)]
    data = pd.DataFrame(rows, columns=["participant", "item", "method", "y"])
    found = mixed_linear(data, "y", ["method"], stimulus="item").set_index("term")
    plain = np.linalg.lstsq(
        np.column_stack([np.ones(150), data["method"] == "b"]).astype(float), data["y"], rcond=None
    )[0]
    assert found.loc["sd(stimulus)", "estimate"] < 0.3
    assert found.loc["method[b]", "estimate"] == pytest.approx(plain[1], abs=0.05)
    assert (found.loc[["(Intercept)", "method[b]"], "df"] > 1).all()


def test_one_stimulus_is_not_enough():
    data = trials().assign(item="i00")
    with pytest.raises(NotDefined, match="stimuli needs at least two"):
        mixed_linear(data, "rating", FACTORS, stimulus="item")


@pytest.mark.parametrize("model", [mixed_ordinal, mixed_logistic_crossed, mixed_logistic])
def test_people_who_each_gave_one_answer_throughout_are_refused(model):
    rows = [(f"p{i}", "ab"[i % 2], i // 2 % 2) for i in range(12) for _ in range(3)]
    data = pd.DataFrame(rows, columns=["participant", "method", "y"])
    with pytest.raises(NotDefined, match="every participant gave one answer throughout"):
        model(data, "y", ["method"])
