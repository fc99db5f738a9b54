"""Repeated numeric answers: a linear model with a random intercept per participant, and per stimulus (R `lme4::lmer`).

The restricted likelihood is a function of the relative SDs alone, and is maximised over them. Tests are t tests with
Satterthwaite's degrees of freedom, as R's `lmerTest` has them. Where participants do not differ (an SD of 0) this is
the ordinary regression, and says so.
"""

import math

import numpy as np
import pandas as pd
from scipy import optimize, stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike
from analysis.statistics.regression.design import Trials, trials_design
from analysis.statistics.regression.groups import Groups, System, hessian_of

COLUMNS = ("term", "estimate", "se", "df", "t", "p", "ci_low", "ci_high")
LARGEST = 500.0  # of an SD relative to the residual one
NONE = 1e-4


def mixed_linear(
    data: pd.DataFrame, outcome: str, factors: list[str], participant: str = "participant", stimulus: str = ""
) -> pd.DataFrame:
    """Return one row per coefficient (treatment contrasts), then the SDs of participants, stimuli and residuals.

    With a column `stimulus` both are random and crossed, so that the tests generalise to other stimuli as well.

    >>> rows = [(f"p{i}", method, i + j + 2 * (method == "b")) for i in range(4) for method in "ab" for j in range(3)]
    >>> data = pd.DataFrame(rows, columns=["participant", "method", "y"])
    >>> mixed_linear(data, "y", ["method"]).round(3)[["term", "estimate", "se", "df"]]
                  term  estimate     se      df
    0      (Intercept)     2.500  0.672   3.523
    1        method[b]     2.000  0.375  19.000
    2  sd(participant)     1.235    NaN     NaN
    3     sd(residual)     0.918    NaN     NaN
    """
    trials = trials_design(data, outcome, factors, participant, stimulus)
    y, design, names = trials.y, trials.design, tuple(trials.names)
    _check(trials)
    ordinary = np.linalg.lstsq(design, y, rcond=None)[0]  # taken off first: cross products of numbers near 1e7 would
    rest = y - design @ ordinary  # have no digits left for what participants differ by
    scale = float(np.std(rest)) or 1.0
    sums = _Sums(rest / scale, design, trials.groups)
    theta = _best(sums)
    beta, variance, inverse = sums.fit(theta)
    if not np.isfinite(variance) or variance <= 0:
        raise NotDefined("the mixed model did not converge", names)
    free = [i for i, value in enumerate(theta) if value > NONE]
    degrees = _satterthwaite(sums, theta, math.sqrt(variance), free)
    errors = scale * np.sqrt(variance * np.diag(inverse))
    rows = [_row(*row) for row in zip(names, ordinary + scale * beta, errors, degrees, strict=True)]
    sigma = scale * math.sqrt(variance)
    groups = ("participant", "stimulus")[: len(theta)]
    spreads = {**{name: sigma * value for name, value in zip(groups, theta, strict=True)}, "residual": sigma}
    for name, sd in spreads.items():
        rows.append((f"sd({name})", sd, *[math.nan] * 6, "a standard deviation has no Wald test"))
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))


def _check(trials: Trials) -> None:
    """Refuse answers that leave nothing to estimate the model from."""
    y, design, people, names = trials.y, trials.design, trials.groups.first, tuple(trials.names)
    if len(y) == len(np.unique(people)):
        raise NotDefined("each participant has one value, so there is no random intercept", names)
    if len(y) <= design.shape[1]:
        raise NotDefined("there are no more values than coefficients", names)
    if alike(y):
        raise NotDefined("all values are equal", names)
    if alike(_leftover(y, design, people), float(np.abs(y).max())):
        reason = "the values do not vary beyond participants and conditions, so the error variance is zero"
        raise NotDefined(reason, names)


