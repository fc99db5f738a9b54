"""What a heatmap's legend shows, ready to draw: colours and where they stand."""

from functools import lru_cache
from typing import Any

import numpy as np

from .display import CONTOURS, Display, colour_tables, coloured

N_STOPS = 9


@lru_cache(maxsize=256)
def legend(display: Display) -> dict[str, Any] | None:
    """Return the legend of a display's colours: stops from one end of the scale to the other.

    A diverging scale has its clear zero in the middle, a sequential one at its start. Of contours it has the lines'
    colours. None where colours tell nothing: `reveal` shows the photograph's own.
    """
    if display.style == "reveal":
        return None
    rows = coloured(display).copy()
    if display.style in ("map", "contours"):
        rows[:, 3] = 255
    if display.style == "contours" and display.sign == "positive":
        places = [round(255 * place) for place in sorted(CONTOURS.values())]
    else:
        places = np.linspace(0, 255, N_STOPS).round().astype(int).tolist()
    return {
        "stops": [
            {
                "offset": percent(index / (len(places) - 1)),
                "colour": "#{:02x}{:02x}{:02x}".format(*rows[place, :3]),
                "opacity": f"{rows[place, 3] / 255:.3f}",
            }
            for index, place in enumerate(places)
        ],
        "diverging": colour_tables()[display.colours].diverging,
    }


def percent(value: float) -> str:
    """Return a share as percent with one decimal, kept within 0 and 100."""
    return f"{100 * min(max(value, 0.0), 1.0):.1f}"
