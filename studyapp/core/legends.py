"""What a heatmap's legend shows, ready to draw: colours and where they stand."""

from collections.abc import Mapping
from typing import Any


def legend(method: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the legend of a method's colours: stops from `vmin` to `vmax`, from its record in the bundle.

    A diverging scale has its clear zero in the middle, a sequential one at its start. None where the bundle, made
    elsewhere, doesn't tell its colours.
    """
    stops = method.get("stops")
    if not stops:
        return None
    offsets = [percent(index / (len(stops) - 1)) for index in range(len(stops))]
    return {
        "stops": [
            {"offset": offset, "colour": f"#{r:02x}{g:02x}{b:02x}", "opacity": f"{alpha / 255:.3f}"}
            for offset, (r, g, b, alpha) in zip(offsets, stops, strict=True)
        ],
        "diverging": stops[0][3] > 0,
    }


def percent(value: float) -> str:
    """Return a share as percent with one decimal, kept within 0 and 100."""
    return f"{100 * min(max(value, 0.0), 1.0):.1f}"