def _leftover(y: np.ndarray, design: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Return what participants' own means and the design leave of y."""
    sizes = np.bincount(people)
    both = np.column_stack([y - y.mean(), design])
    both = both - np.column_stack([np.bincount(people, column) / sizes for column in both.T])[people]
    return np.asarray(both[:, 0] - both[:, 1:] @ np.linalg.lstsq(both[:, 1:], both[:, 0], rcond=1e-10)[0])


class _Sums:
    """The cross products that the restricted likelihood needs, so that each θ costs no pass over the answers."""

    def __init__(self, y: np.ndarray, design: np.ndarray, groups: Groups):
        self.n, self.terms = design.shape
        self.random = 1 if groups.second is None else 2
        self.weights, self.cells = groups.sums(np.ones(len(y))), groups.together(np.ones(len(y)))
        both = np.column_stack([design, y])
        self.first, self.second = groups.sums(both)
        self.products = both.T @ both

    def system(self, theta: np.ndarray) -> tuple[System, np.ndarray]:
        """Return the factored system, and X'V⁻¹X with y as its last column and row."""
        pair = (float(theta[0]), float(theta[1]) if self.random == 2 else 0.0)
        system = System(self.weights, self.cells, pair)
        first, second = pair[0] * self.first, pair[1] * self.second
        solved = system.solve(first, second)
        return system, self.products - first.T @ solved[0] - second.T @ solved[1]

    def fit(self, theta: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        """Return coefficients, residual variance, and the inverse of X'V⁻¹X."""
        _, both = self.system(theta)
        inverse = np.linalg.inv(both[:-1, :-1])
        beta = inverse @ both[:-1, -1]
        return beta, float(both[-1, -1] - both[:-1, -1] @ beta) / (self.n - self.terms), inverse

    def deviance(self, theta: np.ndarray, sigma: float | None = None) -> float:
        """Return −2 log restricted likelihood up to a constant, at a residual SD or at its best one."""
        system, both = self.system(theta)
        xx, xy = both[:-1, :-1], both[:-1, -1]
        rest = float(both[-1, -1] - xy @ np.linalg.solve(xx, xy))
        df = self.n - self.terms
        variance = rest / df if sigma is None else sigma**2
        if variance <= 0:
            return math.inf
        return float(df * math.log(variance) + rest / variance + system.log_determinant + np.linalg.slogdet(xx)[1])


def _best(sums: _Sums) -> np.ndarray:
    """Return the θ of the smallest deviance: the best of a search along each axis and from several starts."""
    if sums.random == 1:
        optimum = optimize.minimize_scalar(lambda log: sums.deviance(np.array([math.exp(log)])), bounds=(-6, 6),
                                           options={"xatol": 1e-9})  # fmt: skip
        best = np.array([math.exp(optimum.x)])
        return best if optimum.fun < sums.deviance(np.zeros(1)) else np.zeros(1)
    bounds = [(0.0, LARGEST)] * 2
    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500}
    tries = [optimize.minimize(sums.deviance, start, bounds=bounds, method="L-BFGS-B", options=options)
             for start in ((1.0, 1.0), (0.1, 0.1), (10.0, 1.0))]  # fmt: skip
    return np.asarray(min(tries, key=lambda optimum: float(optimum.fun)).x)


def _satterthwaite(sums: _Sums, theta: np.ndarray, sigma: float, free: list[int]) -> np.ndarray:
    """Return each coefficient's degrees of freedom: 2 v² / Var(v), v its variance (Fai & Cornelius 1996).

    Derivatives are taken numerically, as in `lmerTest`; an SD of 0 lies at its border and is held there.
    """
    point = np.append(theta[free], sigma)

    def placed(values: np.ndarray) -> np.ndarray:
        full = theta.copy()
        full[free] = values[:-1]
        return full

    def variances(values: np.ndarray) -> np.ndarray:
        return np.asarray(values[-1] ** 2 * np.diag(sums.fit(placed(values))[2]))

    steps = 1e-3 * np.maximum(point, 1e-2)
    hessian = hessian_of(lambda values: sums.deviance(placed(values), values[-1]), point, steps)
    slopes = np.array([(variances(point + step) - variances(point - step)) / (2 * step.sum())
                       for step in np.diag(steps / 10)])  # fmt: skip
    try:
        spread = 2 * np.einsum("ki,kl,li->i", slopes, np.linalg.inv(hessian), slopes)
    except np.linalg.LinAlgError:
        return np.full(sums.terms, math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        degrees = 2 * variances(point) ** 2 / spread
    return np.where(spread > 0, degrees, math.nan)


def _row(name: str, estimate: float, se: float, df: float) -> tuple[object, ...]:
    t = estimate / se
    if not df > 0:
        return (name, estimate, se, math.nan, t, math.nan, math.nan, math.nan, "too few data for degrees of freedom")
    half = float(stats.t.ppf(0.975, df)) * se
    return (name, estimate, se, df, t, 2 * float(stats.t.sf(abs(t), df)), estimate - half, estimate + half, "")
