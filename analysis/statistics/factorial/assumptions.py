"""What an ANOVA assumes: normal residuals (Shapiro-Wilk) and equal variances (Levene about the median)."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike, complete, groups, varying

NORMALITY_COLUMNS = ("term", "W", "p")
LEVENE_COLUMNS = ("term", "F", "df1", "df2", "p")
ROYSTON_LIMIT = 5000


def residuals(data: pd.DataFrame, outcome: str, factors: list[str]) -> np.ndarray:
    """Return each value minus its cell's mean: the residuals of the full factorial model.

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> residuals(data, "y", ["method"])
    array([-1.,  0.,  1., -2.,  0.,  2., -1.,  0.,  1.])
    """
    used = complete(data, outcome, factors)
    factors = varying(used, factors)
    if not factors:
        return np.asarray(used[outcome] - used[outcome].mean(), float)
    return np.asarray(used[outcome] - used.groupby(factors, observed=True)[outcome].transform("mean"), float)


def normality(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return Shapiro-Wilk's W on the model's residuals (R `shapiro.test(residuals(m))`), not on the raw outcome.

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> normality(data, "y", ["method"]).round(3)
            term      W     p
    0  residuals  0.963  0.83
    """
    used = complete(data, outcome, factors)
    values = residuals(used, outcome, factors)
    if len(values) < 3:
        raise NotDefined(f"Shapiro-Wilk needs three values, there are {len(values)}", ("residuals",))
    cells = groups(used, outcome, varying(used, factors))
    if all(map(alike, cells)):
        raise NotDefined("all residuals are zero", ("residuals",))
    if len(values) > ROYSTON_LIMIT:
        reason = f"the p value of Shapiro-Wilk is known up to n = {ROYSTON_LIMIT} (Royston 1995); look at the QQ plot"
        raise NotDefined(reason, ("residuals",))
    w, p = stats.shapiro(values)
    return pd.DataFrame([("residuals", float(w), float(p))], columns=NORMALITY_COLUMNS)


def levene(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return Levene's test about the median on the cells and on each factor (R `car::leveneTest(center = median)`).

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> levene(data, "y", ["method"]).round(3)[["term", "F", "df1", "df2", "p"]]
         term      F  df1  df2      p
    0  method  0.667    2    6  0.548
    """
    used = complete(data, outcome, factors)
    factors = varying(used, factors)
    splits = {"cells": factors} if len(factors) != 1 else {}
    rows = [_levene_row(term, used, outcome, split) for term, split in (splits | {f: [f] for f in factors}).items()]
    return pd.DataFrame(rows, columns=(*LEVENE_COLUMNS, "reason"))


def _levene_row(term: str, data: pd.DataFrame, outcome: str, factors: list[str]) -> tuple[object, ...]:
    cells = groups(data, outcome, factors)
    blank = (term, math.nan, math.nan, math.nan, math.nan)
    if len(cells) < 2:
        return (*blank, "there is only one group")
    if min(map(len, cells)) < 2:
        return (*blank, "a group has fewer than two values")
    spread = [np.abs(values - np.median(values)) for values in cells]
    if all(alike(values) or alike(deviations) for values, deviations in zip(cells, spread, strict=True)):
        return (*blank, "the deviations from the median do not vary inside any group")
    f_value, p = stats.levene(*cells, center="median")
    return (term, float(f_value), len(cells) - 1, len(data) - len(cells), float(p), "")
