"""Agreement of coders against scikit-learn, krippendorff and hand-worked tables."""

import krippendorff
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from analysis.errors import NotDefined
from analysis.statistics.agreement.coders import alpha, alpha_interval, kappa, kappa_interval
from tests.analysis.reference_data import frame

CODERS = ["coder1", "coder2", "coder3"]


def test_kappa_by_hand():
    # 20 both yes, 5 and 10 split, 15 both no: po = .70, pe = .5 * .6 + .5 * .4 = .5, kappa = .4
    a = ["yes"] * 25 + ["no"] * 25
    b = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(a, b) == pytest.approx(0.4)


def test_kappa_equals_scikit_learn():
    data = frame("coding")
    assert kappa(data["coder1"], data["coder2"]) == pytest.approx(cohen_kappa_score(data["coder1"], data["coder2"]))


def test_alpha_with_gaps_equals_krippendorff():
    data = frame("coding")[CODERS]
    codes = {value: i for i, value in enumerate(sorted(set(data.stack().dropna())))}
    numbers = data.apply(lambda column: column.map(codes)).T.to_numpy(float)
    expected = krippendorff.alpha(reliability_data=numbers, level_of_measurement="nominal")
    assert alpha(data) == pytest.approx(expected, abs=1e-10)


def test_intervals_hold_the_estimate_and_stay_at_or_below_one():
    data = frame("coding")
    for n, value, low, high, reason in (
        kappa_interval(data["coder1"], data["coder2"], seed=1),
        alpha_interval(data[CODERS], seed=1),
        kappa_interval(data["coder1"], data["coder1"], seed=1),
    ):
        assert n == len(data)
        assert low <= value <= high <= 1
        assert reason == ""


def test_the_same_seed_gives_the_same_interval():
    data = frame("coding")[CODERS]
    assert alpha_interval(data, seed=3) == alpha_interval(data, seed=3)
    assert alpha_interval(data, seed=3) != alpha_interval(data, seed=4)


def test_one_value_everywhere_is_not_defined():
    table = pd.DataFrame({"a": ["x"] * 9, "b": ["x"] * 9})
    for _, value, _, _, reason in (kappa_interval(table["a"], table["b"], seed=1), alpha_interval(table, seed=1)):
        assert np.isnan(value)
        assert "not defined" in reason


def test_coders_without_a_common_unit_are_not_compared():
    a, b = ["x", None], [None, "x"]
    with pytest.raises(NotDefined, match="no unit was coded by both"):
        kappa(a, b)
    assert "no unit" in alpha_interval(pd.DataFrame({"a": a, "b": b}), seed=1)[-1]


def test_intervals_are_95_percent_wide():
    # 350 and 350 agree, 150 and 150 do not, both margins .5: chance agreement stays at .5, so that both are
    # (po − .5) / .5 with the standard error of po = .7 over .5, √(.7 · .3 / 1000) / .5 = .02898
    a = ["yes"] * 500 + ["no"] * 500
    b = ["yes"] * 350 + ["no"] * 150 + ["yes"] * 150 + ["no"] * 350
    half = 1.96 * np.sqrt(0.7 * 0.3 / 1000) / 0.5
    for found in (kappa_interval(a, b, seed=1), alpha_interval(pd.DataFrame({"a": a, "b": b}), seed=1)):
        n, value, low, high, _ = found
        assert n == 1000
        assert value == pytest.approx(0.4, abs=1e-3)
        assert (high - low) / 2 == pytest.approx(half, rel=0.06)
        assert (high + low) / 2 == pytest.approx(value, abs=0.004)


def test_a_wider_level_gives_wider_limits():
    data = frame("coding")[CODERS]
    for level, other in ((0.5, 0.8), (0.8, 0.95), (0.95, 0.99)):
        _, _, low, high, _ = alpha_interval(data, seed=1, level=level)
        _, _, lower, higher, _ = alpha_interval(data, seed=1, level=other)
        assert lower < low < high < higher


def test_units_of_one_coder_say_nothing_about_agreement():
    table = pd.DataFrame({"a": ["x", "y", "x", "y"], "b": ["x", "y", "y", None]})
    assert alpha_interval(table, seed=1)[0] == 3
    assert alpha(table) == pytest.approx(alpha(table[:3]))
    assert kappa_interval(table["a"], table["b"], seed=1)[0] == 3
