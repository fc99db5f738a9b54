"""Colour raw maps for notebooks and the pages of a comparison; studies draw those of a bundle by themselves.

A value v becomes the colour map's colour at v / vmax, with opacity growing from 0 at zero to `OPACITY` at vmax.
With a sequential colour map (Matplotlib's Reds, as in the papers) negative values stay clear and vmin is 0; with
a diverging one (RdBu_r) the scale runs from -vmax to vmax and zero is clear. Values beyond the scale take its end.

The shared scale ends at the third quartile, over the method's maps, of each map's peak, and a map's peak is its
99th percentile of magnitude: a few strong maps, or a few strong pixels, don't fade all others. What lies beyond has
the end's colour.
"""

import io

import numpy as np
from PIL import Image

from explainers.errors import UserError, near

OPACITY = 0.75  # the photograph stays recognisable below the highest values
FULL_OPACITY_AT = 0.6
PEAK_PERCENTILE = 99
SHARED_PERCENTILE = 75
DIVERGING = (
    "PiYG", "PRGn", "BrBG", "PuOr", "RdGy", "RdBu", "RdYlBu", "RdYlGn", "Spectral", "coolwarm", "bwr", "seismic",
)  # fmt: skip


def is_diverging(colormap: str) -> bool:
    return colormap.removesuffix("_r") in DIVERGING


def peaks(saliency: np.ndarray) -> dict[str, float]:
    """Return how far a map (H, W) reaches: a high percentile of its positive part, and of its magnitude."""
    shown = {"positive": np.maximum(saliency, 0), "magnitude": np.abs(saliency)}
    return {name: float(np.percentile(values, PEAK_PERCENTILE) or values.max()) for name, values in shown.items()}


def shared_scale(peaks_of_maps: list[dict[str, float]], colormap: str) -> tuple[float, float]:
    """Return (vmin, vmax) for maps that are compared; an all-zero set gets a scale of 1."""
    diverging = is_diverging(colormap)
    reached = [found["magnitude" if diverging else "positive"] for found in peaks_of_maps]
    reached = [value for value in reached if value > 0]
    vmax = float(np.percentile(reached, SHARED_PERCENTILE)) if reached else 1.0
    return (-vmax if diverging else 0.0), vmax


def colour_table(colormap: str) -> np.ndarray:
    """Return 256 RGBA rows, uint8, from vmin to vmax."""
    import matplotlib

    if colormap not in matplotlib.colormaps:
        raise UserError(f"colormap: Matplotlib has no colour map {colormap!r}.{near(colormap, matplotlib.colormaps)}")
    position = np.linspace(0, 1, 256)
    distance = np.abs(2 * position - 1) if is_diverging(colormap) else position
    rgba = matplotlib.colormaps[colormap](position)
    rgba[:, 3] = OPACITY * np.minimum(distance / FULL_OPACITY_AT, 1)
    return np.round(rgba * 255).astype(np.uint8)


def coloured(saliency: np.ndarray, scale: tuple[float, float], table: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Return the map (H, W) in the colours of `table` from vmin to vmax, enlarged to the size (width, height), RGBA."""
    vmin, vmax = scale
    values = np.clip((saliency.astype(np.float32) - vmin) / (vmax - vmin), 0, 1).astype(np.float32)
    enlarged = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
    return Image.fromarray(table[np.round(np.clip(enlarged, 0, 1) * 255).astype(np.uint8)])


def encode(picture: Image.Image, quality: int) -> bytes:
    """Return the picture as WebP without any metadata."""
    clean = Image.fromarray(np.asarray(picture))
    buffer = io.BytesIO()
    clean.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()
