"""One size of photographs and of maps in the whole of a study, and which windows hold them.

A size that depended on the condition would be confounded with it, so pages never shrink a stimulus: a window that is
too small for them scrolls.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from studyapp.core.bundles.bundle import Bundle

from .kinds import Kind, Parameter, load

BARS_PX = 56 + 68  # the header above and the bar with the next action below, which are always in view
SCROLLBAR_PX = 16
LARGEST_PX = 600
TELL, REFUSE = "tell", "refuse"


class Window(NamedTuple):
    """The inside of a browser's window, in CSS pixels."""

    width: int
    height: int

    def holds(self, other: "Window") -> bool:
        """Return whether the other one fits into it."""
        return self.width >= other.width and self.height >= other.height

    def __str__(self) -> str:
        return f"{self.width} × {self.height}"


def read_window(words: str) -> Window | None:
    """Return the window that a browser measured, as in “1280x720”; None where the words say none."""
    found = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", words, re.ASCII)
    return Window(*map(int, found.groups())) if found else None


USUAL = {
    "a small laptop": Window(1366, 650),
    "a laptop": Window(1280, 720),
    "a tablet": Window(1024, 768),
    "a large screen": Window(1920, 960),
}


def size_parameters(photo_px: int, map_px: int) -> tuple[Parameter, ...]:
    """Return the parameters that every kind has for its sizes, with the kind's defaults."""
    return (
        Parameter(
            "photo_px",
            "integer",
            photo_px,
            "The side of the square in which every photograph stands, in CSS pixels: the same in every condition, "
            "stage and step, however large the window.",
            minimum=48,
            maximum=LARGEST_PX,
        ),
        Parameter(
            "map_px",
            "integer",
            map_px,
            "The same of every heatmap. Where a heatmap takes its photograph's place, it is the photograph's size.",
            minimum=48,
            maximum=LARGEST_PX,
        ),
        Parameter(
            "small_windows",
            "choice",
            TELL,
            "What follows before consent where a participant's window is smaller than the study needs: `tell` says so "
            "and lets them go on, scrolling; `refuse` lets nobody start or go on until the browser has reported one "
            "that is large enough, which one without scripts can't.",
            choices=(TELL, REFUSE),
        ),
        Parameter(
            "min_width_px",
            "integer",
            1024,
            "The narrowest window, in CSS pixels, even where the sizes need less.",
            minimum=320,
        ),
        Parameter(
            "min_height_px",
            "integer",
            600,
            "The lowest window, in CSS pixels, even where the sizes need less.",
            minimum=320,
        ),
    )


def windows(kind: Kind, definition: dict[str, Any], bundle: Bundle) -> list[Window]:
    """Return the smallest windows that hold a study's trials in their sizes; any one of them will do."""
    parameters = definition["parameters"]
    least = Window(parameters["min_width_px"], parameters["min_height_px"])
    needed: Iterable[Window] = load(kind.windows)(definition, bundle) if kind.windows else [least]
    found = [Window(max(least.width, one.width), max(least.height, one.height)) for one in needed]
    return [one for one in found if not any(one.holds(other) and one != other for other in found)]


def in_words(parameters: dict[str, Any], needed: list[Window], bundle: Bundle) -> str:
    """Return a study's sizes, the windows they need and the usual ones that hold them, as the checklist says it.

    Photographs that have fewer pixels than they are shown with are counted; their maps are drawn at the shown size.
    """
    sizes = f"photographs {parameters['photo_px']} px, maps {parameters['map_px']} px"
    held = [f"{name} ({window})" for name, window in USUAL.items() if any(map(window.holds, needed))]
    windows_held = f"a window of {' or '.join(map(str, needed))}, as of {', '.join(held) or 'none of the usual ones'}"
    shown = max(parameters["photo_px"], parameters["map_px"])
    n_small = sum(max(int(one["width"]), int(one["height"])) < shown for one in bundle.images.values())
    told = (
        f"{n_small} of {len(bundle.images)} photographs have fewer pixels than that; their heatmaps are drawn as large"
    )
    small = f"; {told}" if n_small else ""
    return f"{sizes}{small}; {windows_held}"


def unequal(parameters: dict[str, Any], why: str) -> list[str]:
    """Return what is wrong where a map takes its photograph's place, as `why` says, in another size."""
    photo_px, map_px = parameters["photo_px"], parameters["map_px"]
    if photo_px == map_px:
        return []
    return [f"Parameter “map_px”: expected {photo_px}, as `photo_px`, since {why}; found {map_px}."]
