"""Effect sizes with intervals: partial η² and ω², Hedges g, rank-biserial correlation, Wilson, Newcombe."""

import math
from functools import cache

import numpy as np
from scipy import optimize, special, stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike

LARGEST_NONCENTRALITY = 1e8  # beyond it, and beyond such a t, scipy's noncentral distributions give NaN
LARGEST_T = 1e3


def eta2p(f_value: float, df1: float, df2: float) -> float:
    """Return partial η² from an F value.

    >>> eta2p(4, 1, 16)
    0.2
    """
    return f_value * df1 / (f_value * df1 + df2)


def omega2p(f_value: float, df1: float, df2: float, n: int) -> float:
    """Return partial ω², cut at 0 (Olejnik & Algina 2003), as R's effectsize does.

    >>> round(omega2p(4, 1, 16, 18), 6), omega2p(0.5, 1, 16, 18)
    (0.142857, 0.0)
    """
    return max(0.0, df1 * (f_value - 1) / (df1 * f_value + n - df1))


def eta2p_interval(f_value: float, df1: float, df2: float, level: float = 0.90) -> tuple[float, float]:
    """Return the exact interval of partial η² by inverting the noncentral F distribution (Steiger 2004).

    A noncentrality λ becomes λ / (λ + df2), the convention of R's effectsize. 90% matches a test at α = .05,
    because η² cannot be negative.

    >>> low, high = eta2p_interval(4, 1, 16)
    >>> round(low, 4), round(high, 4)
    (0.0, 0.463)
    """
    tail = (1 - level) / 2
    limits = [_noncentrality(f_value, df1, df2, probability) for probability in (1 - tail, tail)]
    low, high = (limit / (limit + df2) for limit in limits)
    return low, high


def _noncentrality(f_value: float, df1: float, df2: float, probability: float) -> float:
    """Return the λ at which F's distribution function equals `probability`, 0 where even λ = 0 lies below it."""

    def excess(noncentrality: float) -> float:
        return float(special.ncfdtr(df1, df2, noncentrality, f_value) - probability)

    if stats.f.cdf(f_value, df1, df2) <= probability:
        return 0.0
    if df1 * f_value > LARGEST_NONCENTRALITY:  # the numerator's own spread is nothing beside λ
        return float(df1 * f_value * stats.chi2.ppf(1 - probability, df2) / df2)
    upper = df1 * f_value + 10.0
    while excess(upper) > 0:
        upper *= 2
    return float(optimize.brentq(excess, 0.0, upper, xtol=1e-12, rtol=1e-14))


def epsilon2_interval(h: float, df: float, n: int, level: float = 0.90) -> tuple[float, float]:
    """Return the interval of ε² by inverting the noncentral χ² distribution, which H follows in large samples.

    >>> low, high = epsilon2_interval(6, 2, 30)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.533)
    """
    tail = (1 - level) / 2
    limits = []
    for probability in (1 - tail, tail):
        limits.append(0.0 if stats.chi2.cdf(h, df) <= probability else _inverted_chi2(h, df, probability))
    return min(1.0, limits[0] / (n - 1)), min(1.0, limits[1] / (n - 1))


def _inverted_chi2(value: float, df: float, probability: float) -> float:
    noncentrality = optimize.brentq(
        lambda nc: special.chndtr(value, df, nc) - probability, 1e-9, 4 * value + 50, xtol=1e-10
    )
    return float(noncentrality)


