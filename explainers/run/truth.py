"""What is known of where things are in the photographs: true regions and part points, as the model sees them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from explainers.bundles.bundle import write_atomically, write_table
from explainers.datasets import BOX, Parts, cut_points, open_picture, true_regions
from explainers.run.job import Job


def write_masks(job: Job, new: Path) -> None:
    """Write the true regions of what the model saw, as `score` reads them: PNG, 255 where true."""
    model = job.config.model
    for name, photograph in job.photographs.items():
        if photograph.mask is None:
            continue
        regions = true_regions(photograph, job.classes, model.resize, model.height_width)
        for target, region in regions.items():
            suffix = "" if target is None else f"-{target}"
            buffer = io.BytesIO()
            Image.fromarray(region.astype(np.uint8) * 255).save(buffer, "PNG")
            write_atomically(new / "masks" / f"{name}{suffix}.png", buffer.getvalue())


def write_parts(job: Job, new: Path) -> None:
    """Write where the parts that can be seen, and the object's box, are in what the model saw."""
    rows = []
    for name, photograph in job.photographs.items():
        if photograph.parts is not None and photograph.parts.points:
            points, box = _seen_parts(job, photograph.path, photograph.parts)
            rows += [{"image_id": name, "part": part, "x": x, "y": y} | box for part, (x, y) in points.items()]
    if rows:
        write_table(new / "parts.csv", rows)


def _seen_parts(job: Job, path: Path, parts: Parts) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Return the part points and the box in pixels of the model's input; a box's edges lie between pixels."""
    model, (left, top, right, bottom) = job.config.model, parts.box
    corners = [(left - 0.5, top - 0.5), (right - 0.5, bottom - 0.5)]
    size = open_picture(path).size
    points = np.array([*corners, *parts.points.values()])
    places = cut_points(points, size, model.resize, model.height_width).round(2)
    edges = (places[:2] + 0.5).ravel().tolist()
    return dict(zip(parts.points, places[2:].tolist(), strict=True)), dict(zip(BOX, edges, strict=True))
