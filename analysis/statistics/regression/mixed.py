"""Repeated numeric answers: a linear model with a random intercept per participant (R `lme4::lmer`, REML).

With one random intercept the restricted likelihood is a function of a single number, the ratio λ of the two variances,
and is maximised over it directly. statsmodels' `MixedLM` stops with a singular matrix where participants do not differ
(λ = 0); there this model is the ordinary regression, and says that the standard deviation is 0.
"""

import math

import numpy as np
import pandas as pd
from scipy import optimize, stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike
from analysis.statistics.regression.design import trials_design

COLUMNS = ("term", "estimate", "se", "z", "p", "ci_low", "ci_high")
LARGEST_LOG_RATIO = 12.0


def mixed_linear(
    data: pd.DataFrame, outcome: str, factors: list[str], participant: str = "participant"
) -> pd.DataFrame:
    """Return one row per coefficient (treatment contrasts), then the SDs of `participant` and `residual`.

    Tests are Wald z tests; R's `lmerTest` uses t with Satterthwaite's degrees of freedom, which matters for few people.

    >>> rows = [(f"p{i}", method, i + j + 2 * (method == "b")) for i in range(4) for method in "ab" for j in range(3)]
    >>> data = pd.DataFrame(rows, columns=["participant", "method", "y"])
    >>> mixed_linear(data, "y", ["method"]).round(3)[["term", "estimate", "se"]]
                  term  estimate     se
    0      (Intercept)     2.500  0.672
    1        method[b]     2.000  0.375
    2  sd(participant)     1.235    NaN
    3     sd(residual)     0.918    NaN
    """
    y, design, names, people = trials_design(data, outcome, factors, participant)
    if len(y) == len(np.unique(people)):
        raise NotDefined("each participant has one value, so there is no random intercept", tuple(names))
    if len(y) <= design.shape[1]:
        raise NotDefined("there are no more values than coefficients", tuple(names))
    if alike(y):
        raise NotDefined("all values are equal", tuple(names))
    if alike(_leftover(y, design, people), float(np.abs(y).max())):
        reason = "the values do not vary beyond participants and conditions, so the error variance is zero"
        raise NotDefined(reason, tuple(names))
    ordinary = np.linalg.lstsq(design, y, rcond=None)[0]  # taken off first: cross products of numbers near 1e7 would
    sums = _Sums(y - design @ ordinary, design, people)  # have no digits left for what participants differ by
    limits = (-LARGEST_LOG_RATIO, LARGEST_LOG_RATIO)
    best = optimize.minimize_scalar(lambda log: sums.fit(math.exp(log))[0], bounds=limits, options={"xatol": 1e-9})
    ratio = math.exp(best.x) if best.fun < sums.fit(0.0)[0] else 0.0
    _, beta, errors, variance = sums.fit(ratio)
    beta = beta + ordinary
    rows = [_row(*values) for values in zip(names, beta, errors, strict=True)]
    for name, sd in (("sd(participant)", math.sqrt(variance * ratio)), ("sd(residual)", math.sqrt(variance))):
        rows.append((name, sd, *[math.nan] * 5, "a standard deviation has no Wald test"))
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))


def _leftover(y: np.ndarray, design: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Return what participants' own means and the design leave of y."""
    sizes = np.bincount(people)
    both = np.column_stack([y - y.mean(), design])
    both = both - np.column_stack([np.bincount(people, column) / sizes for column in both.T])[people]
    return np.asarray(both[:, 0] - both[:, 1:] @ np.linalg.lstsq(both[:, 1:], both[:, 0], rcond=1e-10)[0])


class _Sums:
    """The cross products that the restricted likelihood needs, so that each λ costs no pass over the answers."""

    def __init__(self, y: np.ndarray, design: np.ndarray, people: np.ndarray):
        self.n, self.terms = design.shape
        self.sizes = np.bincount(people).astype(float)
        self.row_sums = np.column_stack([np.bincount(people, column) for column in design.T])
        self.totals = np.bincount(people, y)
        self.xx, self.xy, self.yy = design.T @ design, design.T @ y, y @ y

    def fit(self, ratio: float) -> tuple[float, np.ndarray, np.ndarray, float]:
        """Return −2 log restricted likelihood (up to a constant), coefficients, standard errors, residual variance."""
        shrink = ratio / (1 + ratio * self.sizes)
        xx = self.xx - (self.row_sums.T * shrink) @ self.row_sums
        xy = self.xy - self.row_sums.T @ (shrink * self.totals)
        yy = self.yy - (shrink * self.totals**2).sum()
        inverse = np.linalg.inv(xx)
        beta = inverse @ xy
        df = self.n - self.terms
        variance = (yy - beta @ xy) / df
        value = df * math.log(variance) + np.log1p(ratio * self.sizes).sum() + np.linalg.slogdet(xx)[1]
        return value, beta, np.sqrt(variance * np.diag(inverse)), variance


def _row(name: str, estimate: float, se: float) -> tuple[object, ...]:
    half = stats.norm.ppf(0.975) * se
    return (
        name,
        estimate,
        se,
        estimate / se,
        2 * stats.norm.sf(abs(estimate / se)),
        estimate - half,
        estimate + half,
        "",
    )
