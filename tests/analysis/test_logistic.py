"""Mixed logistic regression and GEE against R's glmer and against statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.errors import NotDefined
from analysis.statistics.design import trials_design
from analysis.statistics.gee import gee
from analysis.statistics.logistic import log_likelihood, mixed_logistic, summed
from tests.analysis.reference_data import R, frame, rows

FACTORS = ["method", "group"]
NAMES = {
    "(Intercept)": "(Intercept)",
    "method[B]": "methodB",
    "group[nonexpert]": "groupnonexpert",
    "method[B]:group[nonexpert]": "methodB:groupnonexpert",
}


def trials() -> pd.DataFrame:
    data = frame("trials_long")
    return data.assign(method=pd.Categorical(data["method"]), group=pd.Categorical(data["group"]))


def test_equals_glmer_with_fifteen_nodes():
    # glmer(correct ~ method * group + (1 | participant), binomial, nAGQ = 15)
    expected = R["glmer_agq15_participant_only"]
    found = mixed_logistic(trials(), "correct", FACTORS).set_index("term")
    fixed = rows(expected["fixef"])
    for ours, theirs in NAMES.items():
        assert found["estimate"][ours] == pytest.approx(fixed[theirs]["Estimate"], abs=1e-4)
        assert found["se"][ours] == pytest.approx(fixed[theirs]["Std..Error"], abs=1e-4)
        assert found["p"][ours] == pytest.approx(fixed[theirs]["Pr...z.."], abs=1e-3)
    assert found["estimate"]["sd(participant)"] == pytest.approx(expected["var"][0]["sdcor"], abs=1e-4)


def test_log_likelihood_is_glmer_s():
    y, design, _, people = trials_design(trials(), "correct", FACTORS, "participant")
    found = mixed_logistic(trials(), "correct", FACTORS)["estimate"].to_numpy()
    value = log_likelihood(np.append(found[:-1], np.log(found[-1])), summed(y, design, people))
    assert value == pytest.approx(R["glmer_agq15_participant_only"]["logLik"], abs=1e-5)


def test_without_variance_between_people_it_is_plain_logistic_regression():
    # every participant has the same 6 of 10 in A and 7 of 10 in B: the random intercept has nothing to explain
    answers = {"A": [1] * 6 + [0] * 4, "B": [1] * 7 + [0] * 3}
    data = pd.DataFrame([(f"p{i}", m, y) for i in range(20) for m, ys in answers.items() for y in ys],
                        columns=["participant", "method", "correct"])  # fmt: skip
    found = mixed_logistic(data, "correct", ["method"]).set_index("term")
    y, design, names, _ = trials_design(data, "correct", ["method"], "participant")
    plain = sm.GLM(y, design, family=sm.families.Binomial()).fit()
    assert found["estimate"][names].to_numpy() == pytest.approx(plain.params, abs=1e-3)
    assert found["se"][names].to_numpy() == pytest.approx(plain.bse, abs=1e-3)
    assert found["estimate"]["sd(participant)"] < 0.05


def test_gee_with_bias_reduced_covariance_is_wider_than_the_sandwich():
    found = gee(trials(), "correct", FACTORS)
    y, design, names, people = trials_design(trials(), "correct", FACTORS, "participant")
    model = sm.GEE(y, design, people, family=sm.families.Binomial(), cov_struct=sm.cov_struct.Exchangeable())
    assert found["term"].tolist() == names
    assert (found["se"].to_numpy() > model.fit(cov_type="robust").bse).all()
    assert found["estimate"].to_numpy() == pytest.approx(model.fit().params)


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
