"""What every table of coefficients holds: z (or t) = b / se, two-sided p, limits; and its refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.regression import odds
from analysis.statistics.regression.design import check_answers_vary, check_not_separated, trials_design
from analysis.statistics.regression.gee import gee
from analysis.statistics.regression.logistic import mixed_logistic
from analysis.statistics.regression.mixed import mixed_linear
from analysis.statistics.regression.ordinal import ordinal

COEFFICIENTS = {"gee": (gee, "right", True), "logistic": (mixed_logistic, "right", True),
          "mixed": (mixed_linear, "rating", False), "ordinal": (ordinal, "rating", True)}  # fmt: skip


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(7)
    rows = [(f"p{i}", method, int(rng.random() < share), int(rng.integers(1, 4)) + (method == "b"))
            for i in range(20) for method, share in (("a", 0.4), ("b", 0.7)) for _ in range(6)]  # fmt: skip
    return pd.DataFrame(rows, columns=["participant", "method", "right", "rating"])


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_a_coefficient_s_test_and_limits_are_wald_s(answers, name):
    model, outcome, odds = COEFFICIENTS[name]
    table = model(answers, outcome, ["method"])
    rows = table[table["p"].notna()]
    assert "method[b]" in set(rows["term"])
    for row in rows.itertuples():
        by_t = hasattr(row, "df")
        law = stats.t(row.df) if by_t else stats.norm()
        z = row.t if by_t else row.z
        assert z == pytest.approx(row.estimate / row.se)
        assert row.p == pytest.approx(2 * law.sf(abs(z)))
        half = law.ppf(0.975) * row.se
        limits = np.array([row.estimate - half, row.estimate + half])
        assert (row.ci_low, row.ci_high) == pytest.approx(tuple(np.exp(limits) if odds else limits), rel=1e-5)
        assert not odds or row.odds_ratio == pytest.approx(np.exp(row.estimate))


def test_one_value_per_participant_has_no_random_intercept():
    data = pd.DataFrame({"participant": list("pqrs"), "method": list("abab"), "y": [1, 2, 3, 5]})
    with pytest.raises(NotDefined, match="each participant has one value") as refusal:
        mixed_linear(data, "y", ["method"])
    assert refusal.value.terms == ("(Intercept)", "method[b]")


def test_as_many_values_as_coefficients_leave_no_error():
    data = pd.DataFrame({"participant": list("ppqq"), "method": list("abcd"), "y": [1, 2, 3, 5]})
    with pytest.raises(NotDefined, match="no more values than coefficients"):
        mixed_linear(data, "y", ["method"])


def test_values_that_are_all_equal_have_no_model():
    data = pd.DataFrame({"participant": list("ppqqrr"), "method": list("ababab"), "y": [2] * 6})
    with pytest.raises(NotDefined, match="all values are equal"):
        mixed_linear(data, "y", ["method"])
    with pytest.raises(NotDefined, match="all answers are equal"):
        ordinal(data, "y", ["method"])


def test_one_participant_or_none_is_no_sample():
    data = pd.DataFrame({"participant": list("pppp"), "method": list("abab"), "y": [1, 2, 3, 5]})
    with pytest.raises(NotDefined, match="needs at least two of them"):
        mixed_linear(data, "y", ["method"])
    with pytest.raises(NotDefined, match=r"^no answer has a value$"):
        mixed_linear(data.assign(y=np.nan), "y", ["method"])


def test_a_coefficient_at_the_border_of_numbers_says_what_it_lacks():
    for estimate, se, reason, blank in (
        (1.0, np.nan, "too few participants for this covariance", ["z", "p", "ci_low", "ci_high"]),
        (1.0, 1e-9, "no error to test against", ["z", "p", "ci_low", "ci_high"]),
        (1.0, 2e-9, "", []),
        (700.0, 1.0, "its limits are beyond any number", ["odds_ratio", "ci_low", "ci_high"]),
        (-700.0, 1.0, "its limits are beyond any number", ["odds_ratio", "ci_low", "ci_high"]),
        (699.0, 1.0, "its limits are beyond any number", ["ci_low", "ci_high"]),
        (-699.0, 1.0, "its limits are beyond any number", ["ci_low", "ci_high"]),
        (698.0, 1.0, "", []),
    ):
        found = dict(zip((*odds.COLUMNS, "reason"), odds.row("a", estimate, se), strict=True))
        assert found["reason"].endswith(reason)
        assert bool(found["reason"]) == bool(reason)
        assert [name for name in odds.COLUMNS[3:] if np.isnan(found[name])] == blank, (estimate, se)


def test_one_value_more_than_coefficients_or_participants_is_enough_for_a_linear_model():
    data = pd.DataFrame({"participant": list("ppq"), "method": list("aba"), "y": [1, 2, 4.0]})
    with pytest.raises(NotDefined, match="the values do not vary beyond participants and conditions"):
        mixed_linear(data, "y", ["method"])  # and it isn't refused before
    more = pd.DataFrame({"participant": list("ppqqr"), "method": list("ababa"), "y": [1, 2, 4, 7, 9.0]})
    assert mixed_linear(more, "y", ["method"])["se"].notna()[:2].all()


def test_an_ordered_answer_needs_more_answers_than_coefficients_and_a_factor():
    data = pd.DataFrame({"participant": list("ppqq"), "method": list("abab"), "y": [1, 2, 3, 4]})
    with pytest.raises(NotDefined, match="no more answers than coefficients"):
        ordinal(data, "y", ["method"])
    with pytest.raises(NotDefined, match="no factor has two observed levels"):
        ordinal(data.assign(method="a", y=[1, 2, 2, 1]), "y", ["method"])


def test_the_design_of_trials_has_its_slope_crossed_and_rows_without_a_value_left_out():
    data = pd.DataFrame({"participant": list("ppqqrr"), "method": list("ababab"), "y": [1, 2, 3, 4, np.nan, 5],
                         "place": [1, 3, 5, 6, 7, np.nan], "item": list("uvvuuv")})  # fmt: skip
    found = trials_design(data, "y", ["method"], "participant", "item", slope="place")
    assert found.names == ["(Intercept)", "method[b]", "place", "place:method[b]"]
    assert found.y.tolist() == [1, 2, 3, 4]
    assert found.design.T.tolist() == [[1, 1, 1, 1], [0, 1, 0, 1], [1, 3, 5, 6], [0, 3, 0, 6]]
    assert found.groups.first.tolist() == [0, 0, 1, 1]
    assert found.groups.second.tolist() == [0, 1, 1, 0]
    with pytest.raises(NotDefined, match="no answer has a value"):
        trials_design(data.assign(place=np.nan), "y", ["method"], "participant", slope="place")


def test_answers_of_one_kind_in_everybody_are_refused_but_not_one_answer_each():
    y, people = np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1])
    with pytest.raises(NotDefined, match="one answer throughout") as refused:
        check_answers_vary(y, people, ["a"])
    assert refused.value.terms == ("a",)
    assert check_answers_vary(y, np.arange(4), ["a"]) is None
    assert check_answers_vary(np.array([1, 0, 0, 0]), people, ["a"]) is None


@pytest.mark.parametrize(("y", "said"), [([0, 1, 2, 1], "not all 0 or 1"), ([1, 1, 0, 1], "log odds are infinite")])
def test_a_cell_of_one_value_and_numbers_that_are_no_answers_are_refused(y, said):
    design = np.array([[1, 0], [1, 0], [1, 1], [1, 1]])
    with pytest.raises(NotDefined, match=said) as refused:
        check_not_separated(np.array(y), design, ["a", "b"])
    assert refused.value.terms == ("a", "b")
    with pytest.raises(NotDefined, match="log odds are infinite"):
        check_not_separated(np.array([0, 1, 0, 0]), design, ["a", "b"])
    assert check_not_separated(np.array([0, 1, 0, 1]), design, ["a", "b"]) is None
