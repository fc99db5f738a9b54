"""Repeated binary answers, population-averaged: GEE with the bias-reduced covariance of Mancl & DeRouen (2001)."""

import numpy as np
import pandas as pd
import statsmodels.api as sm

from analysis.errors import NotDefined
from analysis.statistics.regression import odds
from analysis.statistics.regression.design import check_not_separated, trials_design
from analysis.statistics.regression.odds import COLUMNS


def gee(data: pd.DataFrame, outcome: str, factors: list[str], participant: str = "participant") -> pd.DataFrame:
    """Return one row per coefficient (log odds, treatment contrasts, exchangeable answers), as `odds.COLUMNS`.

    >>> rows = [(f"p{i}", method, int((i + j) % 4 < k))
    ...         for i in range(8) for method, k in (("a", 1), ("b", 3)) for j in range(6)]
    >>> data = pd.DataFrame(rows, columns=["participant", "method", "right"])
    >>> gee(data, "right", ["method"]).round(2)[["term", "estimate", "odds_ratio"]]
              term  estimate  odds_ratio
    0  (Intercept)      -1.1        0.33
    1    method[b]       2.2        9.00
    """
    trials = trials_design(data, outcome, factors, participant)
    y, design, names, people = trials.y, trials.design, trials.names, trials.groups.first
    check_not_separated(y, design, names)
    model = sm.GEE(y, design, people, family=sm.families.Binomial(), cov_struct=sm.cov_struct.Exchangeable())
    try:
        fit = model.fit(cov_type="bias_reduced")
    except np.linalg.LinAlgError:
        reason = "one participant alone decides a coefficient, so the bias-reduced covariance is not defined"
        raise NotDefined(reason, tuple(names)) from None
    rows = [odds.row(*values) for values in zip(names, fit.params, fit.bse, strict=True)]
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))