def hedges_g(a: np.ndarray, b: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Return Hedges' g of a − b with the exact small-sample factor and its noncentral-t interval.

    As R's `effectsize::hedges_g`: pooled standard deviation, J = Γ(m/2) / (√(m/2) Γ((m−1)/2)), m = n_a + n_b − 2.

    >>> g, low, high = hedges_g(np.array([1, 2, 3]), np.array([3, 4, 5]))
    >>> round(g, 3), round(low, 3), round(high, 3)
    (-1.596, -3.207, 0.12)
    """
    n_a, n_b = len(a), len(b)
    df = n_a + n_b - 2
    if n_a < 2 or n_b < 2:
        raise NotDefined("Hedges g needs two values in each group")
    if alike(a) and alike(b):
        raise NotDefined("Hedges g needs variation inside the groups")
    pooled = math.sqrt(((n_a - 1) * np.var(a, ddof=1) + (n_b - 1) * np.var(b, ddof=1)) / df)
    correction = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)
    root = math.sqrt(1 / n_a + 1 / n_b)
    t = float((np.mean(a) - np.mean(b)) / (pooled * root))
    tail = (1 - level) / 2
    low, high = (_noncentral_t(t, df, probability) * root for probability in (1 - tail, tail))
    return t * root * correction, low * correction, high * correction


def _noncentral_t(t: float, df: float, probability: float) -> float:
    """Return the noncentrality at which t's distribution function equals `probability`."""

    def excess(noncentrality: float) -> float:
        share = float(special.nctdtr(df, noncentrality, t))
        if math.isnan(share):  # scipy's series gives up here and there: the normal integrated over χ's quantiles
            nodes, weights = gauss_legendre(400)
            scales = np.sqrt(stats.chi2.ppf((nodes + 1) / 2, df) / df)
            share = float(weights @ stats.norm.cdf(t * scales - noncentrality)) / 2
        return share - probability

    reach = 4 * math.sqrt(1 + t**2 / (2 * df))  # beyond it scipy's distribution function is NaN
    if abs(t) < LARGEST_T and excess(t - reach) > 0 > excess(t + reach):
        return float(optimize.brentq(excess, t - reach, t + reach, xtol=1e-12))
    share = 1 - probability if t > 0 else probability
    return float(t * math.sqrt(stats.chi2.ppf(share, df) / df))  # the numerator's own spread is nothing beside δ


@cache
def gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes in [-1, 1] and the weights of Gauss-Legendre quadrature; both are shared, and left as they are.

    >>> nodes, weights = gauss_legendre(2)
    >>> round(float(weights @ nodes**2), 3)
    0.667
    """
    return np.polynomial.legendre.leggauss(n)


def rank_biserial(a: np.ndarray, b: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Return P(a > b) − P(a < b), the rank-biserial correlation of two independent groups (Kerby 2014), and its limits.

    The limits are Fisher's z with the null standard error, as R's `effectsize::rank_biserial`.

    >>> r, low, high = rank_biserial(np.array([1, 2, 5]), np.array([3, 4, 6]))
    >>> round(r, 3), round(low, 3), round(high, 3)
    (-0.556, -0.925, 0.355)
    """
    n_a, n_b = len(a), len(b)
    ranks = stats.rankdata(np.concatenate([a, b]))
    u_a = float(ranks[:n_a].sum()) - n_a * (n_a + 1) / 2
    return _fisher_limits(2 * u_a / (n_a * n_b) - 1, math.sqrt((n_a + n_b + 1) / (3 * n_a * n_b)), level)


def rank_biserial_paired(differences: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Return the matched-pairs rank-biserial correlation (Σ positive − Σ negative ranks) / Σ ranks and its limits.

    Zero differences are dropped; limits as for independent groups (R `effectsize::rank_biserial(paired = TRUE)`).

    >>> r, low, high = rank_biserial_paired(np.array([-1, 2, 3, 4]))
    >>> round(r, 3), round(low, 3), round(high, 3)
    (0.8, 0.025, 0.974)
    """
    nonzero = differences[differences != 0]
    n = len(nonzero)
    if not n:
        raise NotDefined("all paired differences are zero")
    ranks = stats.rankdata(np.abs(nonzero))
    error = math.sqrt(n * (n + 1) * (2 * n + 1) / 6) / (n * (n + 1) / 2)
    return _fisher_limits(float((ranks * np.sign(nonzero)).sum() / ranks.sum()), error, level)


def _fisher_limits(r: float, error: float, level: float) -> tuple[float, float, float]:
    """Return r with its limits on Fisher's z scale; where |r| = 1 they shrink onto it."""
    if abs(r) >= 1:
        return r, r, r
    half = stats.norm.ppf((1 + level) / 2) * error
    return r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def d_z(differences: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Return mean / SD of paired differences with its noncentral-t limits (R `effectsize::cohens_d(paired = TRUE)`).

    >>> d, low, high = d_z(np.array([1, 2, 3]))
    >>> round(d, 3), round(low, 3), round(high, 3)
    (2.0, -0.142, 4.105)
    """
    n = len(differences)
    root = math.sqrt(1 / n)
    t = float(np.mean(differences) / (np.std(differences, ddof=1) * root))
    tail = (1 - level) / 2
    low, high = (_noncentral_t(t, n - 1, probability) * root for probability in (1 - tail, tail))
    return t * root, low, high


def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion, without continuity correction (R `prop.test(correct=FALSE)`).

    >>> low, high = wilson(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4902, 0.9433)
    """
    z = float(stats.norm.ppf((1 + level) / 2))
    share = float(successes / n)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def wilson_clustered(successes: np.ndarray, sizes: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of Σ successes / Σ sizes over participants, whose own answers depend on each other.

    Wilson's interval at the effective sample size share (1 − share) / variance, the variance being that of a ratio of
    sums over participants; where it is 0, at the number of participants.

    >>> low, high = wilson_clustered(np.array([2, 3, 1]), np.array([4, 4, 4]))
    >>> round(low, 3), round(high, 3)
    (0.254, 0.746)
    """
    people, n = len(sizes), sizes.sum()
    share = successes.sum() / n
    residuals = successes - share * sizes
    variance = people / max(1, people - 1) * (residuals**2).sum() / n**2
    effective = share * (1 - share) / variance if variance > 0 else people
    return wilson(share * effective, float(effective), level)


def newcombe(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float]:
    """Return the limits of a difference of two independent shares a − b (Newcombe 1998, method 10).

    Each share comes with its own Wilson limits: (share, low, high).

    >>> low, high = newcombe((0.8, *wilson(8, 10)), (0.5, *wilson(5, 10)))
    >>> round(low, 3), round(high, 3)
    (-0.107, 0.6)
    """
    (share_a, low_a, high_a), (share_b, low_b, high_b) = a, b
    low = share_a - share_b - math.hypot(share_a - low_a, high_b - share_b)
    high = share_a - share_b + math.hypot(high_a - share_a, share_b - low_b)
    return low, high
