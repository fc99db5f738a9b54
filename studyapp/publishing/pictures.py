"""The pictures of a version's heatmaps, drawn before anybody can meet it."""

from collections.abc import Callable

import numpy as np

from studyapp import models
from studyapp.bundles.drawing import heatmap_pixels, heatmap_url, is_drawn
from studyapp.bundles.stimuli import reader
from studyapp.core.bundles.bundle import Heatmap
from studyapp.core.engine.displays import display_of
from studyapp.core.engine.kinds import kind


def render_version(version: models.Version, progress: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Draw every heatmap that participants of a version can meet, unless it is there, and return how many these are.

    The version need not be stored yet. `progress` is called with how many are done of how many.
    """
    definition, wanted = version.definition, _wanted(version)
    for done, node in enumerate(wanted, start=1):
        display = display_of(definition, node.method)
        heatmap_url(version.bundle, node, display, definition["display"]["renderer"])
        progress(done, len(wanted))
    return len(wanted)


def shown(definition: dict, record: models.Bundle, node: Heatmap, level: str = "") -> np.ndarray:
    """Return the picture of a map that participants of a study so defined get, uint8 (H, W, 3).

    `level` names their display where the study's displays are a factor's levels.
    """
    return heatmap_pixels(record, node, display_of(definition, node.method, level), definition["display"]["renderer"])


def n_missing(version: models.Version) -> int:
    """Return how many heatmaps of a version are still to be drawn."""
    definition = version.definition
    renderer = definition["display"]["renderer"]
    return sum(
        not is_drawn(version.bundle, node, display_of(definition, node.method), renderer) for node in _wanted(version)
    )


def _wanted(version: models.Version) -> list[Heatmap]:
    """Return the heatmaps that participants of a version can meet, each once, those of one image together."""
    definition = version.definition
    nodes = kind(definition["kind"]).part("stimuli:heatmaps")(definition, reader(version.bundle))
    return sorted({node.key: node for node in nodes}.values(), key=lambda node: node.image_id)
