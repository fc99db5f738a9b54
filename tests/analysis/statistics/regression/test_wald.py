"""What every table of coefficients holds: z (or t) = b / se, two-sided p, limits; and its refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import NotDefined
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
