"""How a bundle stores raw maps: as .npy at half precision, or as a grey PNG, smaller and what other tools can write.

No colours: how maps look is the choice of the study that shows them.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FORMATS = {"npy": ".npy", "png8": ".png", "png16": ".png"}


def stored(saliency: np.ndarray, form: str) -> tuple[bytes, dict[str, float | None]]:
    """Return a map (H, W) as the file's content, and what its row of nodes.csv says: `scale`, or `low` and `high`.

    `npy`: float16 of map / scale, since plain float16 loses small and large values. `png8`, `png16`: grey from the
    map's lowest value (black) to its highest (white).
    """
    buffer = io.BytesIO()
    if form == "npy":
        scale = float(np.abs(saliency).max()) or 1.0
        np.save(buffer, (saliency / scale).astype(np.float16))
        return buffer.getvalue(), {"scale": scale, "low": None, "high": None}
    low, high = float(saliency.min()), float(saliency.max())
    share = (saliency.astype(np.float64) - low) / ((high - low) or 1.0)
    white, kind = (255, np.uint8) if form == "png8" else (65535, np.uint16)
    Image.fromarray(np.round(share * white).astype(kind)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue(), {"scale": None, "low": low, "high": high}


def is_flat(saliency: np.ndarray) -> bool:
    """Return whether a map has one value all over, so that it shows nothing."""
    return bool(saliency.min() == saliency.max())


def say_flat(method: str, flat: list[str], n_maps: int) -> list[str]:
    """Return what there is to say of a method's flat maps, those of these photographs: one sentence, or none."""
    what = f"{method}: {len(flat)} of {n_maps} maps have one value all over and show nothing"
    return [f"{what}, such as that of {flat[0]}."] if flat else []


def read_map(folder: Path, node: Mapping[str, Any]) -> np.ndarray:
    """Return the raw map, float32 (H, W), of a row of nodes.csv, whose cells are text."""
    path = Path(folder) / node["map_file"]
    if path.suffix == ".npy":
        shares: np.ndarray = np.load(path, allow_pickle=False)
        return shares.astype(np.float32) * np.float32(node["scale"])
    with Image.open(path) as picture:
        share = np.asarray(picture, np.float64) / (255 if picture.mode == "L" else 65535)
    low, high = float(node["low"]), float(node["high"])
    return (low + share * (high - low)).astype(np.float32)


def keeps_whole_maps(manifest: Mapping[str, Any]) -> bool:
    """Return whether a bundle has its maps as they were made, neither reduced nor rounded to 256 steps."""
    kept = manifest.get("maps", {})
    return kept.get("size") is None and kept.get("format") != "png8"


def reduced(saliency: np.ndarray, shorter: int | None) -> np.ndarray:
    """Return a map (H, W) with this shorter side, in float32; as it is where it isn't larger, or None is given."""
    if shorter is None or min(saliency.shape) <= shorter:
        return saliency
    factor = shorter / min(saliency.shape)
    size = round(saliency.shape[1] * factor), round(saliency.shape[0] * factor)
    return np.asarray(Image.fromarray(saliency.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))
