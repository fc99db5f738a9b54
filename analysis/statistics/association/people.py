"""Do two quantities go together over people? Spearman's ρ, a value of each per participant."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike

COLUMNS = ("term", "n", "rho", "ci_low", "ci_high", "p")
LEAST_PEOPLE = 4


def spearman(first: pd.Series, second: pd.Series, term: str) -> pd.DataFrame:
    """Return ρ with p (R `cor.test(method = "spearman", exact = FALSE)`) and its 95% interval, of who has both values.

    The interval is Fisher's z with the variance (1 + ρ²/2) / (n − 3) (Bonett & Wright 2000); ρ = ±1 has none.

    >>> spearman(pd.Series([1, 2, 3, 4, 5.0]), pd.Series([1, 3, 2, 4, 5.0]), "trust").round(3)[["n", "rho", "p"]]
       n  rho      p
    0  5  0.9  0.037
    """
    x, y = (values.to_numpy(float) for values in (first, second))
    known = ~(np.isnan(x) | np.isnan(y))
    x, y, n = x[known], y[known], int(known.sum())
    if n < LEAST_PEOPLE:
        raise NotDefined(f"ρ needs {LEAST_PEOPLE} people with both values, there are {n}", (term,))
    if alike(x) or alike(y):
        raise NotDefined("everybody has the same value", (term,))
    test = stats.spearmanr(x, y)
    rho = float(test.statistic)
    if 1 - abs(rho) < 1e-12:
        limits, reason = (math.nan, math.nan), "the orders agree fully, so there is no interval"
    else:
        reach = stats.norm.ppf(0.975) * math.sqrt((1 + rho**2 / 2) / (n - 3))
        limits, reason = (math.tanh(math.atanh(rho) - reach), math.tanh(math.atanh(rho) + reach)), ""
    return pd.DataFrame([(term, n, rho, *limits, float(test.pvalue), reason)], columns=(*COLUMNS, "reason"))
