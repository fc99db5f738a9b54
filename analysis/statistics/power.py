"""Power of a factorial ANOVA: by the noncentral F distribution, and by resampling the participants of an export."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.anova import anova
from analysis.statistics.cells import complete, terms_of
from analysis.statistics.effects import wilson

LARGEST_CELL = 100_000


def power(levels: dict[str, int], term: str, f: float, n_per_cell: int, alpha: float = 0.05) -> float:
    """Return the power of one term's F test at Cohen's f: noncentrality f² N, df of the full factorial model."""
    cells = math.prod(levels.values())
    df1 = math.prod(levels[factor] - 1 for factor in term.split(":"))
    df2 = cells * (n_per_cell - 1)
    if df2 < 1:
        raise NotDefined("one participant per cell leaves nothing to estimate the error from")
    critical = stats.f.ppf(1 - alpha, df1, df2)
    if f == 0:
        return alpha  # scipy 1.17's noncentral F returns −.95 here
    return float(stats.ncf.sf(critical, df1, df2, f**2 * cells * n_per_cell))


def needed(levels: dict[str, int], term: str, f: float, wanted: float, alpha: float = 0.05) -> int:
    """Return the smallest number of participants per cell that reaches the wanted power (power grows with it)."""
    low, high = 1, 2
    while power(levels, term, f, high, alpha) < wanted:
        low, high = high, high * 2
        if high > LARGEST_CELL:
            raise NotDefined(f"more than {LARGEST_CELL} participants per cell would be needed")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(levels, term, f, middle, alpha) >= wanted else (middle, high)
    return high


def resampled(data: pd.DataFrame, outcome: str, factors: list[str], term: str, n_per_cell: int, repeats: int,
              seed: int, alpha: float = 0.05, covariance: str = "classical") -> tuple[float, float, float]:  # fmt: skip
    """Return the share of simulated studies whose test of `term` is significant, and its Wilson limits.

    Each simulated study draws `n_per_cell` participants from every cell with replacement and runs the same test as the
    report. The data are a pilot, or what the study's own bots answered.
    """
    used = complete(data, outcome, factors)
    if term not in terms_of(factors):
        raise NotDefined(f"there is no term {term}; there are {', '.join(terms_of(factors))}")
    cells = [rows.index.to_numpy() for _, rows in used.groupby(factors, observed=True)]
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(repeats):
        chosen = np.concatenate([rng.choice(cell, n_per_cell) for cell in cells])
        hits += _significant(used.loc[chosen], outcome, factors, term, alpha, covariance)
    return hits / repeats, *wilson(hits, repeats)


def _significant(
    data: pd.DataFrame, outcome: str, factors: list[str], term: str, alpha: float, covariance: str
) -> bool:
    """Return whether the test is significant; a draw without variation decides nothing and counts as not."""
    try:
        table = anova(data, outcome, factors, covariance=covariance)
    except NotDefined:
        return False
    return bool(table.set_index("term")["p"][term] < alpha)
