"""Where a bundle's images have their parts: cells of part points, or true regions, as weights of the pixels.

Parts are the bundle's `parts.csv` (Voronoi cells in the box, and the context), else the true regions: one for each
class that has any; where none is told apart, inside and outside.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image

from explainers.bundles.bundle import read_table
from explainers.datasets import BOX
from explainers.maps.parts import voronoi_weights

Weights: TypeAlias = dict[str, Callable[[], torch.Tensor]]  # by image, each made when it is asked for


def parts_of(folder: Path, manifest: dict[str, Any], masks: Mapping[str, Path], size: tuple[int, int]) -> Weights:
    """Return of each image whose parts are known a function that gives their weights (P, H, W)."""
    if "parts.csv" in manifest["files"]:
        return _cells(read_table(folder, "parts"), size)
    return _regions(masks, size)


def _cells(rows: list[dict[str, str]], size: tuple[int, int]) -> Weights:
    names = list(dict.fromkeys(row["part"] for row in rows))
    by_image = defaultdict(list)
    for row in rows:
        by_image[row["image_id"]].append(row)

    def weights(of_image: list[dict[str, str]]) -> torch.Tensor:
        points = torch.full((len(names), 2), torch.nan)
        for row in of_image:
            points[names.index(row["part"])] = torch.tensor([float(row["x"]), float(row["y"])])
        return voronoi_weights(points, [float(of_image[0][edge]) for edge in BOX], size)

    return {image_id: partial(weights, of_image) for image_id, of_image in by_image.items()}


def _regions(masks: Mapping[str, Path], size: tuple[int, int]) -> Weights:
    classes = sorted({name.split("-", 1)[1] for name in masks if "-" in name})

    def region(name: str) -> torch.Tensor:
        if name not in masks:
            return torch.zeros(size)
        picture = Image.open(masks[name]).convert("I").resize(size[::-1], Image.Resampling.NEAREST)
        return torch.from_numpy(np.array(picture) > 0).float()

    def weights(image_id: str) -> torch.Tensor:
        if classes:
            return torch.stack([region(f"{image_id}-{name}") for name in classes])
        inside = region(image_id)
        return torch.stack([inside, 1 - inside])

    images = sorted({name.split("-", 1)[0] for name in masks})
    return {image_id: partial(weights, image_id) for image_id in images}
