"""How a study's heatmaps look: a display for each method of its bundle, frozen with the version."""

from functools import lru_cache
from typing import Any

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.display import RENDERER, Display, read_display

SMOOTHING = 0.8  # of methods that attribute pixel by pixel: single pixels are no evidence that people can see
SCALES = {"shared": "study", "per_image": "image", "per_map": "map"}  # by a study's parameter `scale`
OVER_THE_PHOTOGRAPH = ("overlay", "hover")  # layouts in which the heatmap takes the photograph's place


def usual_display(method: dict[str, Any], parameters: dict[str, Any]) -> Display:
    """Return the display of a method's maps that a study with these parameters has; `method` is its record."""
    return Display(
        smoothing=SMOOTHING if method.get("pixelwise") else 0.0,
        scale=SCALES.get(parameters.get("scale", ""), "study"),
        style="overlay" if parameters.get("heatmap_layout") in OVER_THE_PHOTOGRAPH else "over_grey",
    )


def described(bundle: Bundle, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the displays of a study's methods as its definition keeps them."""
    methods = {name: usual_display(record, parameters).described() for name, record in bundle.methods.items()}
    return {"renderer": RENDERER, "methods": methods}


def display_of(definition: dict[str, Any], method: str, level: str = "") -> Display:
    """Return the display of a method's maps in a frozen study; `level` names which, where displays are a factor's."""
    frozen = definition["display"]
    return _read(tuple((frozen["levels"][level] if level else frozen["methods"])[method].items()))


@lru_cache(maxsize=256)
def _read(values: tuple[tuple[str, Any], ...]) -> Display:
    return read_display(dict(values))
