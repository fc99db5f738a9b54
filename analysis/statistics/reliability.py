"""Do the items of a scale measure one thing? Cronbach's α and McDonald's ω total, of people who answered all items.

Sources: Cronbach (1951) and Feldt's interval (Feldt, Woodruff & Salih 1987); McDonald (1999), ω total of the one-factor
model, fitted to the correlations by minimal residuals (Harman & Jones 1966). As R's `psych::alpha`, `alpha.ci` and
`omega(nfactors = 1)`, but that psych turns items round which go against the others; here they stay as the scale has
them, so that a reverse-coded item that was not declared is seen.
"""

import math

import numpy as np
import pandas as pd
from scipy import optimize, stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike

COLUMNS = ("items", "n", "alpha", "ci_low", "ci_high", "omega")
ITEM_COLUMNS = ("item", "n", "mean", "sd", "item_rest", "alpha_without")
LEAST_ITEMS, LEAST_PEOPLE, LEAST_FACTOR = 2, 3, 3
LEAST_UNIQUE = 0.005  # of an item's variance, as in psych
NO_FACTOR = f"ω needs {LEAST_FACTOR} items"
HEYWOOD = "an item has no variance of its own in the one-factor model (a Heywood case), so ω is rough"


def reliability(answers: pd.DataFrame) -> pd.DataFrame:
    """Return one row: items, people who answered all of them, α with its 95% interval, and ω total.

    `answers` has a row per participant and a column per item, reverse-coded ones turned round.

    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 3, 5, 4], "c": [1, 3, 2, 4, 5]})
    >>> reliability(answers).round(3)[["items", "n", "alpha"]]
       items  n  alpha
    0      3  5  0.908
    """
    values = _complete(answers)
    n, k = values.shape
    alpha = cronbach(values)
    limits = [1 - (1 - alpha) * stats.f.ppf(p, n - 1, (n - 1) * (k - 1)) for p in (0.975, 0.025)]
    total, reason = _omega(values)
    return pd.DataFrame([(k, n, alpha, *limits, total, reason)], columns=(*COLUMNS, "reason"))


def items(answers: pd.DataFrame) -> pd.DataFrame:
    """Return a row per item: its mean and SD, its correlation with the sum of the others, and α without it.

    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 3, 5, 4], "c": [1, 3, 2, 4, 5]})
    >>> items(answers).round(3)[["item", "item_rest", "alpha_without"]]
      item  item_rest  alpha_without
    0    a      0.950          0.750
    1    b      0.718          0.947
    2    c      0.791          0.889
    """
    values = _complete(answers)
    n, k = values.shape
    rows = []
    for place, name in enumerate(answers.columns):
        own, others = values[:, place], np.delete(values, place, axis=1)
        rest = others.sum(axis=1)
        related = math.nan if alike(own) or alike(rest) else float(np.corrcoef(own, rest)[0, 1])
        without = cronbach(others) if k > LEAST_ITEMS and not alike(rest) else math.nan
        reason = "" if not math.isnan(related) else "the item, or the sum of the others, does not vary"
        if k == LEAST_ITEMS:
            reason = reason or "without it one item is left, which has no α"
        rows.append((str(name), n, own.mean(), own.std(ddof=1), related, without, reason))
    return pd.DataFrame(rows, columns=(*ITEM_COLUMNS, "reason"))


def cronbach(values: np.ndarray) -> float:
    """Return α of complete answers (people, items), of which the sum varies.

    >>> round(cronbach(np.array([[1, 2], [2, 1], [3, 3.0]])), 3)
    0.667
    """
    k = values.shape[1]
    return float(k / (k - 1) * (1 - values.var(axis=0, ddof=1).sum() / values.sum(axis=1).var(ddof=1)))


def one_factor(correlations: np.ndarray) -> np.ndarray:
    """Return the loadings on one factor that leave the least residuals beside the diagonal; their sum is positive.

    >>> loadings = np.array([0.8, 0.7, 0.6, 0.5])
    >>> correlations = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    >>> one_factor(correlations).round(6).tolist()
    [0.8, 0.7, 0.6, 0.5]
    """
    above = np.triu_indices(len(correlations), 1)
    sizes, vectors = np.linalg.eigh(correlations)
    most = math.sqrt(1 - LEAST_UNIQUE)
    start = np.clip(vectors[:, -1] * math.sqrt(sizes[-1]), -0.99 * most, 0.99 * most)

    def residuals(loadings: np.ndarray) -> np.ndarray:
        return (correlations - np.outer(loadings, loadings))[above]

    optimum = optimize.least_squares(residuals, start, bounds=(-most, most), xtol=1e-13, ftol=1e-13, gtol=1e-13)
    loadings = np.asarray(optimum.x, float)
    return -loadings if loadings.sum() < 0 else loadings


def _omega(values: np.ndarray) -> tuple[float, str]:
    """Return ω total and what is to be said of it."""
    if values.shape[1] < LEAST_FACTOR:
        return math.nan, NO_FACTOR
    if any(alike(column) for column in values.T):
        return math.nan, "everybody answered an item alike, which has no correlation for ω"
    correlations = np.corrcoef(values, rowvar=False)
    loadings = one_factor(correlations)
    unique = 1 - loadings**2
    total = float(1 - unique.sum() / correlations.sum())
    return total, HEYWOOD if unique.min() < 1.01 * LEAST_UNIQUE else ""


def _complete(answers: pd.DataFrame) -> np.ndarray:
    """Return the answers of everybody who answered all items: (people, items)."""
    values: np.ndarray = answers.dropna().to_numpy(float)
    n, k = values.shape
    if k < LEAST_ITEMS:
        raise NotDefined("a scale of one item has no internal consistency")
    if n < LEAST_PEOPLE:
        raise NotDefined(f"α needs {LEAST_PEOPLE} people who answered all items, there are {n}")
    if alike(values.sum(axis=1)):
        raise NotDefined("everybody has the same score")
    return values
