"""How well people's groups match a model's classes: purity against its chance level, and adjusted companions.

Purity = Σ_k max_j |group k ∩ class j| / N. It grows with the number of groups, so it never stands alone: its chance
level is computed for the batch's own class sizes, under a named null.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from math import comb

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics
from sklearn.metrics.cluster import contingency_matrix

from analysis.errors import NotDefined
from analysis.statistics.cells import alike

COLUMNS = ("purity", "chance", "p_chance", "ari", "ami", "v_measure")
Labels = Sequence[Hashable] | np.ndarray
Sizes = tuple[int, ...]  # how many images each class or group has, largest first
Scores = tuple[float, float, float, float, float, float]  # by `COLUMNS`
NULLS = ("uniform", "permutation")
MOST_TABLES = 2_000_000
MOST_SORTINGS = 1_000


def purity(classes: Labels, groups: Labels) -> float:
    """Return the share of images that are of their group's most frequent class (Manning et al. 2008, 16.3).

    >>> purity(["a", "a", "b", "b"], [1, 1, 1, 2])
    0.75
    """
    return float(contingency_matrix(classes, groups).max(axis=0).sum() / len(classes))


def agreement(classes: Labels, groups: Labels, n_groups: int, null: str = "uniform") -> Scores:
    """Return purity, its chance mean, P(chance ≥ purity), ARI, AMI and V-measure of one sorting.

    >>> images = [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]
    >>> found, level, p, *companions = agreement(images, images, n_groups=4)
    >>> found, round(level, 3), companions
    (1.0, 0.54, [1.0, 1.0, 1.0])
    """
    if len(classes) == 0:
        raise NotDefined("no image was sorted")
    rows, columns = pd.factorize(np.asarray(classes))[0], pd.factorize(np.asarray(groups))[0]
    table = np.zeros((rows.max() + 1, columns.max() + 1), int)
    np.add.at(table, (rows, columns), 1)
    by_class = sorted(map(tuple, table.tolist()), reverse=True)
    return _agreement(tuple(sorted(zip(*by_class, strict=True), reverse=True)), n_groups, null)


@cache
def _agreement(table: tuple[tuple[int, ...], ...], n_groups: int, null: str) -> Scores:
    """Return the same of a table of groups × classes; sortings that differ in names alone are computed once."""
    pairs = [(j, k) for k, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    classes, groups = (np.array(labels) for labels in zip(*pairs, strict=True))
    own_purity = purity(classes, groups)
    values, probabilities = chance(classes, groups, n_groups, null)
    tail = float(probabilities[values >= own_purity - 1e-9].sum())
    ari = float(metrics.adjusted_rand_score(classes, groups))
    ami = float(metrics.adjusted_mutual_info_score(classes, groups))
    return (
        own_purity,
        float(values @ probabilities),
        min(1.0, tail),
        ari,
        ami,
        float(metrics.v_measure_score(classes, groups)),
    )


def chance(classes: Labels, groups: Labels, n_groups: int, null: str) -> tuple[np.ndarray, np.ndarray]:
    """Return purity's possible values and their exact probabilities under a null.

    `uniform`: every image goes to one of `n_groups` groups independently. `permutation`: the images are dealt at random
    to groups of the sizes that this participant made.

    >>> values, probabilities = chance(["a", "b"], [1, 2], n_groups=2, null="uniform")
    >>> values, probabilities
    (array([0.5, 1. ]), array([0.5, 0.5]))
    """
    if null not in NULLS:
        raise ValueError(f"null: found {null!r}, expected one of {', '.join(NULLS)}")
    class_sizes = tuple(sorted(pd.Series(classes).value_counts(), reverse=True))
    group_sizes = None
    if null == "permutation":
        group_sizes = tuple(sorted(pd.Series(groups).value_counts(), reverse=True))
        n_groups = len(group_sizes)
    return _distribution(class_sizes, n_groups, group_sizes)


@cache
def _distribution(class_sizes: Sizes, n_groups: int, group_sizes: Sizes | None) -> tuple[np.ndarray, np.ndarray]:
    """Return values and probabilities by going through all tables of classes × groups with these class sizes.

    A table's weight is the number of assignments that give it, the product of its classes' multinomial coefficients.
    Tables that agree in every group's size and largest class are merged as classes are added, which keeps them few.
    """
    states = {((0,) * n_groups, (0,) * n_groups): 1}
    for size in class_sizes:
        merged: dict[tuple[Sizes, Sizes], int] = {}
        for counts, weight in _compositions(size, n_groups):
            for (sizes, largest), sofar in states.items():
                grown = tuple(map(sum, zip(sizes, counts, strict=True)))
                if group_sizes is not None and any(g > limit for g, limit in zip(grown, group_sizes, strict=True)):
                    continue
                key = (grown, tuple(map(max, zip(largest, counts, strict=True))))
                merged[key] = merged.get(key, 0) + sofar * weight
        if len(merged) > MOST_TABLES:
            raise NotDefined("the batch is too large for the exact chance level")
        states = merged
    n = sum(class_sizes)
    totals: dict[int, int] = {}
    for (_, largest), weight in states.items():
        totals[sum(largest)] = totals.get(sum(largest), 0) + weight
    everything = sum(totals.values())
    values = np.array(sorted(totals))
    return values / n, np.array([totals[value] / everything for value in values])


@cache
def _compositions(size: int, groups: int) -> list[tuple[tuple[int, ...], int]]:
    """Return every way to spread `size` images over the groups, with the number of assignments that do so."""
    if groups == 1:
        return [((size,), 1)]
    compositions = []
    for first in range(size + 1):
        compositions += [
            ((first, *rest), comb(size, first) * ways) for rest, ways in _compositions(size - first, groups - 1)
        ]
    return compositions


def permutation_p(sortings: list[tuple[Sizes, Sizes]], total: int) -> float:
    """Return the probability that as many images agree with their group's class in all sortings together, by chance.

    Each sorting is (class sizes, group sizes), largest first; `total` is Σ purity · N. Every sorting's images are dealt
    at random to its own groups, independently of the other sortings. Exact: the sum's distribution is computed, not
    sampled; beyond `MOST_SORTINGS` the normal distribution with its mean and variance stands for it.

    >>> permutation_p([((1, 1), (1, 1)), ((2, 2), (2, 2))], total=6)
    0.3333333333333333
    """
    counted = Counter(sortings)
    spread = {sizes: _counts(sizes) for sizes in counted}
    if counted.total() > MOST_SORTINGS:
        mean = sum(m * _moment(spread[sizes], 1) for sizes, m in counted.items())
        variance = sum(m * (_moment(spread[sizes], 2) - _moment(spread[sizes], 1) ** 2) for sizes, m in counted.items())
        if variance == 0:
            return 1.0
        return float(stats.norm.sf((total - 0.5 - mean) / variance**0.5))
    sums = np.ones(1)
    for sizes, times in counted.items():
        for _ in range(times):
            sums = np.convolve(sums, spread[sizes])
    return float(min(1.0, sums[total:].sum()))


def _counts(sizes: tuple[Sizes, Sizes]) -> np.ndarray:
    """Return the probability of every number of agreeing images, 0 … N, when images are dealt to groups at random."""
    class_sizes, group_sizes = sizes
    n = sum(class_sizes)
    values, probabilities = _distribution(class_sizes, len(group_sizes), group_sizes)
    counts = np.zeros(n + 1)
    counts[np.round(values * n).astype(int)] = probabilities
    return counts


def _moment(counts: np.ndarray, power: int) -> float:
    return float(np.arange(len(counts)) ** power @ counts)


def sizes_of(labels: Iterable[Hashable]) -> tuple[int, ...]:
    """Return how often each label occurs, largest first.

    >>> sizes_of(["a", "b", "b"])
    (2, 1)
    """
    return tuple(sorted(Counter(labels).values(), reverse=True))


def above_chance(purities: np.ndarray, chances: np.ndarray) -> tuple[float, float, float]:
    """Return mean excess over chance, t and one-sided p, one value per participant.

    >>> excess, t, p = above_chance(np.array([0.6, 0.7, 0.8]), np.array([0.5, 0.5, 0.5]))
    >>> round(excess, 3), round(t, 3), round(p, 3)
    (0.2, 3.464, 0.037)
    """
    excess = np.asarray(purities) - np.asarray(chances)
    if alike(excess):
        raise NotDefined("the excess over chance does not vary between participants")
    test = stats.ttest_1samp(excess, 0, alternative="greater")
    return float(excess.mean()), float(test.statistic), float(test.pvalue)
