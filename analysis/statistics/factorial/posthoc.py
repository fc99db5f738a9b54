"""Comparisons beside an ANOVA: Tukey on estimated marginal means, Games-Howell, and contrasts that were planned."""

import math
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import check_cells, complete, varying
from analysis.statistics.multiplicity import adjust

COLUMNS = ("a", "b", "mean_a", "mean_b", "diff", "se", "df", "t", "p_adjusted", "ci_low", "ci_high")
PLANNED = ("a", "b", "sides", "mean_a", "mean_b", "diff", "se", "df", "t", "p", "p_adjusted", "ci_low", "ci_high")


def marginal_means(
    data: pd.DataFrame, outcome: str, factors: list[str], factor: str, covariance: str = "classical"
) -> pd.DataFrame:
    """Return each level's estimated marginal mean and its variance (the levels' estimates are independent).

    The full factorial model is saturated, so its estimates are the cell means and a marginal mean is their plain
    average over the other factors (R `emmeans`). A cell mean's variance is MSE/n, or under HC3 Σe²/(n−1)², as every
    leverage is 1/n.

    >>> data = pd.DataFrame({"heatmap": ["no", "no", "yes", "yes"] * 2, "scores": ["no"] * 4 + ["yes"] * 4,
    ...                      "y": [1, 3, 4, 6, 2, 4, 7, 9]})
    >>> marginal_means(data, "y", ["heatmap", "scores"], "heatmap")
             mean  variance
    heatmap
    no        2.5       0.5
    yes       6.5       0.5
    """
    cells = data.groupby(factors, observed=True)[outcome]
    centred = data[outcome] - cells.transform("mean")
    squares = (centred**2).groupby([data[f] for f in factors], observed=True).sum()
    sizes = cells.size()
    if covariance == "hc3":
        variances = squares / (sizes - 1) ** 2
    else:
        variances = squares.sum() / (len(data) - len(sizes)) / sizes
    table = pd.DataFrame({"mean": cells.mean(), "variance": variances})
    averaged = table.groupby(level=factor, observed=True)
    return pd.DataFrame(
        {"mean": averaged["mean"].mean(), "variance": averaged["variance"].sum() / averaged.size() ** 2}
    )


def tukey(
    data: pd.DataFrame, outcome: str, factors: list[str], factor: str, covariance: str = "classical"
) -> pd.DataFrame:
    """Return all differences a − b of one factor's marginal means; p and 95% intervals by the studentized range.

    R: `pairs(emmeans(m, factor, vcov. = hccm(m, "hc3")), adjust = "tukey")`. Not R's `TukeyHSD`, which compares raw
    means, and not scipy's, which leaves the other factor out: with unequal cells they give other p values.

    >>> data = pd.DataFrame({"heatmap": ["no", "no", "yes", "yes"] * 2, "scores": ["no"] * 4 + ["yes"] * 4,
    ...                      "y": [1, 3, 4, 6, 2, 4, 7, 9]})
    >>> tukey(data, "y", ["heatmap", "scores"], "heatmap").round(4)[["a", "b", "diff", "se", "df", "t", "p_adjusted"]]
        a    b  diff   se  df    t  p_adjusted
    0  no  yes  -4.0  1.0   4 -4.0      0.0161
    """
    used = complete(data, outcome, factors)
    factors = varying(used, factors)
    check_cells(used, outcome, factors, at_least=2 if covariance == "hc3" else 1)
    means = marginal_means(used, outcome, factors, factor, covariance)
    df = len(used) - int(np.prod([used[f].nunique() for f in factors]))
    critical = _critical(len(means), df)
    rows = []
    for a, b in combinations(means.index, 2):
        diff = means["mean"][a] - means["mean"][b]
        se = np.sqrt(means["variance"][a] + means["variance"][b])
        p = _tail(abs(diff / se), len(means), df)
        rows.append((a, b, means["mean"][a], means["mean"][b], diff, se, df, diff / se, p))
    frame = pd.DataFrame(rows, columns=COLUMNS[:9])
    return frame.assign(ci_low=frame["diff"] - critical * frame["se"], ci_high=frame["diff"] + critical * frame["se"])


@dataclass(frozen=True)
class Contrast:
    """A contrast stated beforehand: the mean of some levels of a factor against the mean of others."""

    factor: str
    higher: tuple[str, ...]
    lower: tuple[str, ...]
    one_sided: bool = False


