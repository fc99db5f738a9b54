"""True regions that researchers draw on a bundle's images, as PNG files that `explainers score --masks` reads.

A bundle is never changed, so they lie beside it: `masks/<bundle>/<image id>.png`, or `<image id>-<class index>.png` for
one class; 255 is inside, 0 outside. What a new drawing replaces is kept in `earlier`.
"""

import io
import os
import re
import struct
import tempfile
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from django.conf import settings

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.bundles.bundle import Bundle

EARLIER = "earlier"
_PNG = b"\x89PNG\r\n\x1a\n"


def folder_of(record: models.Bundle) -> Path:
    """Return where a bundle's masks lie."""
    return settings.BUNDLES_ROOT.with_name("masks") / record.folder


def classes_of(bundle: Bundle) -> list[str]:
    """Return the classes that may have masks of their own; none in a set of bundles, whose class numbers differ."""
    return [] if hasattr(bundle, "parts") else bundle.classes


def path_of(record: models.Bundle, image_id: str, class_index: int | None) -> Path:
    """Return the mask's file. The image is one of the bundle's: its id names a file."""
    if image_id not in reader(record).images or not re.fullmatch(r"[\w-]+", image_id):
        raise KeyError(image_id)
    return folder_of(record) / f"{image_id}{'' if class_index is None else f'-{class_index}'}.png"


def drawn(record: models.Bundle) -> dict[str, int]:
    """Return how many masks each image has, of those that have any."""
    found: dict[str, int] = {}
    for path in folder_of(record).glob("*.png"):
        image_id = re.sub(r"-\d+$", "", path.stem) if path.stem not in reader(record).images else path.stem
        found[image_id] = found.get(image_id, 0) + 1
    return found


def save(path: Path, bits: bytes, width: int, height: int) -> float:
    """Store a mask from its pixels, eight to a byte, row by row; return the share inside. An empty one is taken away.

    Raises `ValueError` when there are too few or too many of them.
    """
    if len(bits) != -(-width * height // 8):
        raise ValueError(f"expected {width} × {height} pixels in {-(-width * height // 8)} bytes, found {len(bits)}")
    inside = np.unpackbits(np.frombuffer(bits, np.uint8), count=width * height).reshape(height, width)
    _keep_earlier(path)
    if not inside.any():
        path.unlink(missing_ok=True)
        return 0.0
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
    with os.fdopen(handle, "wb") as file:
        file.write(png(inside * np.uint8(255)))
    os.replace(scratch, path)
    return float(inside.mean())


def _keep_earlier(path):
    if path.is_file():
        target = path.parent / EARLIER / f"{path.stem}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.png"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())


def png(grey: np.ndarray) -> bytes:
    """Return a grey picture (H, W), uint8, as a PNG file."""
    height, width = grey.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = grey
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return _PNG + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


def zipped(record: models.Bundle) -> bytes:
    """Return all masks of a bundle as a zip, for `score --masks` on another machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder_of(record).glob("*.png")):
            archive.write(path, path.name)
    return buffer.getvalue()
