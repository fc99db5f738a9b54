"""Where the colours of heatmaps end that share a scale: worked out over a method's maps of a bundle.

Maps are compared with those of their own level: the maps of a tree's roots explain other scores, from other layers or
masks, than those below them, and would make them fade. Nor are maps of two data sets compared, which have models of
their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from studyapp.core.display import Display, peak, shared_scale

from .bundle import Bundle
from .tables import Heatmap

N_SKETCHES, SKETCH_PX = 60, 64
MOST_MAPS = 1000  # of more, as many evenly spaced ones stand for all: the third quartile of their peaks is as good


def scale_of(bundle: Bundle, node: Heatmap, display: Display) -> float | None:
    """Return the end of the scale of a picture's maps, where they share it within their `image`; None where empty."""
    level = level_of(bundle, node)
    keys = [(node.image_id, node.method, target) for target in ("", *bundle.classes)]
    beside = [one for key in keys for one in bundle.nodes.get(key, ()) if level_of(bundle, one) == level]
    return max(peak_of(bundle, one, display) for one in beside) or None


def study_scales(bundle: Bundle, method: str, display: Display) -> dict[str, float]:
    """Return the ends of the scales that all maps of a method share, by `group_of` their maps; empty ones left out."""
    ends = {
        group: shared_scale(peak_of(bundle, node, display) for node in _evenly(nodes, MOST_MAPS))
        for group, nodes in _groups(bundle, method).items()
    }
    return {group: end for group, end in ends.items() if end is not None}


@dataclass(frozen=True)
class Sketch:
    """A map made small, with what its peak is worked out from."""

    saliency: np.ndarray
    reference: float
    size: tuple[int, int]


def sketches(bundle: Bundle, method: str) -> dict[str, list[Sketch]]:
    """Return some of a method's maps by `group_of` them, so small that many peaks are worked out while one waits."""
    return {
        group: [_sketch(bundle, node) for node in _evenly(nodes, N_SKETCHES)]
        for group, nodes in _groups(bundle, method).items()
    }


def rough_scales(found: dict[str, list[Sketch]], display: Display) -> dict[str, float]:
    """Return about what `study_scales` does, from `sketches`."""
    ends = {
        group: shared_scale(peak(one.saliency, display, one.reference, one.size) for one in some)
        for group, some in found.items()
    }
    return {group: end for group, end in ends.items() if end is not None}


def _sketch(bundle: Bundle, node: Heatmap) -> Sketch:
    image, saliency = bundle.images[node.image_id], bundle.saliency(node)
    h, w = (min(side, SKETCH_PX) for side in saliency.shape)
    small = np.asarray(Image.fromarray(saliency).resize((w, h), Image.Resampling.BOX))
    return Sketch(small, node.reference, (image["height"], image["width"]))


def _groups(bundle: Bundle, method: str) -> dict[str, list[Heatmap]]:
    groups: dict[str, list[Heatmap]] = {}
    for tree in _trees(bundle, method):
        for node in tree:
            groups.setdefault(group_of(bundle, node), []).append(node)
    return groups


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
