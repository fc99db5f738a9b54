"""Do people do better than guessing? Tests of participants' means against a chance level, never of pooled answers."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike

COLUMNS = ("term", "n", "mean", "chance", "n_above", "n_below", "p_sign", "t", "df", "p")


def against_chance(means: np.ndarray, chance: float, term: str = "all") -> tuple[object, ...]:
    """Return one row: the sign test (exact binomial) of participants above against below, and the one-sample t test.

    Both are two-sided. Participants exactly at chance decide nothing in the sign test.

    >>> found = dict(zip(COLUMNS, against_chance(np.array([0.5, 0.7, 0.8, 0.6]), 0.5), strict=False))
    >>> found["n_above"], found["n_below"], round(found["p_sign"], 3), round(found["t"], 3), round(found["p"], 3)
    (3, 0, 0.25, 2.324, 0.103)
    """
    means = np.asarray(means, float)
    above, below = int((means > chance).sum()), int((means < chance).sum())
    p_sign = float(stats.binomtest(above, above + below).pvalue) if above + below else math.nan
    head = (term, len(means), means.mean() if len(means) else math.nan, chance, above, below, p_sign)
    if alike(means):
        return (*head, math.nan, math.nan, math.nan, "the participants' means do not vary")
    test = stats.ttest_1samp(means, chance)
    return (*head, float(test.statistic), len(means) - 1, float(test.pvalue), "")


def by_group(data: pd.DataFrame, outcome: str, factors: list[str], chance: float) -> pd.DataFrame:
    """Return the tests of everybody and of each level of each factor; `data` has one row per participant.

    >>> data = pd.DataFrame({"method": ["a", "a", "b", "b"], "y": [0.5, 0.7, 0.8, 0.6]})
    >>> by_group(data, "y", ["method"], 0.5).round(3)[["term", "n", "mean", "n_above", "n_below", "p"]]
            term  n  mean  n_above  n_below      p
    0        all  4  0.65        3        0  0.103
    1  method[a]  2  0.60        1        0  0.500
    2  method[b]  2  0.70        2        0  0.295
    """
    known = data.dropna(subset=[outcome])
    if known.empty:
        raise NotDefined("nobody has a value")
    rows = [against_chance(known[outcome].to_numpy(), chance)]
    for factor in factors:
        for level, part in known.groupby(factor, observed=True):
            rows.append(against_chance(part[outcome].to_numpy(), chance, f"{factor}[{level}]"))
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))
