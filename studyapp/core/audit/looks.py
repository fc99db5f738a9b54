"""What can be told of a heatmap's picture without looking at where its colours lie."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from studyapp.core.bundles.tables import Heatmap
from studyapp.core.display import CONTOURS, REVEALED, Display, picture, positions, top_shares

SIDE_PX = 128  # pictures are looked at in this size: what is to be told of them is the same as in their own
VISIBLE = 25  # of 255 in some channel: a pixel that differs so much from the bare photograph's is seen to be coloured
BLANK_BELOW = 0.005  # of the area that is coloured
HIGH, SHEET_ABOVE = 0.9, 0.9  # of the scale, and of the area that lies beyond that
PEAK_PERCENTILE = 99
_BY_RANK = {"contours": max(CONTOURS), "reveal": REVEALED}  # styles that show the highest values, however high


@dataclass(frozen=True)
class Look:
    """A heatmap as some participants meet it: in which condition (or part of the study), and of which class."""

    where: str
    group: str
    node: Heatmap


@dataclass(frozen=True)
class Measures:
    """A picture's measures, each 0 … 1.

    coverage  share of its area that is visibly coloured
    mean      mean of the colours' places on the scale, over the area
    peak      the place that 99 % of the area do not exceed
    sheet     share of the area that has the end's colour, or, where ranks are shown, that ranks highest

    Where ranks are shown alone, as by contours, colours tell nothing of values: `mean` and `peak` are 0.
    """

    coverage: float
    mean: float
    peak: float
    sheet: float

    @property
    def is_blank(self) -> bool:
        return self.coverage < BLANK_BELOW

    @property
    def is_one_colour(self) -> bool:
        return self.sheet > SHEET_ABOVE


def small(photograph: np.ndarray) -> np.ndarray:
    """Return a photograph, uint8 (H, W, 3), in the size in which pictures are looked at."""
    whole = Image.fromarray(photograph)
    whole.thumbnail((SIDE_PX, SIDE_PX))
    return np.asarray(whole)


def measure(
    photograph: np.ndarray,
    saliency: np.ndarray,
    display: Display,
    *,
    reference: float = 0.0,
    scale: float | None = None,
) -> Measures:
    """Return the measures of the picture that `display.picture` draws of these, on a `small` photograph."""
    shown = picture(photograph, saliency, display, reference=reference, scale=scale)
    bare = picture(photograph, np.zeros((1, 1)), display, scale=1.0)
    height, width = photograph.shape[:2]
    magnitude = np.abs(positions(saliency, display, (height, width), reference=reference, scale=scale)).clip(max=1)
    differs = np.abs(shown.astype(np.int16) - bare.astype(np.int16)).max(axis=2) >= VISIBLE
    share = _BY_RANK.get(display.style)
    at_the_end = magnitude >= HIGH if share is None else top_shares(magnitude, [share])[0]
    return Measures(
        coverage=float(differs.mean()),
        mean=float(magnitude.mean()) if share is None else 0.0,
        peak=float(np.percentile(magnitude, PEAK_PERCENTILE)) if share is None else 0.0,
        sheet=float(at_the_end.mean()),
    )
