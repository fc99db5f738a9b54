"""Colour raw maps once: one scale for all maps of a method, transparent where there is nothing to see.

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
N_STOPS = 9
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


def colour_stops(colormap: str) -> list[list[int]]:
    """Return the legend: evenly spaced RGBA stops from vmin to vmax."""
    return colour_table(colormap)[np.linspace(0, 255, N_STOPS).round().astype(int)].tolist()


def overlay(saliency: np.ndarray, vmin: float, vmax: float, table: np.ndarray, height_width, quality=100) -> bytes:
    """Return the map (H, W) coloured, at the given size, as a transparent WebP."""
    values = np.clip((saliency.astype(np.float32) - vmin) / (vmax - vmin), 0, 1)
    enlarged = Image.fromarray(values, mode="F").resize(height_width[::-1], Image.Resampling.BILINEAR)
    rgba = table[np.round(np.clip(np.asarray(enlarged), 0, 1) * 255).astype(np.uint8)]
    return encode(Image.fromarray(rgba, mode="RGBA"), min(quality, 80), quality)


def encode(picture: Image.Image, quality: int, alpha_quality: int = 100) -> bytes:
    """Return the picture as WebP without any metadata; its transparency is exact at an alpha quality of 100."""
    clean = Image.fromarray(np.asarray(picture))
    buffer = io.BytesIO()
    clean.save(buffer, "WEBP", quality=quality, alpha_quality=alpha_quality, method=4)
    return buffer.getvalue()
