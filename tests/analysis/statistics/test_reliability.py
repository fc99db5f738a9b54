"""Internal consistency of scales, against R's psych (reference/scales.R), by hand, and by what must hold."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import NotDefined
from analysis.statistics import reliability
from analysis.statistics.association import people
from tests.analysis.reference_data import SCALES, frame

ITEMS = ["t1", "t2", "t3", "t4", "t5"]


@pytest.fixture
def answers():
    return frame("scale_items")[ITEMS]


def test_alpha_equals_psych_with_feldt_s_interval(answers):
    # psych::alpha(items)$total$raw_alpha; psych::alpha.ci(…, n.obs, n.var)
    found = reliability.reliability(answers).iloc[0]
    assert found["alpha"] == pytest.approx(SCALES["alpha"]["raw_alpha"], abs=1e-8)
    assert [found["ci_low"], found["ci_high"]] == pytest.approx(SCALES["alpha"]["ci"], abs=1e-8)


def test_omega_total_equals_psych(answers):
    # psych::omega(items, nfactors = 1)$omega.tot, whose optimiser stops at six digits
    assert reliability.reliability(answers)["omega"].item() == pytest.approx(SCALES["omega_total"], abs=1e-6)
    three = reliability.reliability(answers[ITEMS[:3]])["omega"].item()
    assert three == pytest.approx(SCALES["omega_total_three"], abs=1e-6)


def test_loadings_equal_psych(answers):
    # psych::fa(items, nfactors = 1, fm = "minres")$loadings
    found = reliability.one_factor(np.corrcoef(answers.to_numpy(float), rowvar=False))
    assert found == pytest.approx(SCALES["minres"], abs=1e-5)


def test_what_each_item_adds_equals_psych(answers):
    # psych::alpha(items)$item.stats$r.drop, $alpha.drop$raw_alpha
    found = reliability.items(answers)
    assert found["item_rest"].tolist() == pytest.approx(SCALES["alpha_items"]["r_drop"], abs=1e-8)
    assert found["alpha_without"].tolist() == pytest.approx(SCALES["alpha_items"]["alpha_drop"], abs=1e-8)


def test_correlation_over_people_equals_r():
    # cor.test(rowMeans(items), accuracy, method = "spearman", exact = FALSE)
    data = frame("scale_items")
    found = people.spearman(data[ITEMS].mean(axis=1), data["accuracy"], "trust").iloc[0]
    assert (found["rho"], found["p"]) == pytest.approx((SCALES["rho_people"]["rho"], SCALES["rho_people"]["p"]))
    reach = 1.959963984540054 * math.sqrt((1 + found["rho"] ** 2 / 2) / 57)
    assert found["ci_low"] == pytest.approx(math.tanh(math.atanh(found["rho"]) - reach))


def test_without_an_item_nothing_is_left_of_two_or_of_others_that_always_sum_up_alike():
    pair = reliability.items(pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 1, 4, 3]}))
    assert pair["alpha_without"].isna().all()
    assert set(pair["reason"]) == {"without it one item is left, which has no α"}
    assert pair["item_rest"].tolist() == pytest.approx([0.6, 0.6])
    table = reliability.items(pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 1, 4, 3], "c": [2, 3, 0, 1]})).set_index("item")
    assert table.loc["a", ["item_rest", "alpha_without"]].isna().all()
    assert table.loc["a", "reason"] == "the item, or the sum of the others, does not vary"
    assert table.loc["b", "alpha_without"] == pytest.approx(2 * (1 - 10 / 4))  # variances 5/3 each, of the sum 4/3


def test_an_item_without_a_variance_of_its_own_is_told():
    # by three items, the first one's squared loading is r12 r13 / r23 = 1.28, .996, .994 or .988
    for r, told in ((0.8, reliability.HEYWOOD), (0.7058, reliability.HEYWOOD), (0.705, ""), (0.703, "")):
        related = np.array([[1, r, r], [r, 1, 0.5], [r, 0.5, 1]])
        centred = np.random.default_rng(3).normal(size=(40, 3))
        basis = np.linalg.qr(centred - centred.mean(axis=0))[0]
        found = reliability.reliability(pd.DataFrame(basis @ np.linalg.cholesky(related).T)).iloc[0]
        assert found["reason"] == told
        assert 0.8 < found["omega"] < 0.95


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.floats(0.2, 0.9))
def test_parallel_items_have_the_alpha_and_omega_of_spearman_and_brown(k, r):
    """k items that all correlate by r: α = ω = k r / (1 + (k − 1) r)."""
    covariance = np.full((k, k), r) + (1 - r) * np.eye(k)
    whitened = np.linalg.qr(np.random.default_rng(k).normal(size=(40, k + 1)) * 1.0)[0]
    centred = whitened - whitened.mean(axis=0)
    basis = np.linalg.qr(centred[:, :k])[0]
    answers = pd.DataFrame(basis @ np.linalg.cholesky(covariance).T)
    found = reliability.reliability(answers).iloc[0]
    expected = k * r / (1 + (k - 1) * r)
    assert found["alpha"] == pytest.approx(expected, abs=1e-7)
    if k > 2:
        assert found["omega"] == pytest.approx(expected, abs=1e-5)


def test_who_left_an_item_open_is_left_out(answers):
    holed = answers.astype(float)
    holed.loc[0, "t2"] = np.nan
    assert reliability.reliability(holed).equals(reliability.reliability(answers[1:]))


def test_an_item_that_was_not_turned_round_is_seen(answers):
    turned = answers.assign(t1=8 - answers["t1"])
    found = reliability.items(turned).set_index("item")
    assert found.loc["t1", "item_rest"] < 0
    assert found.loc["t1", "alpha_without"] > reliability.reliability(turned)["alpha"].item()


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"a": [1, 2, 3]}, "one item"),
        ({"a": [1, 2], "b": [2, 1]}, "needs 3 people"),
        ({"a": [1, 2, 3], "b": [3, 2, 1]}, "the same score"),
        ({"a": [None] * 4, "b": [1, 2, 3, 4]}, "there are 0"),
    ],
)
def test_what_the_data_do_not_define_is_said(table, reason):
    for statistic in (reliability.reliability, reliability.items):
        with pytest.raises(NotDefined, match=reason):
            statistic(pd.DataFrame(table, dtype=float))


def test_two_items_and_one_that_nobody_answered_differently_have_no_omega():
    two = reliability.reliability(pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 3, 2, 4]})).iloc[0]
    assert math.isnan(two["omega"])
    assert two["reason"] == "ω needs 3 items"
    flat = reliability.reliability(pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 3, 2, 4], "c": [2] * 4})).iloc[0]
    assert math.isnan(flat["omega"])
    assert "alike" in flat["reason"]
    assert not math.isnan(flat["alpha"])


def test_an_item_s_mean_and_spread_by_hand():
    found = reliability.items(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 6]})).set_index("item")
    assert found["n"].tolist() == [3, 3]
    assert found["mean"].tolist() == [2, 3]
    assert found["sd"].tolist() == pytest.approx([1, math.sqrt(7)])
    assert reliability.reliability(pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 6]}))["n"].item() == 3  # enough people


def test_a_correlation_over_people_needs_four_and_has_no_interval_at_its_bound():
    first = pd.Series([1.0, 2, 3, 4])
    found = people.spearman(first, pd.Series([1.0, 3, 2, 4]), "trust").iloc[0]
    reach = 1.959963984540054 * math.sqrt(1 + 0.8**2 / 2)
    assert (found["n"], found["rho"], found["reason"]) == (4, pytest.approx(0.8), "")
    limits = [math.tanh(math.atanh(0.8) - reach), math.tanh(math.atanh(0.8) + reach)]
    assert found[["ci_low", "ci_high"]].tolist() == pytest.approx(limits)
    for second in (first, -first):
        found = people.spearman(first, second, "trust").iloc[0]
        assert abs(found["rho"]) == pytest.approx(1)
        assert found[["ci_low", "ci_high"]].isna().all()
        assert found["reason"] == "the orders agree fully, so there is no interval"


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([1, 2, 3, None], [1, 2, 3, 4], "needs 4 people with both values, there are 3"),
        ([1, 2, 3, 4], [1, None, 3, 4], "needs 4 people with both values, there are 3"),
        ([1, 1, 1, 1], [1, 2, 3, 4], "the same value"),
        ([1, 2, 3, 4], [2, 2, 2, 2], "the same value"),
    ],
)
def test_a_correlation_over_few_people_or_of_one_value_is_not_defined(first, second, reason):
    with pytest.raises(NotDefined, match=reason) as refused:
        people.spearman(pd.Series(first, dtype=float), pd.Series(second, dtype=float), "trust")
    assert refused.value.terms == ("trust",)
