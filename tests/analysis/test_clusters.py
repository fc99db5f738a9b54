"""Purity with its exact chance level, and its companions."""

import numpy as np
import pytest

from analysis.statistics.clusters import agreement, chance, purity
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
