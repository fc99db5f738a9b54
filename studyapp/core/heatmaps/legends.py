"""What a heatmap's legend shows, ready to draw: colours, where they stand, and what their ends mean."""

from functools import lru_cache
from typing import Any

import numpy as np

from studyapp.core.display import CONTOURS, Display, colour_tables, coloured

N_STOPS = 9


@lru_cache(maxsize=256)
def legend(display: Display, *, signed: bool = False) -> dict[str, Any]:
    """Return the legend of a display's heatmaps.

    style    `lines`: `stops` are the lines' colours, from the outermost to the innermost, each with its `share` of the
             area, on a diverging scale those of what is against first; `revealed`: without colours; `scale`: `stops`
             go from one end to the other, a diverging one with its clear zero in the middle
    low      what the low end means: `against`, `least`, `nothing`, or `nothing_or_against` of a method whose maps are
             `signed`, where what is against has no colour
    scale    whose peaks the end stands for; "" where colours don't tell
    """
    both = display.sign == "both"
    shown = {"diverging": both, "low": _low(display, both, signed), "stops": [], "scale": ""}
    if display.style == "reveal":
        return shown | {"style": "revealed"}
    table = colour_tables()[display.colours].table
    if display.style == "contours":
        sides = (-1, 1) if both else (1,)
        lines = [
            {
                "colour": _hex(table[_row(side * place, both)]),
                "share": f"{share:.0%}".removesuffix("%"),
                "against": side < 0,
            }
            for side in sides
            for share, place in CONTOURS.items()
        ]
        return shown | {"style": "lines", "stops": lines}
    rows = coloured(display).copy()
    if display.style == "map":
        rows[:, 3] = 255
    places = np.linspace(0, 255, N_STOPS).round().astype(int).tolist()
    stops = [
        {
            "offset": percent(index / (len(places) - 1)),
            "colour": _hex(rows[place]),
            "opacity": f"{rows[place, 3] / 255:.3f}",
        }
        for index, place in enumerate(places)
    ]
    return shown | {"style": "scale", "stops": stops, "scale": display.scale}


def percent(value: float) -> str:
    """Return a share as percent with one decimal, kept within 0 and 100."""
    return f"{100 * min(max(value, 0.0), 1.0):.1f}"


def _low(display: Display, both: bool, signed: bool) -> str:
    if both:
        return "against"
    if display.floor == "minimum":
        return "least"
    return "nothing_or_against" if signed else "nothing"


def _row(position: float, both: bool) -> int:
    return round(255 * ((position + 1) / 2 if both else position))


def _hex(row: np.ndarray) -> str:
    return "#{:02x}{:02x}{:02x}".format(*row[:3])
