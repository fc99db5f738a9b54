"""Top classes of one output, and which of them the model confuses with each other."""

from collections.abc import Hashable

import numpy as np
from numpy.typing import ArrayLike

from explainers.trees.latent import LatentTree

MASS, MOST = 0.95, 5


def top_classes(probabilities: ArrayLike, mass: float = MASS, most: int = MOST) -> list[int]:
    """Return the smallest set of classes with at least `mass` together, at most `most`; the most probable first."""
    probabilities = np.asarray(probabilities, dtype=np.float64)
    order = np.argsort(-probabilities, kind="stable")[:most]
    reached = np.cumsum(probabilities[order]) >= mass
    chosen: list[int] = order[: int(reached.argmax()) + 1 if reached.any() else most].tolist()
    return chosen


def clusters(classes: list[int], tree: LatentTree, level: int = 1) -> list[tuple[int, ...]]:
    """Return the classes in confusion clusters: those that share the tree's variable at this level.

    `tree` is a `LatentTree`. The order of the classes is kept, within a cluster and between clusters' first classes.
    """
    group_of = {index: number for number, group in enumerate(tree.groups(level)) for index in group}
    found: dict[Hashable, list[int]] = {}
    for index in classes:
        found.setdefault(group_of.get(index, ("alone", index)), []).append(index)
    return [tuple(cluster) for cluster in found.values()]
