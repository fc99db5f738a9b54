"""Equivalence: two one-sided tests (TOST) against a bound that was stated beforehand (Schuirmann 1987)."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike, complete
from analysis.statistics.multiplicity import adjust

COLUMNS = ("term", "a", "b", "diff", "se", "df", "t_low", "t_high", "p", "p_adjusted", "ci_low", "ci_high")


def welch(a: np.ndarray, b: np.ndarray, bound: float) -> tuple[object, ...]:
    """Return diff, se, df, t_low, t_high, p, and the 90% interval of mean(a) − mean(b) inside ± `bound`.

    >>> diff, se, df, *_ = welch(np.array([1, 2, 3]), np.array([2, 3, 4]), bound=3)
    >>> diff, round(se, 3), round(df, 3)
    (-1.0, 0.816, 4.0)
    """
    if min(len(a), len(b)) < 2:
        raise NotDefined("each group needs two values")
    if alike(a) and alike(b):
        raise NotDefined("neither group varies")
    share_a, share_b = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
    df = float((share_a + share_b) ** 2 / (share_a**2 / (len(a) - 1) + share_b**2 / (len(b) - 1)))
    return _tost(float(np.mean(a) - np.mean(b)), math.sqrt(share_a + share_b), df, bound)


def paired(differences: np.ndarray, bound: float, operands: float = 0.0) -> tuple[object, ...]:
    """Return the same for the mean of paired differences; `operands` as for `cells.alike`.

    >>> diff, se, df, t_low, t_high, p, low, high = paired(np.array([-1, 0, 1]), bound=2)
    >>> round(t_low, 3), round(t_high, 3), round(p, 3), round(low, 3), round(high, 3)
    (3.464, -3.464, 0.037, -1.686, 1.686)
    """
    if alike(differences, operands):
        raise NotDefined("the paired differences do not vary")
    se = float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
    return _tost(float(np.mean(differences)), se, len(differences) - 1, bound)


def _tost(diff: float, se: float, df: float, bound: float) -> tuple[object, ...]:
    if bound <= 0:
        raise ValueError(f"bound: found {bound}, expected a positive number")
    t_low, t_high = (diff + bound) / se, (diff - bound) / se
    p = max(stats.t.sf(t_low, df), stats.t.cdf(t_high, df))
    half = float(stats.t.ppf(0.95, df)) * se
    return diff, se, df, t_low, t_high, float(p), diff - half, diff + half


def between(
    data: pd.DataFrame, outcome: str, factors: list[str], bound: float, correction: str = "holm"
) -> pd.DataFrame:
    """Return the test of every pair of levels of every factor; p adjusted inside each factor.

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> between(data, "y", ["method"], bound=3).round(3)[["a", "b", "diff", "p", "p_adjusted", "ci_low", "ci_high"]]
       a  b  diff      p  p_adjusted  ci_low  ci_high
    0  a  b  -2.0  0.248       0.744  -5.063    1.063
    1  a  c  -6.0  0.989       1.000  -7.741   -4.259
    2  b  c  -4.0  0.752       1.000  -7.063   -0.937
    """
    used = complete(data, outcome, factors)
    frames = []
    for factor in factors:
        rows = [_row(factor, a, b, used, outcome, bound) for a, b in combinations(used[factor].cat.categories, 2)]
        frame = pd.DataFrame(rows, columns=[*COLUMNS[:9], "ci_low", "ci_high", "reason"])
        frames.append(frame.assign(p_adjusted=adjust(frame["p"], correction)))
    return pd.concat(frames, ignore_index=True)[[*COLUMNS, "reason"]]


def _row(factor: str, a: str, b: str, data: pd.DataFrame, outcome: str, bound: float) -> tuple[object, ...]:
    values_a, values_b = (data.loc[data[factor] == level, outcome].to_numpy(float) for level in (a, b))
    try:
        return (factor, a, b, *welch(values_a, values_b, bound), "")
    except NotDefined as refusal:
        return (factor, a, b, *[math.nan] * 8, refusal.reason)


def within(pairs: list[tuple[str, str, str, np.ndarray]], bound: float, correction: str = "holm") -> pd.DataFrame:
    """Return the paired test of each (factor, a, b, differences); p adjusted over all of them.

    >>> within([("stage", "a", "b", np.array([-1, 0, 1]))], bound=2).round(3)[["a", "b", "diff", "se", "p"]]
       a  b  diff     se      p
    0  a  b   0.0  0.577  0.037
    """
    rows = []
    for factor, a, b, differences in pairs:
        try:
            rows.append((factor, a, b, *paired(differences, bound), ""))
        except NotDefined as refusal:
            rows.append((factor, a, b, *[math.nan] * 8, refusal.reason))
    frame = pd.DataFrame(rows, columns=[*COLUMNS[:9], "ci_low", "ci_high", "reason"])
    return frame.assign(p_adjusted=adjust(frame["p"], correction))[[*COLUMNS, "reason"]]
