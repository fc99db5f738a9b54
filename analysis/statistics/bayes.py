"""Bayes factors with Jeffreys-Zellner-Siow priors: of t tests and of factorial analyses of variance.

Effects are standardised and have Cauchy priors (Rouder et al. 2009, 2012) of R BayesFactor's medium scales: √2/2 for a
difference of means, ½ for fixed effects. Integrals are taken by quadrature, so that no seed is needed; R's `anovaBF`
draws.
"""

import math
from functools import cache, reduce
from itertools import product

import numpy as np
import pandas as pd
from scipy import integrate, special

from analysis.errors import NotDefined
from analysis.statistics.cells import alike, check_cells, complete, terms_of, varying

COLUMNS = ("term", "n", "bf10", "bf01")
DIFFERENCE = math.sqrt(2) / 2
FIXED = 0.5
NODES, FIRST, LAST = 40, -4.2, 4.0  # of the integral over log g
MOST_FACTORS = 2
LARGEST_LOG = 700.0


def t_test(a: np.ndarray, b: np.ndarray | None = None) -> float:
    """Return the evidence for a difference of two groups' means, or for a mean of paired differences that is not 0.

    R `ttestBF(a, b)`, `ttestBF(differences)`.

    >>> round(t_test(np.array([1.0, 2, 4, 3, 5])), 3)
    5.757
    """
    if b is None:
        n, df = float(len(a)), len(a) - 1
        if alike(a):
            raise NotDefined("the paired differences do not vary")
        t = float(np.mean(a) / (np.std(a, ddof=1) / math.sqrt(len(a))))
    else:
        df = len(a) + len(b) - 2
        if min(len(a), len(b)) < 2 or (alike(a) and alike(b)):
            raise NotDefined("each group needs two values that vary")
        n = len(a) * len(b) / (len(a) + len(b))
        pooled = ((len(a) - 1) * np.var(a, ddof=1) + (len(b) - 1) * np.var(b, ddof=1)) / df
        t = float((np.mean(a) - np.mean(b)) / math.sqrt(pooled / n))

    def weighed(u: float) -> float:
        g = (DIFFERENCE / float(special.ndtri((1 + u) / 2))) ** 2
        log = -math.log1p(n * g) / 2 - (df + 1) / 2 * (math.log1p(t**2 / ((1 + n * g) * df)) - math.log1p(t**2 / df))
        return math.exp(min(log, LARGEST_LOG))

    return float(integrate.quad(weighed, 0, 1, limit=200, epsrel=1e-10)[0])


def anova(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return for each term the evidence for the full model against the one without it.

    R `1 / anovaBF(y ~ a * b, whichModels = "top")`. More than two factors are refused: their integrals have no end.

    >>> data = pd.DataFrame({"method": list("aaaabbbb"), "y": [1.0, 2, 3, 2, 4, 5, 4, 3]})
    >>> anova(data, "y", ["method"]).round(3)
         term  n   bf10   bf01
    0  method  8  4.292  0.233
    """
    used = complete(data, outcome, factors)
    factors = varying(used, factors)
    check_cells(used, outcome, factors)
    terms = terms_of(factors)
    if len(factors) > MOST_FACTORS:
        raise NotDefined("Bayes factors are given for two factors at most", tuple(terms))
    y = used[outcome].to_numpy(float)
    y = (y - y.mean()) / y.std()
    columns = {term: _columns(used, term) for term in terms}
    full = _evidence(y, list(columns.values()))
    rows = []
    for term in terms:
        others = [part for other, part in columns.items() if other != term]
        log = full - (_evidence(y, others) if others else 0.0)
        rows.append((term, len(y), math.exp(min(log, LARGEST_LOG)), math.exp(-max(log, -LARGEST_LOG))))
    return pd.DataFrame(rows, columns=COLUMNS)


def _columns(data: pd.DataFrame, term: str) -> np.ndarray:
    """Return a term's columns in orthonormal contrasts, as fixed effects have them in Rouder et al. (2012)."""
    parts = []
    for factor in term.split(":"):
        k = len(data[factor].cat.categories)
        basis = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, : k - 1]]))[0][:, 1:]
        parts.append(basis[data[factor].cat.codes.to_numpy()])
    return reduce(lambda a, b: (a[:, :, None] * b[:, None, :]).reshape(len(data), -1), parts)


def _evidence(y: np.ndarray, parts: list[np.ndarray]) -> float:
    """Return the log Bayes factor of a model with these parts, each with a g of its own, against the mean alone."""
    design = np.hstack(parts)
    design = design - design.mean(axis=0)
    cross, towards, total = design.T @ design, design.T @ y, float(y @ y)
    g, weights = _prior()
    places = np.array(list(product(range(NODES), repeat=len(parts))))
    sizes = [part.shape[1] for part in parts]
    scales = np.repeat(g[places], sizes, axis=1)
    matrices = cross + np.zeros((len(places), 1, 1))
    matrices[:, range(len(cross)), range(len(cross))] += 1 / scales
    explained = np.einsum("i,ki->k", towards, np.linalg.solve(matrices, towards[None, :, None])[..., 0])
    logs = -np.log(scales).sum(axis=1) / 2 - np.linalg.slogdet(matrices)[1] / 2
    logs -= (len(y) - 1) / 2 * np.log1p(-explained / total)
    logs += weights[places].sum(axis=1)
    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()))


@cache
def _prior() -> tuple[np.ndarray, np.ndarray]:
    """Return places g and the logs of their weights, for integrals over an effect's inverse gamma prior.

    With log(g / r²) = t + eᵗ integrands fall off doubly exponentially on both sides, where the plain trapezium rule
    gains digits with every node (Takahasi & Mori 1974). Forty are good to nine and more, to five where nine people
    differ by twenty times their spread.
    """
    t, step = np.linspace(FIRST, LAST, NODES, retstep=True)
    logs = t + np.exp(t)
    density = -logs / 2 - np.exp(-logs) / 2 - math.log(2 * math.pi) / 2  # of log g
    return FIXED**2 * np.exp(logs), density + np.log1p(np.exp(t)) + math.log(step)
