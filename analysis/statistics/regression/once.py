"""One yes or no per participant: logistic regression, its coefficients and a likelihood-ratio test of each term."""

import math

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.errors import NotDefined
from analysis.statistics.cells import complete, terms_of, varying
from analysis.statistics.effects import epsilon2_interval
from analysis.statistics.regression import odds
from analysis.statistics.regression.design import check_not_separated, treatment_columns
from analysis.statistics.regression.odds import COLUMNS

TERMS = ("term", "chi2", "df", "p", "w", "w_low", "w_high")
STEPS = 100


def coefficients(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return one row per coefficient (log odds, treatment contrasts): R `glm(y ~ a * b, binomial)`, Wald's z.

    >>> data = pd.DataFrame({"method": list("aaaabbbb"), "y": [1, 0, 0, 0, 1, 1, 1, 0]})
    >>> coefficients(data, "y", ["method"]).round(3)[["term", "estimate", "se", "odds_ratio"]]
              term  estimate     se  odds_ratio
    0  (Intercept)    -1.099  1.155       0.333
    1    method[b]     2.197  1.633       9.000
    """
    used, factors = _used(data, outcome, factors)
    columns = treatment_columns(used, factors)
    design, y = np.column_stack(list(columns.values())), used[outcome].to_numpy(float)
    check_not_separated(y, design, list(columns))
    beta, _ = _fit(y, design)
    share = special.expit(design @ beta)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T * (share * (1 - share)) @ design)))
    rows = [odds.row(*values) for values in zip(columns, beta, errors, strict=True)]
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))


def deviance(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return the likelihood-ratio test of each term under sum contrasts: R `car::Anova(glm(…), type = 3)`.

    `w` = √(χ² / n) is Cohen's, with 90% limits from the noncentral χ² distribution.

    >>> data = pd.DataFrame({"method": list("aaaabbbb"), "y": [1, 0, 0, 0, 1, 1, 1, 0]})
    >>> deviance(data, "y", ["method"]).round(3)[["term", "chi2", "df", "p", "w"]]
         term   chi2  df      p      w
    0  method  2.093   1  0.148  0.511
    """
    used, factors = _used(data, outcome, factors)
    y = used[outcome].to_numpy(float)
    parts = {term: _sum_columns(used, term) for term in terms_of(factors)}
    ones = np.ones((len(y), 1))
    full = np.hstack([ones, *parts.values()])
    check_not_separated(y, np.column_stack(list(treatment_columns(used, factors).values())), list(parts))
    best = _fit(y, full)[1]
    rows = []
    for term, columns in parts.items():
        others = [part for other, part in parts.items() if other != term]
        chi2, df = max(0.0, 2 * (best - _fit(y, np.hstack([ones, *others]))[1])), columns.shape[1]
        p, w = float(stats.chi2.sf(chi2, df)), math.sqrt(chi2 / len(y))
        rows.append((term, chi2, df, p, w, *_limits(chi2, df, len(y))))
    return pd.DataFrame(rows, columns=TERMS)


def _limits(chi2: float, df: int, n: int) -> tuple[float, float]:
    low, high = epsilon2_interval(chi2, df, n + 1)
    return math.sqrt(low), math.sqrt(high)


def _used(data: pd.DataFrame, outcome: str, factors: list[str]) -> tuple[pd.DataFrame, list[str]]:
    used = complete(data, outcome, factors)
    factors = varying(used, factors)
    if not len(used):
        raise NotDefined("no participant has a value")
    if not factors:
        raise NotDefined("no factor has two observed levels")
    if (used.groupby(factors, observed=False)[outcome].size() == 0).any():
        reason = "a combination of levels never occurs, so the interaction cannot be estimated"
        raise NotDefined(reason, tuple(terms_of(factors)))
    return used, factors


def _sum_columns(data: pd.DataFrame, term: str) -> np.ndarray:
    """Return a term's columns under sum contrasts."""
    columns = np.ones((len(data), 1))
    for factor in term.split(":"):
        codes = data[factor].cat.codes.to_numpy()
        last = len(data[factor].cat.categories) - 1
        own = np.stack([(codes == level).astype(float) - (codes == last) for level in range(last)], axis=1)
        columns = (columns[:, :, None] * own[:, None, :]).reshape(len(data), -1)
    return columns


def _fit(y: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the coefficients and the log likelihood, by Newton's method."""
    beta = np.zeros(design.shape[1])
    for _ in range(STEPS):
        share = special.expit(design @ beta)
        score = design.T @ (y - share)
        if np.abs(score).max() < 1e-10:
            break
        beta = beta + np.linalg.solve(design.T * (share * (1 - share)) @ design, score)
    linear = design @ beta
    return beta, float(y @ linear - np.logaddexp(0, linear).sum())
