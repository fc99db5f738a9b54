"""The tree of maps as participants see it: arranged at random, cut down to what is shown."""

import random
from dataclasses import replace

from studyapp.core.bundles.map_tree import Node, walk


def arranged(nodes: tuple[Node, ...], order: list[str], rng: random.Random) -> tuple[Node, ...]:
    """Return the tree with siblings shuffled by `rng`, and the two leaves in `order` from left to right.

    The order in which the bundle lists the nodes, which follows the model's scores, tells nothing any more.
    """
    shuffled = [replace(node, children=arranged(node.children, order, rng)) for node in nodes]
    rng.shuffle(shuffled)
    firsts = {place: first for place, node in enumerate(shuffled) if (first := _first(node, order)) is not None}
    ranked = [shuffled[place] for place in sorted(firsts, key=firsts.__getitem__)]
    for place, node in zip(firsts, ranked, strict=True):
        shuffled[place] = node
    return tuple(shuffled)


def pruned(nodes: tuple[Node, ...], labels: list[str]) -> tuple[Node, ...]:
    """Return the tree without the branches that lead to none of the labels."""
    return tuple(
        replace(node, children=pruned(node.children, labels)) for node in nodes if _first(node, labels) is not None
    )


def _first(node: Node, order: list[str]) -> int | None:
    found = [order.index(below.label) for below in walk((node,)) if below.label in order]
    return min(found, default=None)
