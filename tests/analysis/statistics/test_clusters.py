"""Purity with its exact chance level, and its companions."""

import numpy as np
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.agreement import clusters
from analysis.statistics.agreement.clusters import above_chance, agreement, chance, permutation_p, purity, sizes_of
from tests.analysis.reference_data import frame

SIZES = [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]


def test_metrics_equal_scikit_learn():
    # py_cluster_metrics.csv, scikit-learn 1.9.1
    data = frame("clusters")
    for expected in frame("py_cluster_metrics").itertuples():
        rows = data[(data["participant"] == expected.participant) & (data["condition"] == expected.condition)]
        found = agreement(rows["model_class"].to_numpy(), rows["user_cluster"].to_numpy(), 4)
        assert (found[0], *found[3:]) == pytest.approx(
            (expected.purity, expected.ari, expected.ami, expected.v), abs=1e-8
        )


def test_purity_by_hand():
    assert purity(list("aaabb"), [0, 0, 1, 1, 1]) == pytest.approx(4 / 5)


@pytest.mark.parametrize(("null", "mean", "tail"), [("uniform", 0.540, 0.012), ("permutation", 0.539, 0.020)])
def test_chance_level_of_the_usual_batch(null, mean, tail):
    # statistics.md: 3/3/2/2 into four groups
    values, probabilities = chance(SIZES, SIZES, 4, null)
    assert probabilities.sum() == pytest.approx(1)
    assert values @ probabilities == pytest.approx(mean, abs=5e-4)
    assert probabilities[values >= 0.8 - 1e-9].sum() == pytest.approx(tail, abs=5e-4)


@pytest.mark.parametrize("null", ["uniform", "permutation"])
def test_exact_chance_agrees_with_simulation(null):
    rng = np.random.default_rng(5)
    classes, groups = [0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 2, 2]
    drawn = [
        purity(classes, rng.integers(0, 3, 7) if null == "uniform" else rng.permutation(groups)) for _ in range(4000)
    ]
    values, probabilities = chance(classes, groups, 3, null)
    assert np.mean(drawn) == pytest.approx(values @ probabilities, abs=0.01)


def test_one_class_is_always_pure():
    values, probabilities = chance([1] * 10, SIZES, 4, "uniform")
    assert values[probabilities > 0].tolist() == [1.0]


def test_all_sortings_together_are_tested_by_permutation_exactly():
    # by hand: two classes of two dealt to groups of two; 2 of 6 deals agree in all four images, the others in two
    assert permutation_p([((2, 2), (2, 2))], 4) == pytest.approx(1 / 3)
    assert permutation_p([((2, 2), (2, 2))] * 2, 8) == pytest.approx(1 / 9)
    assert permutation_p([((2, 2), (2, 2))] * 2, 6) == pytest.approx(1 / 9 + 4 / 9)
    assert permutation_p([((2, 2), (2, 2))], 2) == pytest.approx(1)


def test_the_permutation_test_of_one_usual_batch_is_its_tail():
    sizes = sizes_of(SIZES)
    assert permutation_p([(sizes, sizes)], 8) == pytest.approx(0.020, abs=5e-4)  # statistics.md: P(≥ .8)


def test_many_sortings_are_tested_by_the_normal_distribution_with_nearly_the_same_answer(monkeypatch):
    sortings = [(sizes_of(SIZES), sizes_of(SIZES)), ((4, 3, 2, 1), (5, 5))] * 60
    exact = permutation_p(sortings, 625)
    monkeypatch.setattr(clusters, "MOST_SORTINGS", 10)
    assert permutation_p(sortings, 625) == pytest.approx(exact, rel=0.1)
    assert 0.01 < exact < 0.5
    assert permutation_p([((3,), (2, 1))] * 20, 60) == 1


def test_the_excess_over_chance_is_tested_against_none_and_must_vary():
    # .1, .2, .3: M = .2, SD = .1, t = .2 / (.1 / √3) on 2 degrees of freedom
    excess, t, p = above_chance(np.array([0.6, 0.7, 0.8]), np.full(3, 0.5))
    assert (excess, t) == pytest.approx((0.2, 2 * np.sqrt(3)))
    assert p == pytest.approx(stats.t.sf(t, 2))
    assert above_chance(np.array([0.6, 0.8]), np.full(2, 0.5))[1] == pytest.approx(2)
    for purities in ([], [0.6], [0.6, 0.6]):
        with pytest.raises(NotDefined, match="does not vary"):
            above_chance(np.array(purities), np.full(len(purities), 0.5))


def test_nothing_sorted_and_an_unknown_null_are_refused():
    with pytest.raises(NotDefined, match="no image was sorted"):
        agreement([], [], 4)
    with pytest.raises(ValueError, match="found 'normal', expected one of uniform, permutation"):
        chance(SIZES, SIZES, 4, "normal")


def test_many_sortings_are_tested_by_the_mean_and_variance_of_their_sum(monkeypatch):
    # one of 2 + 2: all four agree in 2 of 6 deals, else two: mean 8/3, variance 1/3 · 2/3 · 2² = 8/9
    monkeypatch.setattr(clusters, "MOST_SORTINGS", 8)
    one = ((2, 2), (2, 2))
    assert permutation_p([one] * 9, 26) == pytest.approx(stats.norm.sf((26 - 0.5 - 24) / np.sqrt(8)))
    assert permutation_p([one] * 8, 32) == pytest.approx(1 / 3**8)  # exactly
    assert permutation_p([((3,), (2, 1))] * 9, 27) == 1  # of one class, nothing varies
