"""Participants and stimuli both random: equal to lme4, lmerTest and ordinal, in balanced and unbalanced data."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.regression import cumulative, logistic, mixed
from analysis.statistics.regression.cumulative import mixed_logistic_crossed, mixed_ordinal
from analysis.statistics.regression.groups import Groups, System, hessian_of, jacobian_of
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


def test_one_answer_each_and_equal_ones_have_no_crossed_model():
    one_each = pd.DataFrame({"participant": list("pqrstuvw"), "method": list("abababab")})
    one_each["y"] = [1, 0, 0, 1, 0, 0, 1, 1]
    for model in (mixed_ordinal, mixed_logistic_crossed):
        with pytest.raises(NotDefined, match="each participant has one answer"):
            model(one_each, "y", ["method"])
    repeated = pd.concat([one_each, one_each])
    few = pd.DataFrame({"participant": list("ppqq"), "method": list("abab"), "y": range(4)})
    for data, said in ((repeated.assign(y=3), "all answers are equal"),
                       (repeated.assign(method="a"), "no factor has two observed levels"),
                       (few, "no more answers than coefficients")):  # fmt: skip
        with pytest.raises(NotDefined, match=said):
            mixed_ordinal(data, "y", ["method"])


def test_groups_sum_over_participants_and_stimuli_and_give_each_answer_its_own():
    groups = Groups(np.array([0, 0, 1]), np.array([0, 1, 1]))
    assert groups.sizes == (2, 2)
    assert groups.together(np.array([1.0, 2, 4])).tolist() == [[1, 2], [0, 4]]
    assert groups.spread(np.array([10.0, 20]), np.array([1.0, 2])).tolist() == [11, 12, 22]
    first, second = groups.sums(np.array([[1.0, 10], [2, 20], [4, 40]]))
    assert (first.tolist(), second.tolist()) == ([[3, 30], [4, 40]], [[1, 10], [6, 60]])
    alone = Groups(np.array([0, 0, 1]))
    assert alone.sizes == (2, 0)
    assert alone.together(np.ones(3)).shape == (2, 0)
    assert alone.spread(np.array([10.0, 20]), np.zeros(0)).tolist() == [10, 10, 20]


@pytest.mark.parametrize("stimuli", [0, 3])
def test_the_factored_system_is_the_matrix_written_out(stimuli):
    rng = np.random.default_rng(1)
    groups = Groups(np.repeat(np.arange(4), 3), np.tile(np.arange(stimuli), 4) if stimuli else None)
    weights, theta = rng.uniform(1, 2, 12), (0.7, 1.3 if stimuli else 0.0)
    system = System(groups.sums(weights), groups.together(weights), theta)
    z = np.equal.outer(groups.first, np.arange(4)).astype(float) * theta[0]
    if stimuli:
        z = np.hstack([z, np.equal.outer(groups.second, np.arange(stimuli)) * theta[1]])
    written = z.T @ (weights[:, None] * z) + np.eye(4 + stimuli)
    assert system.log_determinant == pytest.approx(np.linalg.slogdet(written)[1])
    own, block, others = system.inverse()
    inverse = np.linalg.inv(written)
    assert own == pytest.approx(np.diag(inverse)[:4])
    assert others == pytest.approx(np.diag(inverse)[4:])
    assert block == pytest.approx(inverse[:4, 4:])
    for right in (rng.normal(size=4 + stimuli), rng.normal(size=(4 + stimuli, 2))):
        assert np.concatenate(system.solve(right[:4], right[4:])) == pytest.approx(inverse @ right)


def test_derivatives_by_differences_are_those_by_hand():
    point = np.array([0.5, -1.0])
    found = hessian_of(lambda x: np.exp(x[0] * x[1]) + x[0] ** 4, point, np.array([0.01, 0.02]))
    e = np.exp(-0.5)
    assert found == pytest.approx(np.array([[e + 12 * 0.25, e / 2], [e / 2, e / 4]]), rel=1e-6)
    slopes = jacobian_of(lambda x: np.array([np.exp(x[0]), x[0] * x[1] ** 3]), point, 0.01)
    assert slopes == pytest.approx(np.array([[np.exp(0.5), 0], [-1, 1.5]]), abs=1e-8)


@pytest.mark.parametrize(
    ("module", "model", "told", "converged"),
    [
        (logistic, mixed_logistic, {"fun": np.nan, "jac": 0}, False),
        (logistic, mixed_logistic, {"fun": 1e6, "jac": 0.5}, False),
        (logistic, mixed_logistic, {"fun": 1e6, "jac": 0.009}, True),
        (cumulative, mixed_ordinal, {"fun": np.inf, "jac": 0}, False),
        (cumulative, mixed_ordinal, {"fun": 90, "jac": 0.02}, False),
        (cumulative, mixed_ordinal, {"fun": -90, "jac": 0.009}, True),
        (cumulative, mixed_ordinal, {"fun": 1000, "jac": 0.2}, False),
        (cumulative, mixed_ordinal, {"fun": -1000, "jac": 0.09}, True),
    ],
)
def test_a_fit_that_ends_on_a_slope_or_nowhere_is_refused(module, model, told, converged, monkeypatch):
    minimize = module.optimize.minimize

    def ended(*arguments, **options):
        found = minimize(*arguments, **options)
        found.fun, found.jac = told["fun"], np.append(np.zeros(len(found.x) - 1), -told["jac"])
        return found

    monkeypatch.setattr(module.optimize, "minimize", ended)
    if converged:
        assert model(trials(True), "correct", ["method"])["estimate"].notna().all()
        return
    with pytest.raises(NotDefined, match="did not converge") as refused:
        model(trials(True), "correct", ["method"])
    assert refused.value.terms == ("(Intercept)", "method[B]")


@pytest.mark.parametrize("variance", [np.nan, np.inf, 0.0, -1.0])
def test_a_linear_model_without_a_residual_variance_is_refused(variance, monkeypatch):
    fit = mixed._Sums.fit
    monkeypatch.setattr(mixed._Sums, "fit", lambda sums, theta: (fit(sums, theta)[0], variance, fit(sums, theta)[2]))
    with pytest.raises(NotDefined, match="did not converge"):
        mixed_linear(trials(True), "rating", ["method"])
