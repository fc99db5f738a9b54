"""A coefficient of a logistic model as a row: its test by Wald's z, its odds ratio with limits, or why it has none."""

import math

from scipy import stats

COLUMNS = ("term", "estimate", "se", "z", "p", "odds_ratio", "ci_low", "ci_high")
LEAST_SE = 1e-9
LARGEST_LOG = 700.0


def row(name: str, estimate: float, se: float) -> tuple[object, ...]:
    """Return `COLUMNS` and a reason: log odds, standard error, z, p, the odds ratio and its 95% Wald limits.

    >>> row("method[b]", 0.0, 1.0)[:5]
    ('method[b]', 0.0, 1.0, 0.0, 1.0)
    >>> row("method[b]", 0.0, 0.0)[-1]
    'the answers do not vary between participants, so there is no error to test against'
    """
    odds = math.exp(estimate) if abs(estimate) < LARGEST_LOG else math.nan
    if math.isnan(se):
        return (name, estimate, se, math.nan, math.nan, odds, math.nan, math.nan,
                "too few participants for this covariance")  # fmt: skip
    if se <= LEAST_SE:
        reason = "the answers do not vary between participants, so there is no error to test against"
        return (name, estimate, se, math.nan, math.nan, odds, math.nan, math.nan, reason)
    z, half = estimate / se, float(stats.norm.ppf(0.975)) * se
    p = 2 * float(stats.norm.sf(abs(z)))
    if abs(estimate) + half >= LARGEST_LOG:
        reason = "the answers say next to nothing of this coefficient: its limits are beyond any number"
        return (name, estimate, se, z, p, odds, math.nan, math.nan, reason)
    return (name, estimate, se, z, p, odds, math.exp(estimate - half), math.exp(estimate + half), "")
