"""Where the colours of heatmaps end that share a scale: worked out over a method's maps of a bundle.

Maps are compared with those of their own level: the maps of a tree's roots explain other scores, from other layers or
masks, than those below them, and would make them fade. Nor are maps of two data sets compared, which have models of
their own.
"""

from collections.abc import Iterator

from studyapp.core.display import Display, peak, shared_scale

from .bundle import Bundle
from .tables import Heatmap

MOST_MAPS = 1000  # of more, as many evenly spaced ones stand for all: the third quartile of their peaks is as good


def scale_of(bundle: Bundle, node: Heatmap, display: Display) -> float | None:
    """Return the end of the scale of a picture's maps, where they share it within their `image`; None where empty."""
    level = level_of(bundle, node)
    keys = [(node.image_id, node.method, target) for target in ("", *bundle.classes)]
    beside = [one for key in keys for one in bundle.nodes.get(key, ()) if level_of(bundle, one) == level]
    return max(peak_of(bundle, one, display) for one in beside) or None


def study_scales(bundle: Bundle, method: str, display: Display, most: int = MOST_MAPS) -> dict[str, float]:
    """Return the ends of the scales that all maps of a method share, by `group_of` their maps; empty ones left out.

    Of more than `most` maps of a group, so many stand for all.
    """
    groups: dict[str, list[Heatmap]] = {}
    for tree in _trees(bundle, method):
        for node in tree:
            groups.setdefault(group_of(bundle, node), []).append(node)
    ends = {
        group: shared_scale(peak_of(bundle, node, display) for node in _evenly(nodes, most))
        for group, nodes in groups.items()
    }
    return {group: end for group, end in ends.items() if end is not None}


def group_of(bundle: Bundle, node: Heatmap) -> str:
    """Return what maps have in common whose values are compared: their data set and their level in the tree."""
    return f"{bundle.images[node.image_id].get('dataset') or ''}/{level_of(bundle, node)}"


def level_of(bundle: Bundle, node: Heatmap) -> int:
    """Return how many nodes are above one in its tree."""
    parents = {one.node: one.parent for one in bundle.nodes[node.image_id, node.method, node.target]}
    level, above = 0, node.parent
    while above:
        level, above = level + 1, parents[above]
    return level


def peak_of(bundle: Bundle, node: Heatmap, display: Display) -> float:
    """Return how far a map reaches as the display shows it."""
    image = bundle.images[node.image_id]
    return peak(bundle.saliency(node), display, node.reference, (image["height"], image["width"]))


def _trees(bundle: Bundle, method: str) -> Iterator[list[Heatmap]]:
    return (nodes for (_, name, _), nodes in bundle.nodes.items() if name == method)


def _evenly(nodes: list[Heatmap], most: int) -> list[Heatmap]:
    if len(nodes) <= most:
        return nodes
    return [nodes[place * len(nodes) // most] for place in range(most)]
