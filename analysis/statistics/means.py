"""Intervals of a mean over participants: Student's, and for values between two bounds one that stays inside them."""

import math

import numpy as np
from scipy import stats

Bounds = tuple[float, float]
SHARE: Bounds = (0.0, 1.0)
SHORT = {True: "Wilson intervals", False: "t intervals"}  # by whether there are bounds
METHODS = {True: "Wilson's interval of the mean at the effective sample size, with t quantiles",
           False: "t interval of the mean"}  # fmt: skip


def mean_interval(values: np.ndarray, bounds: Bounds | None = None, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a mean; (nan, nan) for fewer than two values.

    Without `bounds` the t interval. Of values that lie between them Wilson's score interval at the effective sample
    size m (1 − m) / (s² / n), with the t quantile on n − 1 degrees of freedom (Franco, Little, Louis & Slud 2019): near
    the middle it is the t interval, near a bound it bends away from it. Where all values are one bound, the effective
    size is the number of participants.

    >>> low, high = mean_interval(np.array([1, 2, 3]))
    >>> round(low, 3), round(high, 3)
    (-0.484, 4.484)
    >>> low, high = mean_interval(np.array([0.8, 0.9, 1.0, 1.0]), (0, 1))
    >>> round(low, 3), round(high, 3)
    (0.649, 0.988)
    """
    n = len(values)
    if n < 2:
        return math.nan, math.nan
    t, mean = float(stats.t.ppf((1 + level) / 2, n - 1)), float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(n)
    if bounds is None or not (bounds[0] <= values.min() and values.max() <= bounds[1]):
        return mean - t * error, mean + t * error
    width = bounds[1] - bounds[0]
    low, high = _score((mean - bounds[0]) / width, error / width, t, n)
    return bounds[0] + low * width, bounds[0] + high * width


def _score(share: float, error: float, t: float, n: int) -> tuple[float, float]:
    """Return the roots of (share − p)² = t² p (1 − p) / n*, n* the effective sample size."""
    own = share * (1 - share)
    inverse = error**2 / own if own > 0 else 1 / n  # of the effective size
    scale = 1 + t**2 * inverse
    centre = (share + t**2 * inverse / 2) / scale
    half = t / scale * math.sqrt(own * inverse + (t * inverse / 2) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)
