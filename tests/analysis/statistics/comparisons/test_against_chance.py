"""Participants' means against guessing, never their pooled answers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.comparisons.against_chance import COLUMNS, against_chance, by_group
from tests.analysis.reference_data import MORE, R, frame


def test_equals_the_one_sample_tests_of_r():
    # t.test(none, mu = .5); binom.test(c(above, below)), those exactly at chance left out
    none = frame("unbalanced71").query("heatmap == 'none'")["fraction_correct"].to_numpy()
    expected = MORE["against_half"]
    _, n, _, _, above, below, p_sign, t, df, p, reason = against_chance(none, 0.5)
    assert (n, df, reason) == (24, 23, "")
    assert [above, below] == expected["above"]
    assert (t, p, p_sign) == pytest.approx((expected["t"], expected["p"], expected["p_sign"]), abs=1e-10)


def test_pooling_the_answers_would_claim_more():
    # binom.test(33, 50, 1/3): fifty answers of few people are not fifty people
    means = np.array([0.4, 0.8, 0.9, 0.5, 0.7])  # five people with ten answers each, 33 right
    assert against_chance(means, 1 / 3)[6] > 1000 * R["binom"]["p"]


def test_each_group_is_tested_and_equal_means_say_so():
    data = pd.DataFrame({"method": list("aabb"), "y": [0.5, 0.5, 0.6, 0.9]})
    found = by_group(data, "y", ["method"], 0.5).set_index("term")
    assert found.index.tolist() == ["all", "method[a]", "method[b]"]
    assert np.isnan(found["p"]["method[a]"])
    assert found["reason"]["method[a]"] == "the participants' means do not vary"
    with pytest.raises(NotDefined, match="nobody"):
        by_group(data.assign(y=np.nan), "y", ["method"], 0.5)


def test_people_at_chance_decide_nothing_and_one_alone_has_no_t_test():
    found = dict(zip(COLUMNS, against_chance(np.array([0.5, 0.5, 0.4, 0.9]), 0.5), strict=False))
    assert (found["n"], found["n_above"], found["n_below"], found["p_sign"]) == (4, 1, 1, 1)
    assert found["p"] == pytest.approx(stats.ttest_1samp([0.5, 0.5, 0.4, 0.9], 0.5).pvalue)
    at_chance = dict(zip(COLUMNS, against_chance(np.full(3, 0.5), 0.5), strict=False))
    assert (at_chance["n_above"], at_chance["n_below"]) == (0, 0)
    assert np.isnan(at_chance["p_sign"])
    *values, reason = against_chance(np.array([0.7]), 0.5)
    assert values[:7] == ["all", 1, 0.7, 0.5, 1, 0, 1]
    assert np.isnan(values[7:]).all()
    assert reason == "the participants' means do not vary"
    assert against_chance(np.array([0.7, 0.9]), 0.5)[8] == 1  # degrees of freedom
    assert np.isnan(against_chance(np.array([]), 0.5)[2])
