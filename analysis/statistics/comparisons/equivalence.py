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


def welch(a: np.ndarray, b: np.ndarray, bound: float) -> tuple:
    """Return diff, se, df, t_low, t_high, p, and the 90% interval of mean(a) − mean(b) inside ± `bound`."""
    if min(len(a), len(b)) < 2:
        raise NotDefined("each group needs two values")
    if alike(a) and alike(b):
        raise NotDefined("neither group varies")
    share_a, share_b = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
    df = (share_a + share_b) ** 2 / (share_a**2 / (len(a) - 1) + share_b**2 / (len(b) - 1))
    return _tost(float(np.mean(a) - np.mean(b)), math.sqrt(share_a + share_b), df, bound)


def paired(differences: np.ndarray, bound: float) -> tuple:
    """Return the same for the mean of paired differences."""
    if len(differences) < 2 or alike(differences):
        raise NotDefined("the paired differences do not vary")
    se = np.std(differences, ddof=1) / math.sqrt(len(differences))
    return _tost(float(np.mean(differences)), se, len(differences) - 1, bound)


def _tost(diff: float, se: float, df: float, bound: float) -> tuple:
    if bound <= 0:
        raise ValueError(f"bound: found {bound}, expected a positive number")
    t_low, t_high = (diff + bound) / se, (diff - bound) / se
    p = max(stats.t.sf(t_low, df), stats.t.cdf(t_high, df))
    half = stats.t.ppf(0.95, df) * se
    return diff, se, df, t_low, t_high, float(p), diff - half, diff + half


def between(data: pd.DataFrame, outcome: str, factors: list[str], bound: float, correction: str = "holm"):
    """Return the test of every pair of levels of every factor; p adjusted inside each factor."""
    used = complete(data, outcome, factors)
    frames = []
    for factor in factors:
        rows = [_row(factor, a, b, used, outcome, bound) for a, b in combinations(used[factor].cat.categories, 2)]
        frame = pd.DataFrame(rows, columns=[*COLUMNS[:9], "ci_low", "ci_high", "reason"])
        frames.append(frame.assign(p_adjusted=adjust(frame["p"], correction)))
    return pd.concat(frames, ignore_index=True)[[*COLUMNS, "reason"]]


def _row(factor: str, a: str, b: str, data: pd.DataFrame, outcome: str, bound: float) -> tuple:
    values_a, values_b = (data.loc[data[factor] == level, outcome].to_numpy(float) for level in (a, b))
    try:
        return (factor, a, b, *welch(values_a, values_b, bound), "")
    except NotDefined as refusal:
        return (factor, a, b, *[math.nan] * 8, refusal.reason)


def within(pairs: list[tuple], bound: float, correction: str = "holm") -> pd.DataFrame:
    """Return the paired test of each (factor, a, b, differences); p adjusted over all of them."""
    rows = []
    for factor, a, b, differences in pairs:
        try:
            rows.append((factor, a, b, *paired(differences, bound), ""))
        except NotDefined as refusal:
            rows.append((factor, a, b, *[math.nan] * 8, refusal.reason))
    frame = pd.DataFrame(rows, columns=[*COLUMNS[:9], "ci_low", "ci_high", "reason"])
    return frame.assign(p_adjusted=adjust(frame["p"], correction))[[*COLUMNS, "reason"]]
