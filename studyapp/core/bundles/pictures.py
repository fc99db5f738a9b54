"""Photographs and raw maps, read from their files: whole and as expected, or refused in words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from .limits import LARGEST, PIXELS, BundleError

PHOTOGRAPHS = {"WEBP": (".webp",), "PNG": (".png",), "JPEG": (".jpg", ".jpeg")}
SUFFIXES = tuple(suffix for suffixes in PHOTOGRAPHS.values() for suffix in suffixes)
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
_GREY = {"L": 255, "I;16": 65535, "I;16B": 65535}  # by Pillow's mode, the value of white
_ORIENTATION, _UPRIGHT = 0x0112, 1  # of EXIF

_NPY = re.compile(
    rb"\{'descr': '<f([248])', 'fortran_order': (True|False), 'shape': \((\d{1,9}), ?(\d{1,9}),?\),? ?\}\s*\n", re.ASCII
)


def read_photograph(path: Path) -> np.ndarray:
    """Return a photograph, uint8 (H, W, 3); what is transparent in it is white."""
    with _opened(path, tuple(PHOTOGRAPHS)) as picture:
        suffixes = PHOTOGRAPHS[str(picture.format)]
        if path.suffix.lower() not in suffixes:
            raise BundleError(f"{path}: expected the suffix of a {picture.format}, {suffixes[0]}")
        if picture.mode not in _MODES:
            raise BundleError(f"{path}: expected a photograph of 8 bits a channel, found the mode {picture.mode}")
        if (n_frames := getattr(picture, "n_frames", 1)) > 1:
            raise BundleError(f"{path}: expected one still picture, found {n_frames}")
        turned = picture.getexif().get(_ORIENTATION, _UPRIGHT)
        if turned != _UPRIGHT:
            raise BundleError(
                f"{path}: is stored turned (EXIF orientation {turned}); store it upright, without that entry"
            )
        if picture.has_transparency_data:
            clear = picture.convert("RGBA")
            return np.asarray(Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB"))
        return np.asarray(picture.convert("RGB"))


def read_map(path: Path, scale: float | None, low: float | None, high: float | None) -> np.ndarray:
    """Return a raw map, float32 (H, W): from .npy times `scale`, or from a grey PNG that goes from `low` to `high`."""
    if path.suffix == ".npy":
        return read_array(path).astype(np.float32) * np.float32(scale)
    with _opened(path, ("PNG",)) as picture:
        if picture.mode not in _GREY:
            raise BundleError(f"{path}: expected a grey PNG of 8 or 16 bits, found the mode {picture.mode}")
        share = np.asarray(picture, np.float32) / np.float32(_GREY[picture.mode])
    return np.float32(low) + share * (np.float32(high) - np.float32(low))


def read_array(path: Path) -> np.ndarray:
    """Return the array (n, m) of floating-point numbers in a .npy file, all of them finite."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: expected an array in .npy, found {error}") from None
    start = {b"\x93NUMPY\x01": 10, b"\x93NUMPY\x02": 12}.get(content[:7])
    length = int.from_bytes(content[8:start], "little") if start else 0
    header = _NPY.fullmatch(content[start : start + length]) if start else None
    if start is None or header is None:
        raise BundleError(f"{path}: expected an array (n, m) of float16, float32 or float64 as NumPy writes it in .npy")
    size, shape = int(header[1]), (int(header[3]), int(header[4]))
    if not 1 <= shape[0] * shape[1] <= PIXELS or len(content) - start - length != size * shape[0] * shape[1]:
        raise BundleError(
            f"{path}: expected {shape[0]} × {shape[1]} numbers, at most {PIXELS:,}, of {size} bytes; found "
            f"{len(content) - start - length} bytes"
        )
    array = np.frombuffer(content, f"<f{size}", offset=start + length)
    if not float(np.abs(array).max()) <= LARGEST:  # so NaN is refused too
        raise BundleError(f"{path}: expected numbers of magnitude up to {LARGEST:g}, found others, or NaN")
    return array.reshape(shape, order="F" if header[2] == b"True" else "C")


@contextmanager
def _opened(path: Path, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """Open a picture and read all of it; whatever goes wrong with it becomes a refusal."""
    try:
        with Image.open(path, formats=formats) as picture:
            if picture.width * picture.height > PIXELS:
                raise BundleError(
                    f"{path}: expected at most {PIXELS:,} pixels, found {picture.width} × {picture.height}"
                )
            picture.load()
            yield picture
    except BundleError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them to
        raise BundleError(f"{path}: expected a whole {' or '.join(formats)}, found {error!r}") from None
