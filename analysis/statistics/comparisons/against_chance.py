"""Do people do better than guessing? Tests of participants' means against a chance level, never of pooled answers."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike

COLUMNS = ("term", "n", "mean", "chance", "n_above", "n_below", "p_sign", "t", "df", "p")


def against_chance(means: np.ndarray, chance: float, term: str = "all") -> tuple:
    """Return one row: the sign test (exact binomial) of participants above against below, and the one-sample t test.

    Both are two-sided. Participants exactly at chance decide nothing in the sign test.
    """
    means = np.asarray(means, float)
    above, below = int((means > chance).sum()), int((means < chance).sum())
    p_sign = stats.binomtest(above, above + below).pvalue if above + below else math.nan
    head = (term, len(means), means.mean() if len(means) else math.nan, chance, above, below, p_sign)
    if len(means) < 2 or alike(means):
        return (*head, math.nan, math.nan, math.nan, "the participants' means do not vary")
    test = stats.ttest_1samp(means, chance)
    return (*head, float(test.statistic), len(means) - 1, float(test.pvalue), "")


def by_group(data: pd.DataFrame, outcome: str, factors: list[str], chance: float) -> pd.DataFrame:
    """Return the tests of everybody and of each level of each factor; `data` has one row per participant."""
    known = data.dropna(subset=[outcome])
    if known.empty:
        raise NotDefined("nobody has a value")
    rows = [against_chance(known[outcome].to_numpy(), chance)]
    for factor in factors:
        for level, part in known.groupby(factor, observed=True):
            rows.append(against_chance(part[outcome].to_numpy(), chance, f"{factor}[{level}]"))
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))
