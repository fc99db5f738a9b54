"""Two groups of different people: Welch's t test and Mann-Whitney U, with Hedges g and the rank-biserial r."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.effects import hedges_g, rank_biserial
from analysis.statistics.multiplicity import adjust

COLUMNS = ("a", "b", "n_a", "n_b", "mean_a", "mean_b", "diff", "se", "df", "t", "p", "p_adjusted", "ci_low", "ci_high",
           "U", "p_U", "g", "g_low", "g_high", "r", "r_low", "r_high")  # fmt: skip


def compare(groups_a: dict[str, np.ndarray], groups_b: dict[str, np.ndarray], correction: str = "holm") -> pd.DataFrame:
    """Return every group of the first against every group of the second; differences are a − b.

    `p` is Welch's, adjusted over all comparisons; `p_U` is Mann-Whitney's (normal approximation, ties corrected), and
    `r` the rank-biserial correlation.

    >>> found = compare({"a": np.array([1.0, 2, 3])}, {"b": np.array([3.0, 4, 5])})
    >>> found.round(3)[["a", "b", "diff", "se", "df", "t", "p", "U", "g", "r"]]
       a  b  diff     se   df      t     p    U      g      r
    0  a  b  -2.0  0.816  4.0 -2.449  0.07  0.5 -1.596 -0.889
    """
    rows = [_row(a, b, x, y) for a, x in groups_a.items() for b, y in groups_b.items()]
    frame = pd.DataFrame(rows, columns=[*(c for c in COLUMNS if c != "p_adjusted"), "reason"])
    return frame.assign(p_adjusted=adjust(frame["p"], correction))[[*COLUMNS, "reason"]]


def _row(a: str, b: str, x: np.ndarray, y: np.ndarray) -> tuple[object, ...]:
    means = (x.mean() if len(x) else math.nan, y.mean() if len(y) else math.nan)
    head = (a, b, len(x), len(y), *means, means[0] - means[1])
    try:
        if min(len(x), len(y)) < 2:
            raise NotDefined("each group needs two participants")
        g = hedges_g(x, y)
    except NotDefined as refusal:
        return (*head, *[math.nan] * 14, refusal.reason)
    welch = stats.ttest_ind(x, y, equal_var=False)
    low, high = welch.confidence_interval()
    se = math.sqrt(np.var(x, ddof=1) / len(x) + np.var(y, ddof=1) / len(y))
    rank = stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=False)
    return (*head, se, welch.df, welch.statistic, welch.pvalue, low, high, rank.statistic, rank.pvalue, *g,
            *rank_biserial(x, y), "")  # fmt: skip
