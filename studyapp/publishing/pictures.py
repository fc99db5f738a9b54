"""The pictures of a version's heatmaps, drawn before anybody can meet it."""

from collections.abc import Callable

from studyapp import models
from studyapp.bundles.drawing import heatmap_url
from studyapp.bundles.stimuli import reader
from studyapp.core.engine.displays import display_of
from studyapp.core.engine.kinds import kind


def render_version(version: models.Version, progress: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Draw every heatmap that participants of a version can meet, unless it is there, and return how many these are.

    The version need not be stored yet. `progress` is called with how many are done of how many.
    """
    definition = version.definition
    nodes = kind(definition["kind"]).part("stimuli:heatmaps")(definition, reader(version.bundle))
    wanted = list({node.key: node for node in nodes}.values())
    for done, node in enumerate(sorted(wanted, key=lambda node: node.image_id), start=1):
        display = display_of(definition, node.method)
        heatmap_url(version.bundle, node, display, definition["display"]["renderer"])
        progress(done, len(wanted))
    return len(wanted)
