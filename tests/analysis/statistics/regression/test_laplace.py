"""The slopes of Laplace's approximation, written out, are those of its values."""

import numpy as np
import pytest

from analysis.statistics.regression.cumulative import Answers, _Laplace
from analysis.statistics.regression.groups import Groups, jacobian_of


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("random", "k"), [(1, 2), (1, 5), (2, 2), (2, 4)])
def test_the_slopes_are_those_of_the_value(random, k, seed):
    rng = np.random.default_rng(seed)
    n, people, stimuli = 120, 10, 6
    whose, which = rng.integers(0, people, n), rng.integers(0, stimuli, n)
    whose[:people], which[:stimuli] = range(people), range(stimuli)
    groups = Groups(whose, which if random == 2 else None)
    laplace = _Laplace(Answers(rng.integers(0, k, n), rng.normal(size=(n, 2)), groups, k), random)
    sds, thresholds = rng.uniform(0.05, 2, random), np.sort(rng.normal(size=k - 1)) + 0.2 * np.arange(k - 1)
    logs = np.concatenate([sds, thresholds[:1], np.log(np.diff(thresholds)), rng.normal(size=2)])
    for value in (laplace, laplace.of_logs):
        point = np.concatenate([sds, thresholds, logs[-2:]]) if value is laplace else logs
        (numeric,) = jacobian_of(lambda at, value=value: np.array([value(at)[0]]), point, 1e-3)
        np.testing.assert_allclose(value(point)[1], numeric, rtol=1e-5, atol=1e-5)
