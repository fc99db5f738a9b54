"""Pictures of heatmaps: drawn once by a display, kept, and sent to browsers under opaque addresses.

A picture's name is a keyed hash of the map and the display it is drawn by: it tells nothing of what is shown, the same
picture has the same name in every study, and another display never takes its place. A bundle's pictures lie in a
folder of their own, so that they can be deleted with it.
"""

import hashlib
import hmac
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.conf import settings
from PIL import Image

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.audit import Measures, measure
from studyapp.core.audit.looks import small
from studyapp.core.bundles import scales
from studyapp.core.bundles.tables import Heatmap
from studyapp.core.display import BY_RANK, RENDERER, Display, Rendering, picture

LONGEST_SIDE_PX = 1000  # twice what pages show, for fine screens
QUALITY = 88  # of WebP
PREVIEW_PX = 320
AS_LARGE = Rendering()  # as large as the photograph


def heatmap_url(record: models.Bundle, node: Heatmap, display: Display, rendering: Rendering = AS_LARGE) -> str:
    """Return the address of a map's picture, which is drawn first unless it is there."""
    name = _name(record, node, display, rendering)
    path = settings.STIMULI_ROOT / name
    if not path.is_file():
        write(path, _drawn(record, node, display, _side_px(record, node, rendering)))
    return f"/stimuli/{name}"


def heatmap_pixels(
    record: models.Bundle, node: Heatmap, display: Display, rendering: Rendering = AS_LARGE
) -> np.ndarray:
    """Return a map's picture as people see it, uint8 (H, W, 3): the one that is kept, or drawn and not kept."""
    path = settings.STIMULI_ROOT / _name(record, node, display, rendering)
    content = path.read_bytes() if path.is_file() else _drawn(record, node, display, _side_px(record, node, rendering))
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def preview(record: models.Bundle, node: Heatmap, display: Display) -> bytes:
    """Return a map's picture as a small WebP that is not kept; a scale that many maps share is worked out from some."""
    photograph = _small_photograph(record.folder, record.sha256, node.image_id, record)
    end = _scale(record, node, display, _rough_scales)
    drawn = picture(photograph, reader(record).saliency(node), display, reference=node.reference, scale=end)
    return _encoded(drawn)


def is_drawn(record: models.Bundle, node: Heatmap, display: Display, rendering: Rendering = AS_LARGE) -> bool:
    """Return whether a map's picture is there."""
    return (settings.STIMULI_ROOT / _name(record, node, display, rendering)).is_file()


def delete_pictures(record: models.Bundle) -> None:
    """Delete all pictures of a bundle's maps, and what was worked out for them."""
    shutil.rmtree(settings.STIMULI_ROOT / _folder(record.salt), ignore_errors=True)
    shutil.rmtree(worked_out(record), ignore_errors=True)


def measured(record: models.Bundle, node: Heatmap, display: Display) -> Measures:
    """Return what the audit judges a map's picture by; pictures of one image are best asked for one after the other."""
    bundle = reader(record)
    photograph = _small(record.folder, record.sha256, node.image_id, record)
    end = _scale(record, node, display, _study_scales)
    return measure(photograph, bundle.saliency(node), display, reference=node.reference, scale=end)


def worked_out(record: models.Bundle) -> Path:
    """Return the folder of what is worked out for a bundle's maps once: their scales, audits of studies."""
    return settings.BUNDLES_ROOT.with_name("scales") / record.folder


def _name(record: models.Bundle, node: Heatmap, display: Display, rendering: Rendering) -> str:
    return _known_name(record.salt, node.key, display, rendering.renderer, _side_px(record, node, rendering))


@lru_cache(maxsize=50_000)
def _known_name(salt: str, key: tuple, display: Display, renderer: int, side_px: int) -> str:
    # Pictures as large as their photographs have the names that they had before others could be larger.
    larger = [side_px] if side_px else []
    known = json.dumps([renderer, key, display.described(), *larger], sort_keys=True)
    return f"{_folder(salt)}/{_keyed(salt, known)[:32]}.webp"


