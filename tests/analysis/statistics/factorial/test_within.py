"""Analysis of variance within subjects and mixed, and learning curves."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.comparisons.paired import t_test
from analysis.statistics.effects import eta2p_interval
from analysis.statistics.factorial.anova import anova
from analysis.statistics.factorial.within import within_anova
from analysis.statistics.regression.logistic import mixed_logistic
from tests.analysis.reference_data import MODELS, rows, trials


def means(within: list[str]) -> pd.DataFrame:
    """Return the means that `models.R` makes: the items in thirds and halves, every fifth expert left out."""
    data = trials()
    item = data["item"].str[1:].astype(int)
    number = pd.factorize(data["participant"], sort=True)[0] + 1
    data = data.assign(third=np.where(item < 7, "a", np.where(item < 13, "b", "c")), half=((item + 1) % 2).astype(str))
    data = data[~((data["group"] == "expert") & (number % 5 == 0))]
    return data.groupby(["participant", "group", *within], observed=True)["rating"].mean().reset_index()


@pytest.mark.parametrize(
    ("key", "between", "within"),
    [("within", [], ["third"]), ("mixed", ["group"], ["third"]), ("two", ["group"], ["third", "half"])],
)
def test_equals_afex_with_greenhouse_geisser(key, between, within):
    # aov_ez("participant", "rating", d, within = , between = , anova_table = list(correction = "GG", es = "ges"))
    found = within_anova(means(within), "rating", between, within).set_index("term")
    expected = rows(MODELS["afex"][key]["table"])
    assert set(found.index) == set(expected)
    for term, answer in expected.items():
        own = found.loc[term, ["df_gg", "df_resid_gg", "F", "p", "eta2p", "ges"]].tolist()
        theirs = [answer[name] for name in ("num.Df", "den.Df", "F", "Pr..F.", "pes", "ges")]
        assert own == pytest.approx(theirs, rel=1e-8), term


def test_two_conditions_are_the_paired_t_test_and_groups_of_one_mean_the_plain_anova():
    data = means(["half"])
    wide = data.pivot(index="participant", columns="half", values="rating")
    found = within_anova(data, "rating", [], ["half"]).iloc[0]
    t = t_test(wide["0"].to_numpy(), wide["1"].to_numpy())[1]
    assert (found["F"], found["epsilon"]) == pytest.approx((t**2, 1))
    mixed = within_anova(data, "rating", ["group"], ["half"]).set_index("term")
    plain = anova(
        data.groupby(["participant", "group"], observed=True)["rating"].mean().reset_index(), "rating", ["group"]
    )
    assert mixed.loc["group", "F"] == pytest.approx(plain["F"].iloc[0])


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_an_offset_changes_nothing(offset):
    data = means(["third"])
    found = within_anova(data.assign(rating=data["rating"] + offset), "rating", ["group"], ["third"])
    assert found["F"].tolist() == pytest.approx(
        within_anova(data, "rating", ["group"], ["third"])["F"].tolist(), rel=1e-6
    )


def test_what_cannot_be_tested_is_said():
    data = means(["third"])
    for rows_, said in ((data[data["third"] == "a"], "one condition"), (data[:1], "one condition|fewer than two"),
                        (data.assign(rating=1.0), "error variance is zero")):  # fmt: skip
        with pytest.raises(NotDefined, match=said):
            within_anova(rows_, "rating", [], ["third"])
    with pytest.raises(NotDefined) as refused:
        within_anova(data[:1], "rating", ["group"], ["third"])
    assert refused.value.terms == tuple(within_anova(data, "rating", ["group"], ["third"])["term"])


def test_an_effect_that_is_the_same_in_everybody_has_no_error_but_that_of_rounding():
    data = means(["third"])
    people, thirds = (pd.factorize(data[name])[0] for name in ("participant", "third"))
    with pytest.raises(NotDefined, match="do not differ in third"):
        within_anova(data.assign(rating=1000 + people * 0.37 + thirds * 0.11), "rating", [], ["third"])


def test_a_group_of_one_is_tested_and_a_group_of_nobody_is_not():
    data = means(["third"])
    first = data["participant"].eq(data["participant"].iloc[0])
    grouped = data.assign(group=pd.Categorical(np.where(first, "alone", "others"), ["alone", "others"]))
    assert within_anova(grouped, "rating", ["group"], ["third"])["p"].between(0, 1).all()
    cells = [("a", "a"), ("a", "b"), ("b", "a")]
    person = pd.factorize(data["participant"])[0] % len(cells)
    crossed = data.assign(
        **{name: pd.Categorical([cells[i][place] for i in person]) for place, name in enumerate("xy")}
    )
    with pytest.raises(NotDefined, match="group of the between-subjects factors is empty"):
        within_anova(crossed, "rating", ["x", "y"], ["third"])


def test_a_learning_curve_equals_glmer():
    # glmer(correct ~ place * method + (1 | participant), binomial, nAGQ = 15), place from -.5 to .5
    data = trials()
    data = data.assign(place=data["item"].str[1:].astype(int) / 19 - 0.5)
    found = mixed_logistic(data, "correct", ["method"], slope="place").set_index("term")
    names = {"(Intercept)": "(Intercept)", "place": "place", "methodB": "method[B]", "place:methodB": "place:method[B]"}
    for answer in MODELS["learning"]["coef"]:
        own = found.loc[names[answer["term"]], ["estimate", "se", "p"]].tolist()
        assert own == pytest.approx([answer["Estimate"], answer["Std..Error"], answer["Pr...z.."]], abs=2e-3)
    assert found.loc["sd(participant)", "estimate"] == pytest.approx(MODELS["learning"]["sd"], abs=2e-3)


def test_two_people_and_one_more_than_groups_are_enough():
    data = pd.DataFrame({"participant": list("ppqq"), "stage": list("abab"), "y": [1.0, 4, 3, 5]})
    found = within_anova(data, "y", [], ["stage"]).iloc[0]
    assert (found["F"], found["df"], found["df_resid"]) == pytest.approx((25, 1, 1))  # of 3 and 2: t = 2.5 / .5
    with pytest.raises(NotDefined, match="no more participants than groups") as refused:
        within_anova(data.assign(group=data["participant"]), "y", ["group"], ["stage"])
    assert refused.value.terms == ("group", "stage", "group:stage")


def test_one_person_with_all_conditions_is_none_and_a_condition_that_nobody_has_is_named():
    data = pd.DataFrame({"participant": list("ppqq"), "group": list("uuvv"), "stage": list("abab")})
    data["y"] = [1.0, 4, 2, np.nan]
    with pytest.raises(NotDefined, match="fewer than two participants have all conditions") as refused:
        within_anova(data, "y", ["group"], ["stage"])
    assert refused.value.terms == ("group", "stage", "group:stage")
    rows_ = [(p, a, b, 1.0) for p in "pq" for a, b in ("xu", "xv", "yu")]
    crossed = pd.DataFrame(rows_, columns=["participant", "a", "b", "y"])
    with pytest.raises(NotDefined, match="nobody has the condition") as refused:
        within_anova(crossed, "y", [], ["a", "b"])
    assert refused.value.names == ("y × v",)
    assert refused.value.terms == ("a", "b", "a:b")


def test_the_uncorrected_p_and_the_limits_are_those_of_f_with_its_plain_degrees_of_freedom():
    for row in within_anova(means(["third"]), "rating", ["group"], ["third"]).itertuples():
        assert row.p_uncorrected == pytest.approx(stats.f.sf(row.F, row.df, row.df_resid))
        assert row.p == pytest.approx(stats.f.sf(row.F, row.df_gg, row.df_resid_gg))
        assert (row.df_gg, row.df_resid_gg) == pytest.approx((row.epsilon * row.df, row.epsilon * row.df_resid))
        assert (row.eta2p_ci_low, row.eta2p_ci_high) == eta2p_interval(row.F, row.df, row.df_resid)
