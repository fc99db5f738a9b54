"""Power: of a factorial ANOVA by the noncentral F distribution, of any test by drawing from a population."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize, stats

from analysis.errors import NotDefined
from analysis.statistics.effects import wilson

LARGEST_CELL = 100_000


@dataclass(frozen=True)
class Repeated:
    """What repeated conditions add to a design: within factors with their levels, their correlation, and ε."""

    levels: dict[str, int] = field(default_factory=dict)
    correlation: float = 0.5
    epsilon: float = 1.0


NONE = Repeated()


def power(levels: dict[str, int], term: str, f: float, n_per_cell: int, alpha: float = 0.05,
          repeated: Repeated = NONE) -> float:  # fmt: skip
    """Return the power of one term's F test at Cohen's f, with the degrees of freedom of the full factorial model.

    Between subjects λ = f² N. With m repeated conditions that correlate by ρ, a term of between factors alone has
    λ = f² N m / (1 + (m − 1) ρ), any other λ = f² N m ε / (1 − ρ), as G*Power 3 has them (Faul et al. 2007).

    >>> round(power({"heatmap": 3, "scores": 2}, "heatmap", 0.25, 16), 3)
    0.569
    >>> round(power({}, "stage", 0.25, 28, repeated=Repeated({"stage": 3})), 3)
    0.812
    """
    cells, m = math.prod(levels.values()), math.prod(repeated.levels.values())
    named = term.split(":")
    df1 = float(math.prod({**levels, **repeated.levels}[factor] - 1 for factor in named))
    df2 = float(cells * (n_per_cell - 1))
    n = cells * n_per_cell * m
    inner = [factor for factor in named if factor in repeated.levels]
    if inner:
        df1, df2 = (
            df1 * repeated.epsilon,
            df2 * math.prod(repeated.levels[name] - 1 for name in inner) * repeated.epsilon,
        )
        noncentrality = f**2 * n * repeated.epsilon / (1 - repeated.correlation)
    else:
        noncentrality = f**2 * n / (1 + (m - 1) * repeated.correlation)
    if df2 < 1:
        raise NotDefined("one participant per cell leaves nothing to estimate the error from")
    critical = stats.f.ppf(1 - alpha, df1, df2)
    if f == 0:
        return alpha  # scipy 1.17's noncentral F returns −.95 here
    return float(stats.ncf.sf(critical, df1, df2, noncentrality))


def needed(levels: dict[str, int], term: str, f: float, wanted: float, alpha: float = 0.05,
           repeated: Repeated = NONE) -> int:  # fmt: skip
    """Return the smallest number of participants per cell that reaches the wanted power (power grows with it).

    >>> needed({"method": 2}, "method", 0.4, wanted=0.8)
    26
    """
    low, high = 1, 2
    while power(levels, term, f, high, alpha, repeated) < wanted:
        low, high = high, high * 2
        if high > LARGEST_CELL:
            raise NotDefined(f"more than {LARGEST_CELL} participants per cell would be needed")
    while high - low > 1:
        middle = (low + high) // 2
        reached = power(levels, term, f, middle, alpha, repeated) >= wanted
        low, high = (low, middle) if reached else (middle, high)
    return high


def detectable_f(df1: float, df2: float, n: int, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest Cohen's f that an F test of n participants finds with the wanted power (λ = f² n).

    >>> round(detectable_f(1, 50, 52), 2)
    0.4
    """
    critical = stats.f.ppf(1 - alpha, df1, df2)
    lacking = _lacking(lambda nc: float(stats.ncf.sf(critical, df1, df2, nc)), wanted)
    return math.sqrt(lacking / n)


def detectable_d_z(n: int, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest d_z that a two-sided paired t test of n participants finds with the wanted power.

    >>> round(detectable_d_z(34), 2)
    0.5
    """
    return detectable_f(1, n - 1, n, wanted, alpha)


def detectable_g(n_a: int, n_b: int, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest standardised difference that a two-sided t test of two groups finds with the wanted power.

    >>> round(detectable_g(64, 64), 2)
    0.5
    """
    n = n_a + n_b
    return detectable_f(1, n - 2, n, wanted, alpha) * n / math.sqrt(n_a * n_b)


def detectable_rho(n: int, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Return the smallest rank correlation over n pairs that a two-sided test finds with the wanted power.

    By Fisher's z with the variance 1.06 / (n − 3) of ranks (Fieller, Hartley & Pearson 1957).

    >>> round(detectable_rho(40), 2)
    0.44
    """
    lacking = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(wanted))
    return math.tanh(lacking * math.sqrt(1.06 / (n - 3)))


def detectable_epsilon2(df: float, n: int, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Return the ε² that Kruskal-Wallis' test finds with the wanted power, by H's noncentral χ² in large samples.

    >>> round(detectable_epsilon2(2, 100), 3)
    0.097
    """
    critical = stats.chi2.ppf(1 - alpha, df)
    return _lacking(lambda nc: float(stats.ncx2.sf(critical, df, nc)), wanted) / (n - 1)


def _lacking(reached: Callable[[float], float], wanted: float) -> float:
    """Return the noncentrality at which a test's power is the wanted one."""
    upper = 10.0
    while reached(upper) < wanted:
        upper *= 2
    return float(optimize.brentq(lambda nc: reached(nc) - wanted, 1e-6, upper, xtol=1e-10))


def simulated(
    cells: list[np.ndarray], n_per_cell: int, repeats: int, seed: int, significant: Callable[[np.ndarray], bool]
) -> tuple[float, float, float]:
    """Return the share of simulated studies that are significant, and its Wilson limits.

    Each simulated study draws `n_per_cell` participants from every cell with replacement; `significant` gets who was
    drawn and runs the test. A draw that defines no test decides nothing and counts as not significant.

    >>> simulated([np.arange(10)], 5, 100, seed=1, significant=lambda people: True)[0]
    1.0
    """
    rng = np.random.default_rng(seed)
    hits = sum(significant(np.concatenate([rng.choice(cell, n_per_cell) for cell in cells])) for _ in range(repeats))
    return hits / repeats, *wilson(hits, repeats)
