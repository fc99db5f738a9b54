"""Repeated binary answers: logistic regression with a random intercept per participant.

The likelihood integrates each participant's intercept out by adaptive Gauss-Hermite quadrature (Pinheiro & Bates 1995),
as R's `lme4::glmer(nAGQ = 15)`. Not statsmodels' `BinomialBayesMixedGLM`, whose standard errors are far too small.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special

from analysis.errors import NotDefined
from analysis.statistics.regression import odds
from analysis.statistics.regression.design import check_answers_vary, check_not_separated, trials_design
from analysis.statistics.regression.odds import COLUMNS

NODES = 15
NEWTON_STEPS = 50


@dataclass(frozen=True)
class Counts:
    """The answers, summed over those of one participant under one row of the design, which are exchangeable."""

    design: np.ndarray  # (rows, terms)
    correct: np.ndarray  # (rows,)
    answers: np.ndarray  # (rows,)
    person: np.ndarray  # (rows,) 0 … people − 1
    people: int

    def per_person(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of (rows,) or (rows, k) values over each person's rows."""
        if values.ndim == 1:
            return np.bincount(self.person, values, self.people)
        return np.column_stack([self.per_person(column) for column in values.T])


def mixed_logistic(
    data: pd.DataFrame, outcome: str, factors: list[str], participant: str = "participant", slope: str = ""
) -> pd.DataFrame:
    """Return one row per coefficient (log odds, treatment contrasts), then the random intercept's SD.

    `slope` names a column of numbers that crosses the factors: the place of a trial, for a learning curve.
    `ci_low` and `ci_high` are 95% Wald limits of the odds ratio.

    >>> rows = [(f"p{i}", method, int((i + j) % 4 < k))
    ...         for i in range(8) for method, k in (("a", 1), ("b", 3)) for j in range(6)]
    >>> data = pd.DataFrame(rows, columns=["participant", "method", "right"])
    >>> mixed_logistic(data, "right", ["method"]).round(2)[["term", "estimate"]]
                  term  estimate
    0      (Intercept)      -1.1
    1        method[b]       2.2
    2  sd(participant)       0.0
    """
    trials = trials_design(data, outcome, factors, participant, slope=slope)
    y, design, names, people = trials.y, trials.design, trials.names, trials.groups.first
    if not slope:
        check_not_separated(y, design, names)
    elif len(np.unique(y)) < 2:
        raise NotDefined("all answers are alike", tuple(names))
    check_answers_vary(y, people, names)
    counts = summed(y, design, people)
    start = np.append(_marginal_start(counts), math.log(0.5))
    fit = optimize.minimize(
        _deviance_and_gradient, start, args=(counts,), jac=True, method="BFGS", options={"gtol": 1e-6}
    )
    if not np.isfinite(fit.fun) or np.abs(fit.jac).max() > 1e-2:
        raise NotDefined("the mixed logistic model did not converge", tuple(names))
    beta, sd = fit.x[:-1], math.exp(fit.x[-1])
    errors = _standard_errors(fit.x, counts)
    rows = [odds.row(*values) for values in zip(names, beta, errors, strict=True)]
    rows.append(("sd(participant)", sd, *[math.nan] * 6, "a standard deviation has no Wald test"))
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))


def log_likelihood(parameters: np.ndarray, counts: Counts) -> float:
    """Return the log likelihood at the coefficients followed by the log of the random intercept's SD.

    >>> counts = summed(np.array([0, 1, 1, 0]), np.ones((4, 1)), np.array([0, 0, 1, 1]))
    >>> round(log_likelihood(np.array([0.0, -20.0]), counts) / math.log(0.5), 4)  # nobody differs: four fair coins
    4.0
    """
    return -_deviance_and_gradient(parameters, counts)[0]


