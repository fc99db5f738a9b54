"""How a study's heatmaps look: a display for each method of its bundle, frozen with the version."""

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.display import RENDERER, Display, read_display

SMOOTHING = 0.8  # of methods that attribute pixel by pixel: single pixels are no evidence that people can see
SCALES = {"shared": "study", "per_image": "image", "per_map": "map"}  # by a study's parameter `scale`
OVER_THE_PHOTOGRAPH = ("overlay", "hover")  # layouts in which the heatmap takes the photograph's place


def usual_display(method: dict, parameters: dict) -> Display:
    """Return the display of a method's maps that a study with these parameters has; `method` is its record."""
    return Display(
        smoothing=SMOOTHING if method.get("pixelwise") else 0.0,
        scale=SCALES.get(parameters.get("scale"), "study"),
        style="overlay" if parameters.get("heatmap_layout") in OVER_THE_PHOTOGRAPH else "over_grey",
    )


def described(bundle: Bundle, parameters: dict) -> dict:
    """Return the displays of a study's methods as its definition keeps them."""
    methods = {name: usual_display(record, parameters).described() for name, record in bundle.methods.items()}
    return {"renderer": RENDERER, "methods": methods}


def display_of(definition: dict, method: str) -> Display:
    """Return the display of a method's maps in a frozen study."""
    return read_display(definition["display"]["methods"][method])
