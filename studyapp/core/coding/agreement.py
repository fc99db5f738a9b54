"""Agreement of coders beyond chance, as it stands: Cohen's κ of two, Krippendorff's α (nominal) of any number.

Marks are numbers, NaN where a coder didn't read. Equal to `analysis`, which adds intervals; a test holds them together.
"""

import math

import numpy as np


def kappa(a: np.ndarray, b: np.ndarray) -> float:
    """Return Cohen's κ (1960) on the units that both read; NaN without any, or where chance agreement is 1."""
    both = ~np.isnan(a) & ~np.isnan(b)
    if not both.any():
        return math.nan
    a, b = a[both], b[both]
    values = np.union1d(a, b)
    shares_a = (a[:, None] == values).mean(axis=0)
    shares_b = (b[:, None] == values).mean(axis=0)
    return _beyond_chance(1 - float((a == b).mean()), 1 - float(shares_a @ shares_b))


def alpha(marks: np.ndarray) -> float:
    """Return Krippendorff's α for nominal values, units × coders; NaN where it isn't defined."""
    values = np.unique(marks[~np.isnan(marks)])
    counts = (marks[:, :, None] == values).sum(axis=1).astype(float)
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return math.nan
    readers = counts.sum(axis=1)
    n, totals = counts.sum(), counts.sum(axis=0)
    agreeing = (counts * (counts - 1)).sum(axis=1) / (readers - 1)
    expected = 1 - float((totals * (totals - 1)).sum() / (n * (n - 1)))
    return _beyond_chance(1 - float(agreeing.sum() / n), expected)


def _beyond_chance(observed: float, expected: float) -> float:
    """Return 1 − observed / expected disagreement, NaN where none is expected."""
    return 1 - observed / expected if expected > 1e-12 else math.nan
