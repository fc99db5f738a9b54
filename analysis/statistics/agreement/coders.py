"""Agreement of coders beyond chance: Cohen's κ for two, Krippendorff's α (nominal) for any number with gaps.

Intervals resample the coded units and take percentiles, so that they never pass 1. Where all values are the same,
chance agreement is 1 and neither coefficient is defined.
"""

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import NotDefined
from analysis.statistics.bootstrap import RESAMPLES, percentiles

ONE_VALUE = "every coder gave the same value everywhere, so agreement beyond chance is not defined"


def kappa(a: ArrayLike, b: ArrayLike) -> float:
    """Return Cohen's κ (1960) of two coders on the units that both coded.

    >>> round(kappa([1, 1, 0, 0], [1, 0, 0, 0]), 6)
    0.5
    """
    return float(_kappa(_table(a, b)[None].astype(float))[0])


def alpha(table: pd.DataFrame) -> float:
    """Return Krippendorff's α for nominal values; units × coders, NaN where a coder is missing.

    >>> round(alpha(pd.DataFrame({"anna": [1, 1, 0, 0], "ben": [1, 0, 0, None]})), 6)
    0.444444
    """
    return float(_alpha(_counts(table), np.ones((1, len(_counts(table)))))[0])


def kappa_interval(a: ArrayLike, b: ArrayLike, seed: int, level: float = 0.95) -> tuple[int, float, float, float, str]:
    """Return n, κ, its bootstrap limits and the reason where it is not defined.

    >>> n, found, low, high, reason = kappa_interval([1, 1, 0, 0] * 10, [1, 0, 0, 0] * 10, seed=1)
    >>> n, round(found, 6), low < found < high <= 1, reason
    (40, 0.5, True, '')
    """
    try:
        table, estimate = _table(a, b), kappa(a, b)
    except NotDefined as refusal:
        return 0, math.nan, math.nan, math.nan, refusal.reason
    if math.isnan(estimate):
        return int(table.sum()), math.nan, math.nan, math.nan, ONE_VALUE
    n = int(table.sum())
    shares = table.ravel() / n
    resampled = np.random.default_rng(seed).multinomial(n, shares, RESAMPLES).reshape(-1, *table.shape)
    return n, estimate, *_limits(_kappa(resampled.astype(float)), level)


def alpha_interval(table: pd.DataFrame, seed: int, level: float = 0.95) -> tuple[int, float, float, float, str]:
    """Return the number of units with two coders, α, its bootstrap limits and the reason where it is not defined.

    >>> table = pd.DataFrame({"anna": [1, 1, 0, 0] * 10, "ben": [1, 0, 0, None] * 10})
    >>> n, found, low, high, reason = alpha_interval(table, seed=1)
    >>> n, round(found, 6), low < found < high <= 1, reason
    (30, 0.344444, True, '')
    """
    counts = _counts(table)
    if not len(counts):
        return 0, math.nan, math.nan, math.nan, "no unit was coded by two coders"
    estimate = float(_alpha(counts, np.ones((1, len(counts))))[0])
    if math.isnan(estimate):
        return len(counts), math.nan, math.nan, math.nan, ONE_VALUE
    patterns, seen = np.unique(counts, axis=0, return_counts=True)  # resampling units resamples their patterns
    weights = np.random.default_rng(seed).multinomial(len(counts), seen / len(counts), RESAMPLES)
    return len(counts), estimate, *_limits(_alpha(patterns, weights.astype(float)), level)


def _table(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Return the counts of value pairs: (values, values)."""
    pairs = pd.DataFrame({"a": np.asarray(a, object), "b": np.asarray(b, object)}).dropna()
    if pairs.empty:
        raise NotDefined("no unit was coded by both coders")
    values = sorted(set(pairs["a"]) | set(pairs["b"]))
    counted = pd.crosstab(pairs["a"], pairs["b"]).reindex(index=values, columns=values, fill_value=0)
    return np.asarray(counted)


def _kappa(tables: np.ndarray) -> np.ndarray:
    """Return κ of each table in (tables, values, values), NaN where chance agreement is 1."""
    shares = tables / tables.sum(axis=(1, 2), keepdims=True)
    observed = np.trace(shares, axis1=1, axis2=2)
    expected = (shares.sum(axis=2) * shares.sum(axis=1)).sum(axis=1)
    return _beyond_chance(1 - observed, 1 - expected)


def _counts(table: pd.DataFrame) -> np.ndarray:
    """Return how many coders gave each value to each unit that two of them coded: (units, values)."""
    values = pd.unique(table.to_numpy().ravel())
    values = [value for value in values if not pd.isna(value)]
    counts = np.stack([(table == value).sum(axis=1).to_numpy() for value in values], axis=1)
    return np.asarray(counts[counts.sum(axis=1) > 1], float)


def _alpha(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return α for each row of unit weights: (resamples, units) over (units, values)."""
    coders = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / (coders - 1)
    totals = weights @ counts
    n = totals.sum(axis=1)
    disagreement = 1 - weights @ agreeing / n
    expected = 1 - (totals * (totals - 1)).sum(axis=1) / (n * (n - 1))
    return _beyond_chance(disagreement, expected)


def _beyond_chance(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return 1 − observed / expected disagreement, NaN where none is expected."""
    defined = expected > 1e-12
    return np.where(defined, 1 - observed / np.where(defined, expected, 1), np.nan)


def _limits(resampled: np.ndarray, level: float) -> tuple[float, float, str]:
    defined = resampled[~np.isnan(resampled)]
    low, high = percentiles(defined, level)
    return low, min(high, 1.0), ""
