"""Open a picture, and cut out of it what the model sees."""

import logging
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from explainers.errors import UserError

_log = logging.getLogger("explainers")
_told: set[str] = set()  # of which modes it was said how they are read


def open_picture(path: Path) -> Image.Image:
    """Return the picture upright and in RGB (transparent parts white); UserError when it cannot be read.

    One of more than 8 bits a pixel tells no scale that pictures have in common: each is stretched from its darkest
    pixel to its brightest, which is said once.
    """
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
                picture = _stretched(picture, path.name)
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                picture = picture.convert("RGBA")
                ground = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(ground, picture)
            return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path.name}: cannot be read as a picture ({error}).") from None


def _stretched(picture: Image.Image, name: str) -> Image.Image:
    values = np.asarray(picture, dtype=np.float64)
    low, high = values.min(), values.max()
    if picture.mode not in _told:
        _told.add(picture.mode)
        _log.warning(
            "%s has more than 8 bits a pixel: its values, %g … %g, become black … white, and so do those of every "
            "other such picture, each by its own. Where they have a scale in common, save them with 8 bits by that.",
            name, low, high,
        )  # fmt: skip
    return Image.fromarray(np.uint8(np.round((values - low) / ((high - low) or 1) * 255)))


def cut_out(
    picture: Image.Image,
    resize: int | None,
    height_width: tuple[int, int],
    out_height_width: tuple[int, int] | None = None,
    resample: Image.Resampling = Image.Resampling.BILINEAR,
) -> Image.Image:
    """Return what the model sees: shorter side to `resize` (default: the size / 0.875), then the centre.

    As torchvision's Resize and CenterCrop; an input that is not square is covered the same way. With
    `out_height_width` the same part of the picture at that size, for people to look at. Masks need the nearest pixel
    (`resample`).
    """
    height, width = height_width
    scale, resized, left, top = _geometry(picture.size, resize, height_width)
    if out_height_width is None:
        return picture.resize(resized, resample).crop((left, top, left + width, top + height))
    half_width, half_height = width / scale / 2, height / scale / 2
    x, y = picture.width / 2, picture.height / 2
    upper_left = max(x - half_width, 0), max(y - half_height, 0)
    lower_right = min(x + half_width, picture.width), min(y + half_height, picture.height)
    return picture.resize(out_height_width[::-1], Image.Resampling.LANCZOS, box=(*upper_left, *lower_right))


def as_seen(picture: Image.Image, resize: int | None, height_width: tuple[int, int]) -> Image.Image:
    """Return the part of a picture that `cut_out` gives the model, with the picture's own pixels."""
    scale, *_ = _geometry(picture.size, resize, height_width)
    height, width = (max(1, round(length / scale)) for length in height_width)
    return cut_out(picture, resize, height_width, (height, width))


def cut_points(
    points: np.ndarray, size: tuple[int, int], resize: int | None, height_width: tuple[int, int]
) -> np.ndarray:
    """Return points (N, 2), as (x, y) in a picture of this (width, height), in pixels of what `cut_out` cuts out.

    They may lie outside it.
    """
    _, resized, left, top = _geometry(size, resize, height_width)
    factors = np.array(resized) / np.array(size)
    return np.asarray((np.asarray(points, dtype=float) + 0.5) * factors - 0.5 - np.array([left, top]))


def _geometry(
    size: tuple[int, int], resize: int | None, height_width: tuple[int, int]
) -> tuple[float, tuple[int, int], int, int]:
    """Return the scale, the picture's size after it, and the cut-out's left and top there."""
    height, width = height_width
    margin = (resize or round(min(height, width) / 0.875)) / min(height, width)
    scale = max(width * margin / size[0], height * margin / size[1])
    resized = int(size[0] * scale + 1e-6), int(size[1] * scale + 1e-6)
    return scale, resized, round((resized[0] - width) / 2), round((resized[1] - height) / 2)
