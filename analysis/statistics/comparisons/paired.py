"""Two conditions of the same participants: the Wilcoxon signed-rank test and the paired t test."""

import math
from collections.abc import Hashable
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike, tied
from analysis.statistics.effects import d_z, rank_biserial_paired
from analysis.statistics.multiplicity import adjust

COLUMNS = ("term", "a", "b", "n", "mean_a", "mean_b", "diff", "se", "df", "t", "V", "p", "p_adjusted", "ci_low",
           "ci_high", "effect", "effect_low", "effect_high")  # fmt: skip
TESTS = ("wilcoxon", "t")
BLANKS = {"wilcoxon": "a rank test has no t, df, or interval of the mean", "t": "a t test has no V"}


def wide(data: pd.DataFrame, outcome: str, within: list[str], participant: str = "participant") -> pd.DataFrame:
    """Return participants × conditions of the participants' means; NaN where someone lacks a condition.

    >>> rows = [("p1", "a", 1), ("p1", "a", 3), ("p1", "b", 5), ("p2", "b", 4)]
    >>> wide(pd.DataFrame(rows, columns=["participant", "stage", "y"]), "y", ["stage"])
    stage          a    b
    participant
    p1           2.0  5.0
    p2           NaN  4.0
    """
    means = data.dropna(subset=[outcome]).groupby([participant, *within], observed=True)[outcome].mean()
    return means.unstack(within) if within else means.to_frame("all")


def compare(table: pd.DataFrame, correction: str = "holm") -> pd.DataFrame:
    """Return both tests of every pair of a wide table's columns, on the participants who have both.

    Differences are a − b. `effect` is the matched-pairs rank-biserial correlation, or d_z = mean / SD of the
    differences, with 95% limits. p is adjusted across the pairs, for each test by itself. `warning` says what else must
    be known of a row.

    >>> table = pd.DataFrame({"a": [1, 2, 3, 5], "b": [2, 4, 6, 9]})
    >>> compare(table).round(3)[["term", "n", "diff", "t", "V", "p", "effect"]]
           term  n  diff      t    V      p  effect
    0  wilcoxon  4  -2.5    NaN  0.0  0.125  -1.000
    1         t  4  -2.5 -3.873  NaN  0.030  -1.936
    """
    pairs = list(combinations(table.columns, 2))
    rows = [_row(test, a, b, table) for a, b in pairs for test in TESTS]
    frame = pd.DataFrame(rows, columns=(*COLUMNS, "reason", "warning"))
    for test in TESTS:
        chosen = frame["term"] == test
        frame.loc[chosen, "p_adjusted"] = adjust(frame.loc[chosen, "p"], correction)
    return frame


def wilcoxon(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float, float, float]:
    """Return V (the sum of the positive ranks), p, the rank-biserial correlation and its limits, zeros dropped.

    Exact up to 50 untied differences, else the normal approximation without continuity correction, as R's
    `wilcox.test(paired = TRUE, exact = FALSE, correct = FALSE)`.

    >>> v, p, r, low, high = wilcoxon(np.array([1, 5, 3, 8]), np.array([2, 3, 6, 4]))
    >>> v, round(p, 3), round(r, 3)
    (6.0, 0.875, 0.2)
    """
    differences = np.asarray(a, float) - np.asarray(b, float)
    if not tied_differences(a, b).any():
        raise NotDefined("all paired differences are zero")
    effect = rank_biserial_paired(differences)
    return *_signed_ranks(differences), *effect


def _signed_ranks(differences: np.ndarray) -> tuple[float, float]:
    nonzero = differences[differences != 0]
    ranks = stats.rankdata(np.abs(nonzero))
    exact = len(nonzero) <= 50 and len(np.unique(np.abs(nonzero))) == len(nonzero) == len(differences)
    p = stats.wilcoxon(differences, correction=False, method="exact" if exact else "asymptotic").pvalue
    return float(ranks[nonzero > 0].sum()), float(p)


def tied_differences(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a − b, with the sizes made equal that differ by rounding alone, and 0 where only rounding is left.

    >>> tied_differences(np.array([0.1 + 0.2, 5.0]), np.array([0.3, 2.0]))
    array([0., 3.])
    """
    x, y = np.asarray(a, float), np.asarray(b, float)
    differences = x - y
    operands = float(np.abs(np.concatenate([x, y])).max(initial=0))
    sizes = tied(np.append(np.abs(differences), 0.0), operands)[:-1]
    return np.asarray(np.sign(differences) * sizes)


def broken_ties(a: np.ndarray, b: np.ndarray) -> str:
    """Return in words what the test would give if differences that are equal but for rounding were tied; else nothing.

    R breaks such ties by its rounding as well (its `digits.rank` stops that), so `wilcoxon` equals R's default.

    >>> broken_ties(np.array([0.8, 0.7, 0.4]), np.array([0.7, 0.6, 0]))[:49], broken_ties(np.array([1, 2]), np.zeros(2))
    ('differences that differ by rounding alone are ran', '')
    """
    equal, differences = tied_differences(a, b), np.asarray(a, float) - np.asarray(b, float)
    sizes, own = (len(np.unique(np.append(np.abs(values), 0.0))) for values in (equal, differences))
    if sizes == own or not equal.any():
        return ""
    v, p = _signed_ranks(equal)
    return f"differences that differ by rounding alone are ranked apart, as in R; tied they give V = {v:g}, p = {p:.3g}"


def t_test(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float, float, float, float, float, float]:
    """Return se, t, p, the 95% limits of the mean difference, d_z and its limits.

    >>> se, t, p, low, high, *_ = t_test(np.array([2, 4, 6]), np.array([1, 2, 3]))
    >>> round(se, 3), round(t, 3), round(p, 3), round(low, 3), round(high, 3)
    (0.577, 3.464, 0.074, -0.484, 4.484)
    """
    differences = np.asarray(a, float) - np.asarray(b, float)
    if alike(differences, float(np.abs(np.concatenate([a, b])).max())):
        raise NotDefined("all paired differences are equal")
    mean, sd, df = float(differences.mean()), float(differences.std(ddof=1)), len(differences) - 1
    se = sd / math.sqrt(len(differences))
    half = float(stats.t.ppf(0.975, df)) * se
    return se, mean / se, 2 * float(stats.t.sf(abs(mean / se), df)), mean - half, mean + half, *d_z(differences)


def _row(test: str, a: Hashable, b: Hashable, table: pd.DataFrame) -> tuple[object, ...]:
    both = table[[a, b]].dropna()
    x, y = both[a].to_numpy(float), both[b].to_numpy(float)
    means = (x.mean(), y.mean(), (x - y).mean()) if len(both) else (math.nan,) * 3
    head = (test, a, b, len(both), *means)
    try:
        if len(both) < 2:
            raise NotDefined("fewer than two participants have both conditions")
        if test == "wilcoxon":
            v, p, *effect = wilcoxon(x, y)
            remarks = BLANKS[test], broken_ties(x, y)
            return (*head, *[math.nan] * 3, v, p, math.nan, math.nan, math.nan, *effect, *remarks)
        se, t, p, low, high, *effect = t_test(x, y)
        return (*head, se, len(both) - 1, t, math.nan, p, math.nan, low, high, *effect, BLANKS[test], "")
    except NotDefined as refusal:
        return (*head, *[math.nan] * 11, refusal.reason, "")
