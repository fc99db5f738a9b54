"""Different people in two studies: Welch, Mann-Whitney and Hedges g."""

import numpy as np
import pytest

from analysis.statistics.unpaired import compare
from tests.analysis.reference_data import R, frame


def heatmap(level):
    data = frame("unbalanced71")
    return data.loc[data["heatmap"] == level, "fraction_correct"].to_numpy()


def test_two_groups_give_welch_and_hedges_g():
    found = compare({"none": heatmap("none")}, {"static": heatmap("static")}).iloc[0]
    # effectsize::hedges_g(none, static)
    assert found["g"] == pytest.approx(R["unbalanced71"]["fraction_correct"]["hedges_g_none_static"][0]["Hedges_g"])
    se = np.sqrt(sum(np.var(heatmap(level), ddof=1) / len(heatmap(level)) for level in ("none", "static")))
    assert found["t"] == pytest.approx(found["diff"] / se)
    assert found["ci_low"] < found["diff"] < found["ci_high"]


def test_swapping_the_groups_turns_the_sign():
    one = compare({"a": heatmap("none")}, {"b": heatmap("static")}).iloc[0]
    other = compare({"b": heatmap("static")}, {"a": heatmap("none")}).iloc[0]
    assert (one["diff"], one["t"], one["g"]) == pytest.approx((-other["diff"], -other["t"], -other["g"]))
    assert (one["p"], one["p_U"]) == pytest.approx((other["p"], other["p_U"]))
    assert one["U"] + other["U"] == len(heatmap("none")) * len(heatmap("static"))


def test_p_is_adjusted_over_all_pairs_and_a_single_person_is_no_group():
    found = compare({"a": heatmap("none"), "x": np.array([0.5])}, {"b": heatmap("static"), "c": heatmap("interactive")})
    tested = found.dropna(subset="p")
    assert len(tested) == 2
    assert tested["p_adjusted"].min() == pytest.approx(2 * tested["p"].min())
    assert set(found.loc[found["p"].isna(), "reason"]) == {"each group needs two participants"}
