"""Whether a heatmap shows something, as worked examples have to: it is neither blank nor one colour."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from studyapp.core.bundles import scales
from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.tables import Heatmap
from studyapp.core.display import Display, read_display

from .looks import measure, small


def shows_something(bundle: Bundle, nodes: Iterable[Heatmap], frozen: Mapping[str, Any]) -> bool:
    """Return whether all heatmaps can be read in every display of a definition's `display`; true where it has none."""
    groups = [frozen.get("methods", {}), *frozen.get("levels", {}).values()]
    displays = [(node, read_display(group[node.method])) for node in nodes for group in groups if node.method in group]
    return all(_is_readable(bundle, node, display) for node, display in displays)


@lru_cache(maxsize=10_000)
def _is_readable(bundle: Bundle, node: Heatmap, display: Display) -> bool:
    end = None
    if display.scale == "image":
        end = scales.scale_of(bundle, node, display)
    if display.scale == "study":
        end = _study_scales(bundle, node.method, display).get(scales.group_of(bundle, node))
    photograph = small(bundle.photograph(node.image_id))
    found = measure(photograph, bundle.saliency(node), display, reference=node.reference, scale=end)
    return not found.is_blank and not found.is_one_colour


@lru_cache(maxsize=32)
def _study_scales(bundle: Bundle, method: str, display: Display) -> dict[str, float]:
    return scales.study_scales(bundle, method, display)