def planned(
    data: pd.DataFrame,
    outcome: str,
    factors: list[str],
    contrasts: list[Contrast],
    covariance: str = "classical",
    correction: str = "holm",
) -> pd.DataFrame:
    """Return planned contrasts of estimated marginal means; one-sided p where they were stated so.

    p is adjusted over all of them; `ci_low` and `ci_high` are two-sided and unadjusted.
    R: `emmeans::contrast(emm, …, side = ">", adjust = "holm")`.

    >>> data = pd.DataFrame({"heatmap": ["no", "no", "yes", "yes"] * 2, "scores": ["no"] * 4 + ["yes"] * 4,
    ...                      "y": [1, 3, 4, 6, 2, 4, 7, 9]})
    >>> found = planned(data, "y", ["heatmap", "scores"], [Contrast("heatmap", ("yes",), ("no",), one_sided=True)])
    >>> found.round(4)[["a", "b", "diff", "se", "df", "t", "p"]]
         a   b  diff   se  df    t       p
    0  yes  no   4.0  1.0   4  4.0  0.0081
    """
    used = complete(data, outcome, factors)
    factors = varying(used, factors)
    check_cells(used, outcome, factors, at_least=2 if covariance == "hc3" else 1)
    df = len(used) - int(np.prod([used[f].nunique() for f in factors]))
    rows = []
    for contrast in contrasts:
        means = marginal_means(used, outcome, factors, contrast.factor, covariance)
        means.index = means.index.astype(str)
        missing = [level for level in (*contrast.higher, *contrast.lower) if level not in means.index]
        if missing:
            raise NotDefined("nobody has {} {}", names=(contrast.factor, missing[0]))
        high, low = means.loc[list(contrast.higher)], means.loc[list(contrast.lower)]
        diff = float(high["mean"].mean() - low["mean"].mean())
        se = math.sqrt(sum(float(part["variance"].sum()) / len(part) ** 2 for part in (high, low)))
        t = diff / se
        p = float(stats.t.sf(t, df)) if contrast.one_sided else 2 * float(stats.t.sf(abs(t), df))
        half = float(stats.t.ppf(0.975, df)) * se
        named = (" + ".join(contrast.higher), " + ".join(contrast.lower), "one" if contrast.one_sided else "two")
        means_of = (float(high["mean"].mean()), float(low["mean"].mean()))
        rows.append((*named, *means_of, diff, se, df, t, p, diff - half, diff + half))
    frame = pd.DataFrame(rows, columns=[column for column in PLANNED if column != "p_adjusted"])
    return frame.assign(p_adjusted=adjust(frame["p"], correction))[[*PLANNED]]


@cache
def _critical(k: int, df: float) -> float:
    """Return the t beyond which a difference of k means is significant; of two means the range is t itself."""
    if k == 2:
        return float(stats.t.ppf(0.975, df))
    return float(stats.studentized_range.ppf(0.95, k, df)) / math.sqrt(2)


def _tail(t: float, k: int, df: float) -> float:
    if k == 2:
        return 2 * float(stats.t.sf(t, df))
    return float(stats.studentized_range.sf(t * math.sqrt(2), k, df))


def games_howell(data: pd.DataFrame, outcome: str, factor: str) -> pd.DataFrame:
    """Return all pairwise differences a − b of one factor's raw means with unequal variances (Games & Howell 1976).

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> games_howell(data, "y", "method").round(3)[["a", "b", "diff", "se", "df", "p_adjusted"]]
       a  b  diff     se     df  p_adjusted
    0  a  b  -2.0  1.291  2.941       0.390
    1  a  c  -6.0  0.816  4.000       0.004
    2  b  c  -4.0  1.291  2.941       0.107
    """
    used = complete(data, outcome, [factor])
    check_cells(used, outcome, [factor], at_least=2)
    summary = used.groupby(factor, observed=True)[outcome].agg(["mean", "var", "size"])
    share = summary["var"] / summary["size"]
    rows = []
    for a, b in combinations(summary.index, 2):
        diff, variance = summary["mean"][a] - summary["mean"][b], share[a] + share[b]
        df = variance**2 / (share[a] ** 2 / (summary["size"][a] - 1) + share[b] ** 2 / (summary["size"][b] - 1))
        se = np.sqrt(variance)
        half = stats.studentized_range.ppf(0.95, len(summary), df) / np.sqrt(2) * se
        p = stats.studentized_range.sf(abs(diff / se) * np.sqrt(2), len(summary), df)
        row = (a, b, summary["mean"][a], summary["mean"][b], diff, se, df, diff / se, p, diff - half, diff + half)
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)
