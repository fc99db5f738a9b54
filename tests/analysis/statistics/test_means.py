"""Intervals of means: Student's by hand, and of shares inside their bounds with the coverage they claim."""

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.statistics.means import SHARE, mean_interval


def test_the_interval_of_a_mean_by_hand():
    # 1, 2, 3: M = 2, SD = 1, t(.975, 2) = 4.302653
    assert mean_interval(np.array([1, 2, 3])) == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5), abs=1e-6)
    assert np.isnan(mean_interval(np.array([1.0]))).all()
    assert mean_interval(np.array([1.0, 3.0])) == pytest.approx((2 - 12.706205, 2 + 12.706205), abs=1e-5)
    assert mean_interval(np.array([0.5, 1.2, 0.9]), SHARE) == mean_interval(np.array([0.5, 1.2, 0.9]))


@pytest.mark.parametrize("seed", range(20))
def test_the_interval_of_a_share_is_where_the_score_test_at_the_effective_size_is_at_its_limit(seed):
    rng = np.random.default_rng(seed)
    values = rng.binomial(12, rng.beta(4, 1, 15)) / 12
    mean, n = values.mean(), len(values)
    effective = mean * (1 - mean) / (values.var(ddof=1) / n)
    t = stats.t.ppf(0.975, n - 1)

    def beyond(p):
        return (mean - p) ** 2 - t**2 * p * (1 - p) / effective

    by_hand = optimize.brentq(beyond, 1e-9, mean), optimize.brentq(beyond, mean, 1 - 1e-9)
    assert mean_interval(values, SHARE) == pytest.approx(by_hand, abs=1e-8)


def test_shares_at_a_bound_have_wilson_s_interval_over_participants():
    t = stats.t.ppf(0.975, 9)
    assert mean_interval(np.ones(10), SHARE) == pytest.approx((10 / (10 + t**2), 1))
    assert mean_interval(np.zeros(10), SHARE) == pytest.approx((0, t**2 / (10 + t**2)))
    assert mean_interval(np.full(10, 0.5), SHARE) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (1.0, 7.0), (-3.0, 3.0)])
@pytest.mark.parametrize("seed", range(30))
def test_no_interval_leaves_its_bounds_or_its_mean(seed, bounds):
    rng = np.random.default_rng(seed)
    shape = 10 ** rng.uniform(-2, 2, 2)
    values = bounds[0] + (bounds[1] - bounds[0]) * rng.beta(*shape, size=rng.integers(2, 40)).round(rng.integers(0, 4))
    low, high = mean_interval(values, bounds)
    assert bounds[0] <= low <= values.mean() + 1e-12
    assert values.mean() - 1e-12 <= high <= bounds[1]
    turned = mean_interval(bounds[0] + bounds[1] - values, bounds)
    assert turned == pytest.approx((bounds[0] + bounds[1] - high, bounds[0] + bounds[1] - low))


def test_the_interval_follows_its_values_to_another_scale():
    shares = np.array([0.8, 0.9, 1.0, 1.0, 0.65])
    low, high = mean_interval(shares, SHARE)
    assert mean_interval(1 + 6 * shares, (1, 7)) == pytest.approx((1 + 6 * low, 1 + 6 * high))


def test_in_the_middle_it_is_nearly_the_t_interval():
    values = np.random.default_rng(1).normal(0.5, 0.08, 60)
    assert mean_interval(values, SHARE) == pytest.approx(mean_interval(values), abs=1e-3)


@pytest.mark.parametrize(("share", "trials", "people"), [(0.98, 14, 16), (0.9, 14, 16), (0.5, 14, 16), (0.97, 2, 40)])
def test_coverage_is_near_95_percent_also_near_a_bound(share, trials, people):
    rng = np.random.default_rng(2)
    shape = np.array([share, 1 - share]) * (1 / 0.08 - 1)
    held = []
    for _ in range(2000):
        values = rng.binomial(trials, rng.beta(*shape, people)) / trials
        low, high = mean_interval(values, SHARE)
        held.append(low <= share <= high)
    assert 0.92 < np.mean(held) < 0.985
