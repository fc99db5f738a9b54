"""Bayes factors equal to R's BayesFactor, whose own draws are good to about one percent."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

from analysis.errors import NotDefined
from analysis.statistics import bayes
from tests.analysis.reference_data import MODELS, frame, trials

R = MODELS["bayes"]


def test_equals_bayes_factor():
    # ttestBF(none, static); ttestBF(a, b, paired = TRUE); anovaBF(y ~ heatmap); 1 / anovaBF(whichModels = "top")
    data = frame("unbalanced71")
    values = data["fraction_correct"]
    assert R is MODELS["bayes"]
    groups = [values[data["heatmap"] == level].to_numpy() for level in ("none", "static")]
    assert bayes.t_test(*groups) == pytest.approx(R["unpaired"], rel=1e-8)
    wide = trials().groupby(["participant", "method"], observed=True)["rating"].mean().unstack()
    assert bayes.t_test((wide["A"] - wide["B"]).to_numpy()) == pytest.approx(R["paired"], rel=1e-8)
    assert bayes.anova(data, "fraction_correct", ["heatmap"])["bf10"].item() == pytest.approx(R["oneway"], rel=1e-6)
    table = bayes.anova(data, "fraction_correct", ["heatmap", "score"]).set_index("term")
    assert (table["bf10"] * table["bf01"]).tolist() == pytest.approx([1] * 3)
    found = table["bf10"]
    left_out = {
        "heatmap:score": "heatmap + score",
        "score": "heatmap + heatmap:score",
        "heatmap": "score + heatmap:score",
    }
    for term, others in left_out.items():
        assert found[term] == pytest.approx(R["top"][others], rel=3 * max(R["top_error"])), term


def test_evidence_against_and_for_grows_with_the_data():
    rng = np.random.default_rng(1)
    nothing = [bayes.t_test(np.tile([1.0, -1.0], n)) for n in (5, 50)]
    something = [bayes.t_test(rng.normal(1, 1, n)) for n in (10, 100)]
    assert nothing[1] < nothing[0] < 1 < something[0] < something[1]


def test_evidence_beyond_any_number_is_cut_on_both_sides():
    data = frame("balanced96").assign(y=lambda rows: rows["heatmap"].cat.codes + np.arange(96) % 2 * 1e-9)
    row = bayes.anova(data, "y", ["heatmap"]).iloc[0]
    assert (row["bf10"], row["bf01"]) == pytest.approx((math.exp(700), math.exp(-700)))


def test_three_factors_and_equal_values_have_none():
    data = frame("balanced96").assign(third=["a", "b"] * 48)
    with pytest.raises(NotDefined, match="two factors at most"):
        bayes.anova(data, "fraction_correct", ["heatmap", "score", "third"])
    with pytest.raises(NotDefined, match="do not vary"):
        bayes.t_test(np.ones(4))


@pytest.mark.parametrize(("n", "effect"), [(9, 0.0), (60, 0.5), (4000, 0.0)])
def test_more_places_of_the_integral_change_nothing(n, effect, monkeypatch):
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"method": np.tile(["a", "b", "c"], n)[:n], "y": rng.normal(size=n)})
    data["y"] += effect * (data["method"] == "b")
    found = bayes.anova(data, "y", ["method"])["bf10"].item()
    bayes._prior.cache_clear()
    monkeypatch.setattr(bayes, "NODES", 300)
    try:
        assert found == pytest.approx(bayes.anova(data, "y", ["method"])["bf10"].item(), rel=1e-8)
    finally:
        bayes._prior.cache_clear()


def test_two_values_on_each_side_are_enough_and_fewer_or_none_that_vary_are_not():
    pair, flat = np.array([0.0, 2.0]), np.array([1.0, 1.0])
    assert 0 < bayes.t_test(pair, pair + 1) < 1
    assert bayes.t_test(pair, flat + 3) == pytest.approx(bayes.t_test(flat + 3, pair))
    for a, b in ((pair[:1], pair), (pair, pair[:1]), (flat, flat + 1)):
        with pytest.raises(NotDefined, match="two values that vary"):
            bayes.t_test(a, b)
    for differences in (pair[:0], pair[:1]):
        with pytest.raises(NotDefined, match="do not vary"):
            bayes.t_test(differences)


def test_a_paired_test_is_r_s_number_at_a_known_t():
    # integral of Rouder et al. (2009), equation 1, by quadrature over g itself: t = 2, n = 10
    n, t, r = 10, 2.0, math.sqrt(2) / 2
    values = np.tile([-1.0, 1.0], n // 2)
    values = values / values.std(ddof=1) + t / math.sqrt(n)

    def weighed(g):
        prior = r / math.sqrt(2 * math.pi) * g**-1.5 * math.exp(-(r**2) / (2 * g))
        return (1 + n * g) ** -0.5 * (1 + t**2 / ((1 + n * g) * (n - 1))) ** (-n / 2) * prior

    expected = integrate.quad(weighed, 0, np.inf)[0] / (1 + t**2 / (n - 1)) ** (-n / 2)
    assert bayes.t_test(values) == pytest.approx(expected, rel=1e-6)