def summed(y: np.ndarray, design: np.ndarray, people: np.ndarray) -> Counts:
    """Return the answers summed by participant and design row.

    >>> counts = summed(np.array([0, 1, 1, 1]), np.ones((4, 1)), np.array([0, 0, 1, 1]))
    >>> counts.correct, counts.answers, counts.person
    (array([1., 2.]), array([2., 2.]), array([0, 1]))
    """
    keyed = pd.DataFrame(design).assign(person=people, y=y)
    by = [*range(design.shape[1]), "person"]
    table = keyed.groupby(by, sort=False)["y"].agg(["sum", "size"]).reset_index()
    person = table["person"].to_numpy()
    rows = table[list(range(design.shape[1]))].to_numpy(float)
    return Counts(rows, table["sum"].to_numpy(float), table["size"].to_numpy(float), person, int(people.max()) + 1)


def _deviance_and_gradient(parameters: np.ndarray, counts: Counts) -> tuple[float, np.ndarray]:
    """Return −log L and its gradient: by Fisher's identity the posterior mean of the complete-data score."""
    beta, sd = parameters[:-1], math.exp(parameters[-1])
    fixed = counts.design @ beta
    mode, spread = _modes(fixed, sd, counts)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    z = mode[:, None] + spread[:, None] * nodes  # (people, nodes), in units of the random intercept's SD
    linear = fixed[:, None] + sd * z[counts.person]
    joint = counts.correct[:, None] * linear - counts.answers[:, None] * np.logaddexp(0, linear)
    logs = counts.per_person(joint) - z**2 / 2 + nodes**2 / 2 + np.log(weights / math.sqrt(2 * math.pi))
    logs += np.log(spread)[:, None]
    totals = special.logsumexp(logs, axis=1)
    posterior = np.exp(logs - totals[:, None])
    residual = counts.correct[:, None] - counts.answers[:, None] * special.expit(linear)
    weighted = residual * posterior[counts.person]
    gradient = np.append(counts.design.T @ weighted.sum(1), sd * (weighted * z[counts.person]).sum())
    return -float(totals.sum()), -gradient


def _modes(fixed: np.ndarray, sd: float, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Return each person's posterior mode and spread of the standardised intercept, by Newton's method."""
    z = np.zeros(counts.people)
    for _ in range(NEWTON_STEPS):
        probability = special.expit(fixed + sd * z[counts.person])
        slope = sd * counts.per_person(counts.correct - counts.answers * probability) - z
        curvature = 1 + sd**2 * counts.per_person(counts.answers * probability * (1 - probability))
        step = np.clip(slope / curvature, -2, 2)
        z += step
        if np.abs(step).max() < 1e-10:
            break
    return z, 1 / np.sqrt(curvature)


def _marginal_start(counts: Counts) -> np.ndarray:
    """Return the coefficients of the logistic regression without random intercepts, by Newton's method."""
    beta = np.zeros(counts.design.shape[1])
    for _ in range(NEWTON_STEPS):
        probability = special.expit(counts.design @ beta)
        score = counts.design.T @ (counts.correct - counts.answers * probability)
        weights = counts.answers * probability * (1 - probability)
        beta = beta + np.linalg.solve(counts.design.T * weights @ counts.design, score)
        if np.abs(score).max() < 1e-8:
            break
    return beta


def _standard_errors(parameters: np.ndarray, counts: Counts, step: float = 1e-4) -> np.ndarray:
    """Return the coefficients' standard errors from the inverse Hessian of all parameters, by central differences."""
    columns = []
    for shift in np.eye(len(parameters)) * step:
        up, down = (_deviance_and_gradient(parameters + sign * shift, counts)[1] for sign in (1, -1))
        columns.append((up - down) / (2 * step))
    hessian = (np.array(columns) + np.array(columns).T) / 2
    if parameters[-1] < -5:  # no variance between participants: it is at its border, and the rest is a plain regression
        hessian = hessian[:-1, :-1]
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(hessian)))[: len(parameters) - 1])