def _side_px(record: models.Bundle, node: Heatmap, rendering: Rendering) -> int:
    """Return the longer side to which a map's picture is drawn; 0 where its photograph has as many pixels."""
    image = reader(record).images[node.image_id]
    return rendering.side_px if max(int(image["width"]), int(image["height"])) < rendering.side_px else 0


def _folder(salt: str) -> str:
    return _keyed(salt, "pictures of heatmaps")[:16]


def _keyed(salt: str, text: str) -> str:
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()


def _drawn(record: models.Bundle, node: Heatmap, display: Display, side_px: int) -> bytes:
    bundle = reader(record)
    photograph = _photograph(record.folder, record.sha256, node.image_id, record, side_px)
    end = _scale(record, node, display, _study_scales)
    return _encoded(picture(photograph, bundle.saliency(node), display, reference=node.reference, scale=end))


def _encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=QUALITY, method=2)
    return buffer.getvalue()


@lru_cache(maxsize=4)
def _photograph(_folder: str, _sha256: str, image_id: str, record: models.Bundle, side_px: int) -> np.ndarray:
    """Return a photograph at the size of its pictures; those of one image are drawn one after the other."""
    photograph = reader(record).photograph(image_id)
    return _enlarged(photograph, side_px) if side_px else _within(photograph, LONGEST_SIDE_PX)


def _enlarged(photograph: np.ndarray, side_px: int) -> np.ndarray:
    height, width = photograph.shape[:2]
    factor = side_px / max(width, height)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(photograph).resize(size, Image.Resampling.BICUBIC))


@lru_cache(maxsize=64)
def _small_photograph(_folder: str, _sha256: str, image_id: str, record: models.Bundle) -> np.ndarray:
    return _within(reader(record).photograph(image_id), PREVIEW_PX)


def _within(photograph: np.ndarray, side_px: int) -> np.ndarray:
    if max(photograph.shape) <= side_px:
        return photograph
    small = Image.fromarray(photograph)
    small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return np.asarray(small)


@lru_cache(maxsize=4)
def _small(_folder: str, _sha256: str, image_id: str, record: models.Bundle) -> np.ndarray:
    return small(reader(record).photograph(image_id))


Scales = Callable[[models.Bundle, str, Display], dict[str, float]]


def _scale(record: models.Bundle, node: Heatmap, display: Display, study_scales: Scales) -> float | None:
    bundle = reader(record)
    if display.scale == "map" or display.style in BY_RANK:
        return None
    if display.scale == "image":
        return scales.scale_of(bundle, node, display)
    return study_scales(record, node.method, display).get(scales.group_of(bundle, node))


def _rough_scales(record: models.Bundle, method: str, display: Display) -> dict[str, float]:
    """Return about what `_study_scales` does, while somebody waits."""
    shape = Display(floor=display.floor, sign=display.sign, smoothing=display.smoothing, percentile=display.percentile)
    return _roughly(record.folder, record.sha256, record, method, shape)


@lru_cache(maxsize=256)
def _roughly(_folder: str, _sha256: str, record: models.Bundle, method: str, display: Display) -> dict[str, float]:
    return scales.rough_scales(_sketches(record.folder, record.sha256, record, method), display)


@lru_cache(maxsize=32)
def _sketches(_folder: str, _sha256: str, record: models.Bundle, method: str) -> dict[str, list[scales.Sketch]]:
    return scales.sketches(reader(record), method)


def _study_scales(record: models.Bundle, method: str, display: Display) -> dict[str, float]:
    """Return the scales of a method's maps: worked out once, as bundles never change, and kept beside the bundle."""
    shapes = (display.floor, display.sign, display.smoothing, display.percentile)
    name = hashlib.sha256(json.dumps([RENDERER, method, *shapes]).encode()).hexdigest()[:32]
    path = worked_out(record) / f"{name}.json"
    return _read_scales(path, record, method, display)


@lru_cache(maxsize=256)
def _read_scales(path: Path, record: models.Bundle, method: str, display: Display) -> dict[str, float]:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        found = scales.study_scales(reader(record), method, display)
        write(path, json.dumps(found).encode())
        return found


def write(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whoever else writes it now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".drawing-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.chmod(scratch, 0o644)  # a web server may serve it
    os.replace(scratch, path)
