"""Mixed logistic regression and GEE against R's glmer and against statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import integrate

from analysis.errors import NotDefined
from analysis.statistics.regression.design import trials_design
from analysis.statistics.regression.gee import gee
from analysis.statistics.regression.logistic import log_likelihood, mixed_logistic, summed
from tests.analysis.reference_data import MORE, R, rows, trials

FACTORS = ["method", "group"]
NAMES = {
    "(Intercept)": "(Intercept)",
    "method[B]": "methodB",
    "group[nonexpert]": "groupnonexpert",
    "method[B]:group[nonexpert]": "methodB:groupnonexpert",
}


def taken_apart(data, factors):
    """Return y, X, the terms' names and each answer's participant."""
    found = trials_design(data, "correct", factors, "participant")
    return found.y, found.design, found.names, found.groups.first


@pytest.mark.parametrize("thin", [False, True])
def test_equals_glmer_with_fifteen_nodes(thin):
    # glmer(correct ~ method * group + (1 | participant), binomial, nAGQ = 15)
    expected = MORE["glmer_agq15_thin"] if thin else R["glmer_agq15_participant_only"]
    found = mixed_logistic(trials(thin), "correct", FACTORS).set_index("term")
    fixed = rows(expected["fixef"])
    for ours, theirs in NAMES.items():
        assert found["estimate"][ours] == pytest.approx(fixed[theirs]["Estimate"], abs=5e-5)
        assert found["se"][ours] == pytest.approx(fixed[theirs]["Std..Error"], abs=5e-5)
        assert found["p"][ours] == pytest.approx(fixed[theirs]["Pr...z.."], abs=2e-4)
    sd = expected["sd"] if thin else expected["var"][0]["sdcor"]
    assert found["estimate"]["sd(participant)"] == pytest.approx(sd, abs=5e-5)


def test_answers_of_one_person_are_not_independent():
    # glm(correct ~ method * group, binomial): what pooling all trials would claim to know about the groups
    naive = rows(R["glm_naive"])["groupnonexpert"]
    found = mixed_logistic(trials(), "correct", FACTORS).set_index("term")
    assert found["se"]["group[nonexpert]"] > 1.2 * naive["Std..Error"]


def test_log_likelihood_is_glmer_s():
    # logLik(glmer(correct ~ method * group + (1 | participant), binomial, nAGQ = 15))
    y, design, _, people = taken_apart(trials(), FACTORS)
    found = mixed_logistic(trials(), "correct", FACTORS)["estimate"].to_numpy()
    value = log_likelihood(np.append(found[:-1], np.log(found[-1])), summed(y, design, people))
    assert value == pytest.approx(R["glmer_agq15_participant_only"]["logLik"], abs=1e-5)


def test_without_variance_between_people_it_is_plain_logistic_regression():
    # every participant has the same 6 of 10 in A and 7 of 10 in B: the random intercept has nothing to explain
    answers = {"A": [1] * 6 + [0] * 4, "B": [1] * 7 + [0] * 3}
    data = pd.DataFrame([(f"p{i}", m, y) for i in range(20) for m, ys in answers.items() for y in ys],
                        columns=["participant", "method", "correct"])  # fmt: skip
    found = mixed_logistic(data, "correct", ["method"]).set_index("term")
    y, design, names, _ = taken_apart(data, ["method"])
    plain = sm.GLM(y, design, family=sm.families.Binomial()).fit()
    assert found["estimate"][names].to_numpy() == pytest.approx(plain.params, abs=1e-3)
    assert found["se"][names].to_numpy() == pytest.approx(plain.bse, abs=1e-3)
    assert found["estimate"]["sd(participant)"] < 0.05


def test_gee_with_bias_reduced_covariance_is_wider_than_the_sandwich():
    found = gee(trials(), "correct", FACTORS)
    y, design, names, people = taken_apart(trials(), FACTORS)
    model = sm.GEE(y, design, people, family=sm.families.Binomial(), cov_struct=sm.cov_struct.Exchangeable())
    assert found["term"].tolist() == names
    assert (found["se"].to_numpy() > model.fit(cov_type="robust").bse).all()
    assert found["estimate"].to_numpy() == pytest.approx(model.fit().params)


@pytest.mark.parametrize("thin", [False, True])
def test_gee_agrees_with_geepack(thin):
    # geepack::geeglm(correct ~ method * group, binomial, id = participant, corstr = "exchangeable"), whose standard
    # errors are the plain sandwich's, and whose correlation divides by another number of degrees of freedom
    expected = rows(MORE["geeglm_thin" if thin else "geeglm"]["coef"])
    found = gee(trials(thin), "correct", FACTORS).set_index("term")
    for ours, theirs in NAMES.items():
        assert found["estimate"][ours] == pytest.approx(expected[theirs]["Estimate"], abs=1e-4)
        assert expected[theirs]["Std.err"] < found["se"][ours] < 1.1 * expected[theirs]["Std.err"]


@pytest.mark.parametrize("thin", [False, True])
def test_gee_s_covariance_is_that_of_mancl_and_derouen(thin):
    # written out: B (Σ Dᵢ' Vᵢ⁻¹ (I − Hᵢ)⁻¹ rᵢ rᵢ' (I − Hᵢ')⁻¹ Vᵢ⁻¹ Dᵢ) B with Hᵢ = Dᵢ B Dᵢ' Vᵢ⁻¹
    data = trials(thin)
    y, design, _, people = taken_apart(data, FACTORS)
    found = gee(data, "correct", FACTORS)
    mean = 1 / (1 + np.exp(-design @ found["estimate"].to_numpy()))
    model = sm.GEE(y, design, people, family=sm.families.Binomial(), cov_struct=sm.cov_struct.Exchangeable())
    model.fit()
    parts = []
    for person in np.unique(people):
        own = people == person
        sd = np.sqrt(mean[own] * (1 - mean[own]))
        correlation = np.full((own.sum(), own.sum()), model.cov_struct.dep_params) + np.eye(own.sum()) * (
            1 - model.cov_struct.dep_params
        )
        inverse = np.linalg.inv(sd[:, None] * correlation * sd)
        parts.append((design[own] * (sd**2)[:, None], inverse, y[own] - mean[own]))
    bread = np.linalg.inv(sum(d.T @ inverse @ d for d, inverse, _ in parts))
    meat = 0
    for d, inverse, residual in parts:
        score = d.T @ inverse @ np.linalg.solve(np.eye(len(residual)) - d @ bread @ d.T @ inverse, residual)
        meat = meat + np.outer(score, score)
    assert found["se"].to_numpy() == pytest.approx(np.sqrt(np.diag(bread @ meat @ bread)), rel=1e-6)


@pytest.mark.parametrize("model", [mixed_logistic, gee])
def test_a_cell_of_only_right_answers_is_refused(model):
    data = trials()
    data.loc[data["method"] == "A", "correct"] = 1
    with pytest.raises(NotDefined, match="log odds are infinite") as caught:
        model(data, "correct", ["method"])
    assert caught.value.terms == ("(Intercept)", "method[B]")


def test_an_empty_cell_is_refused():
    data = trials().query("not (method == 'A' and group == 'expert')")
    with pytest.raises(NotDefined, match="never occurs"):
        mixed_logistic(data, "correct", FACTORS)


def test_levels_keep_their_names_whatever_they_contain():
    data = trials().rename(columns={"method": "Method: (new)"})
    data["Method: (new)"] = data["Method: (new)"].cat.rename_categories({"B": "B:C(x)[T.y]"})
    found = mixed_logistic(data, "correct", ["Method: (new)"])["term"].tolist()
    assert found == ["(Intercept)", "Method: (new)[B:C(x)[T.y]]", "sd(participant)"]


def test_answers_that_are_all_alike_have_no_learning_curve():
    data = trials().assign(place=lambda rows: rows.groupby("participant").cumcount() / 39 - 0.5)
    with pytest.raises(NotDefined, match="all answers are alike"):
        mixed_logistic(data.assign(correct=1), "correct", ["method"], slope="place")


def test_answers_are_summed_by_participant_and_row_of_the_design():
    design = np.array([[1.0, 0], [1, 1], [1, 0], [1, 0]])
    found = summed(np.array([1, 0, 1, 1]), design, np.array([0, 0, 0, 1]))
    assert found.design.tolist() == [[1, 0], [1, 1], [1, 0]]
    assert (found.correct.tolist(), found.answers.tolist()) == ([2, 0, 1], [2, 1, 1])
    assert (found.person.tolist(), found.people) == ([0, 0, 1], 2)
    assert found.per_person(np.array([1.0, 2, 4])).tolist() == [3, 4]
    assert found.per_person(np.array([[1.0, 10], [2, 20], [4, 40]])).tolist() == [[3, 30], [4, 40]]


def test_the_likelihood_is_the_integral_over_the_random_intercept():
    # one person with 3 of 4 right at log odds .3, SD 1.2, by quadrature over the intercept itself
    counts = summed(np.array([1, 1, 1, 0]), np.ones((4, 1)), np.zeros(4, int))

    def weighed(u):
        share = 1 / (1 + np.exp(-(0.3 + 1.2 * u)))
        return share**3 * (1 - share) * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)

    expected = np.log(integrate.quad(weighed, -12, 12)[0])
    assert log_likelihood(np.array([0.3, np.log(1.2)]), counts) == pytest.approx(expected, abs=1e-9)
