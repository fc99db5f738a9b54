"""The pictures of a version's heatmaps, drawn before anybody can meet it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from studyapp import models
from studyapp.bundles.drawing import heatmap_pixels, heatmap_url, is_drawn
from studyapp.bundles.stimuli import reader
from studyapp.core.bundles.bundle import Heatmap
from studyapp.core.display import Display
from studyapp.core.engine.kinds import kind
from studyapp.core.heatmaps.displays import display_of, levels_met, rendering_of


def render_version(version: models.Version, progress: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Draw every heatmap that participants of a version can meet, unless it is there, and return how many these are.

    The version need not be stored yet. `progress` is called with how many are done of how many.
    """
    rendering, wanted = rendering_of(version.definition), _wanted(version)
    for done, (node, display) in enumerate(wanted, start=1):
        heatmap_url(version.bundle, node, display, rendering)
        progress(done, len(wanted))
    return len(wanted)


def n_missing(version: models.Version) -> int:
    """Return how many heatmaps of a version are still to be drawn."""
    rendering = rendering_of(version.definition)
    return sum(not is_drawn(version.bundle, node, display, rendering) for node, display in _wanted(version))


def met_in(definition: dict[str, Any], record: models.Bundle, condition: dict[str, Any]) -> list[tuple[Heatmap, str]]:
    """Return the heatmaps that people in one of a definition's conditions can meet, each with its display's level.

    A level is "" where the study's displays are no factor's levels.
    """
    nodes = kind(definition["kind"]).part("stimuli:heatmaps")(definition | {"conditions": [condition]}, reader(record))
    distinct = {node.key: node for node in nodes}.values()
    return [(node, level) for level in levels_met(definition, condition["factors"]) for node in distinct]


def shown(definition: dict[str, Any], record: models.Bundle, node: Heatmap, level: str = "") -> np.ndarray:
    """Return the picture of a map that participants of a study so defined get, uint8 (H, W, 3).

    `level` names their display where the study's displays are a factor's levels.
    """
    return heatmap_pixels(record, node, display_of(definition, node.method, level), rendering_of(definition))


def _wanted(version: models.Version) -> list[tuple[Heatmap, Display]]:
    """Return the pictures that participants of a version can meet, each once, those of one image together."""
    definition, bundle = version.definition, version.bundle
    met = [pair for condition in definition["conditions"] for pair in met_in(definition, bundle, condition)]
    pictures = [(node, display_of(definition, node.method, level)) for node, level in met]
    return sorted({(node.key, display): (node, display) for node, display in pictures}.values(), key=_image)


def _image(picture: tuple[Heatmap, Display]) -> str:
    return picture[0].image_id
