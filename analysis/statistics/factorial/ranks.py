"""Rank tests of independent groups: Kruskal-Wallis, and Dunn's comparisons after it."""

import math
import warnings
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.cells import alike, complete, groups, splits, tied, varying
from analysis.statistics.multiplicity import adjust

KRUSKAL_COLUMNS = ("term", "H", "df", "p", "epsilon2")
BROKEN_TIES = "values that differ by rounding alone are ranked apart, as in R; round them to tie them"
DUNN_COLUMNS = ("term", "a", "b", "mean_rank_a", "mean_rank_b", "diff", "se", "z", "p", "p_adjusted")


def kruskal(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return Kruskal-Wallis H, corrected for ties, over the cells and over each factor; ε² = H / (N − 1).

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> kruskal(data, "y", ["method"]).round(4)[["term", "H", "df", "p", "epsilon2"]]
         term       H  df       p  epsilon2
    0  method  6.2521   2  0.0439    0.7815
    """
    used = complete(data, outcome, factors)
    rows = [_kruskal_row(term, used, outcome, split) for term, split in splits(varying(used, factors)).items()]
    if not rows:
        rows = [("cells", *[math.nan] * 4, "no factor has two observed levels")]
    return pd.DataFrame(rows, columns=(*KRUSKAL_COLUMNS, "reason"))


def _kruskal_row(term: str, data: pd.DataFrame, outcome: str, factors: list[str]) -> tuple[object, ...]:
    if alike(data[outcome]):
        return (term, *[math.nan] * 4, "all values are equal")
    if len(np.unique(tied(data[outcome]))) < data[outcome].nunique():
        warnings.warn(BROKEN_TIES, stacklevel=2)
    cells = groups(data, outcome, factors)
    h, p = stats.kruskal(*cells)
    return (term, float(h), len(cells) - 1, float(p), float(h) / (len(data) - 1), "")


def dunn(data: pd.DataFrame, outcome: str, factors: list[str], correction: str = "holm") -> pd.DataFrame:
    """Return Dunn's (1964) two-sided z of all pairs of groups, tie-corrected; p adjusted inside each grouping.

    A factor of two levels has nothing to compare after its Kruskal-Wallis test and is left out.

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> dunn(data, "y", ["method"]).round(3)[["a", "b", "diff", "z", "p", "p_adjusted"]]
       a  b  diff      z      p  p_adjusted
    0  a  b  -2.0 -0.898  0.369       0.369
    1  a  c  -5.5 -2.470  0.014       0.041
    2  b  c  -3.5 -1.572  0.116       0.232
    """
    used = complete(data, outcome, factors)
    frames = []
    for term, split in splits(varying(used, factors)).items():
        cells = groups(used, outcome, split)
        if len(cells) > 2 and not alike(used[outcome]):
            frames.append(_dunn_pairs(term, cells, correction))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=DUNN_COLUMNS)


def _dunn_pairs(term: str, cells: pd.Series, correction: str) -> pd.DataFrame:
    values = np.concatenate(list(cells))
    n = len(values)
    labels = np.repeat(cells.index.to_numpy(), [len(cell) for cell in cells])
    mean_ranks = pd.Series(stats.rankdata(values)).groupby(labels).mean()
    ties = np.unique(values, return_counts=True)[1].astype(float)
    variance = n * (n + 1) / 12 - (ties**3 - ties).sum() / (12 * (n - 1))
    rows = []
    for a, b in combinations(cells.index, 2):
        diff = mean_ranks[a] - mean_ranks[b]
        se = math.sqrt(variance * (1 / len(cells[a]) + 1 / len(cells[b])))
        rows.append((term, a, b, mean_ranks[a], mean_ranks[b], diff, se, diff / se, 2 * stats.norm.sf(abs(diff / se))))
    frame = pd.DataFrame(rows, columns=DUNN_COLUMNS[:9])
    return frame.assign(p_adjusted=adjust(frame["p"], correction))
