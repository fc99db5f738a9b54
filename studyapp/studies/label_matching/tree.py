"""An explanation as a tree of maps: read from a bundle, arranged at random, cut down to what is shown."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Node:
    """One map of the tree. `label` is the class it explains; empty for the map of a cluster of classes."""

    key: str
    label: str
    score: float | None
    overlay: str
    children: tuple["Node", ...] = ()


def read_tree(bundle, image_id: str, method: str) -> tuple[Node, ...]:
    """Return the roots of the tree that explains the model's whole output; none where the bundle has no such tree."""
    rows, classes = bundle.nodes.get((image_id, method, ""), []), bundle.classes
    below: dict[str, list[dict]] = {}
    for row in rows:
        below.setdefault(row.get("parent") or "", []).append(row)

    def branch(parent: str) -> tuple[Node, ...]:
        return tuple(_node(row, branch(row["node"]), classes) for row in below.get(parent, []))

    return branch("")


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Yield every node of a tree, parents first."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def leaves(nodes: tuple[Node, ...]) -> dict[str, Node]:
    """Return the leaves that explain one class each, by its name."""
    return {node.label: node for node in walk(nodes) if node.label}


def arranged(nodes: tuple[Node, ...], order: list[str], rng: random.Random) -> tuple[Node, ...]:
    """Return the tree with siblings shuffled by `rng`, and the two leaves in `order` from left to right.

    The order in which the bundle lists the nodes, which follows the model's scores, tells nothing any more.
    """
    shuffled = [replace(node, children=arranged(node.children, order, rng)) for node in nodes]
    rng.shuffle(shuffled)
    places = [place for place, node in enumerate(shuffled) if _first(node, order) is not None]
    ranked = sorted((shuffled[place] for place in places), key=lambda node: _first(node, order))
    for place, node in zip(places, ranked, strict=True):
        shuffled[place] = node
    return tuple(shuffled)


def pruned(nodes: tuple[Node, ...], labels: list[str]) -> tuple[Node, ...]:
    """Return the tree without the branches that lead to none of the labels."""
    return tuple(
        replace(node, children=pruned(node.children, labels)) for node in nodes if _first(node, labels) is not None
    )


def _node(row: dict, children: tuple[Node, ...], classes: list[str]) -> Node:
    explained = str(row["classes"]).split("|")
    label = classes[int(explained[0])] if len(explained) == 1 and not children else ""
    return Node(row["node"], label, row.get("score"), row["overlay_file"] or "", children)


def _first(node: Node, order: list[str]) -> int | None:
    found = [order.index(below.label) for below in walk((node,)) if below.label in order]
    return min(found, default=None)
