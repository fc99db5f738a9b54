"""An explanation of a model's whole output, read from a bundle as a tree of maps."""

from collections.abc import Iterator
from dataclasses import dataclass

from .tables import Heatmap


@dataclass(frozen=True)
class Node:
    """One map of the tree. `label` is the class it explains; empty for the map of a cluster of classes."""

    key: str
    label: str
    score: float | None
    heatmap: Heatmap
    children: tuple["Node", ...] = ()


def read_tree(bundle, image_id: str, method: str) -> tuple[Node, ...]:
    """Return the roots of the tree that explains the model's whole output; none where the bundle has no such tree."""
    rows, classes = bundle.nodes.get((image_id, method, ""), []), bundle.classes
    below: dict[str, list[Heatmap]] = {}
    for row in rows:
        below.setdefault(row.parent, []).append(row)

    def branch(parent: str) -> tuple[Node, ...]:
        return tuple(_node(row, branch(row.node), classes) for row in below.get(parent, []))

    return branch("")


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Yield every node of a tree, parents first."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def leaves(nodes: tuple[Node, ...]) -> dict[str, Node]:
    """Return the leaves that explain one class each, by its name."""
    return {node.label: node for node in walk(nodes) if node.label}


def whole_output_methods(bundle) -> list[str]:
    """Return the bundle's methods that explain the whole output, in the manifest's order."""
    found = {method for _, method, target in bundle.nodes if not target}
    return [method for method in bundle.methods if method in found]


def _node(row: Heatmap, children: tuple[Node, ...], classes: list[str]) -> Node:
    label = classes[row.classes[0]] if len(row.classes) == 1 and not children else ""
    return Node(row.node, label, row.score, row, children)
