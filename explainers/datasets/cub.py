"""Caltech-UCSD Birds 200-2011 in its own layout: photographs, classes, split, bounding boxes and part points.

Wah, Branson, Welinder, Perona, Belongie 2011. The folder is the archive's `CUB_200_2011`, with `images.txt`,
`classes.txt`, `image_class_labels.txt`, `train_test_split.txt`, `bounding_boxes.txt`, `parts/parts.txt` and
`parts/part_locs.txt`; https://www.vision.caltech.edu/datasets/cub_200_2011/ has it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from explainers.datasets.parts import Parts
from explainers.datasets.photograph import Photograph
from explainers.errors import UserError

SOURCE = (
    "Expected the folder CUB_200_2011 of the archive CUB_200_2011.tgz: download it from "
    "https://www.vision.caltech.edu/datasets/cub_200_2011/ and unpack it."
)


T = TypeVar("T")


@dataclass(frozen=True)
class Annotation:
    """A bird's bounding `box` (left, top, right, bottom) and its part `points` (P, 2) as (x, y), NaN where not visible.

    In pixels of the photograph, rows in the order of `part_names`.
    """

    box: tuple[float, float, float, float]
    points: np.ndarray


def photographs(folder: Path, classes: list[str]) -> list[Photograph]:
    """Return the photographs of the classes that the model has, with their split, "train" or "test", and their parts.

    A class is found by its name ("001.Black_footed_Albatross"), or by its number where the model has as many classes.
    """
    names = _pairs(folder / "classes.txt")
    by_number = len(classes) == len(names)
    index = {
        number: classes.index(name) if name in classes else int(number) - 1
        for number, name in names.items()
        if name in classes or by_number
    }
    if not index:
        raise UserError(f"{folder / 'classes.txt'}: none of its classes is the model's, such as {classes[0]!r}.")
    labels, split = _pairs(folder / "image_class_labels.txt"), _pairs(folder / "train_test_split.txt")
    read = []
    for number, source in _pairs(folder / "images.txt").items():
        label = _of(labels, number, folder / "image_class_labels.txt")
        if label in index:
            part = "train" if _of(split, number, folder / "train_test_split.txt") == "1" else "test"
            read.append(Photograph(folder / "images" / source, source, (index[label],), part))
    return _with_parts(folder, read) if (folder / "parts" / "part_locs.txt").is_file() else read


def _with_parts(folder: Path, found: list[Photograph]) -> list[Photograph]:
    names, known = part_names(folder), annotations(folder)
    return [replace(photo, parts=_seen(known[photo.source], names)) for photo in found]


def _seen(annotation: Annotation, names: list[str]) -> Parts:
    points = {name: tuple(xy) for name, xy in zip(names, annotation.points.tolist(), strict=True) if xy[0] == xy[0]}
    return Parts(annotation.box, points)


def part_names(folder: Path) -> list[str]:
    """Return the fifteen parts' names in the order of their numbers."""
    return list(_pairs(folder / "parts" / "parts.txt").values())


def annotations(folder: Path) -> dict[str, Annotation]:
    """Return each photograph's bounding box and part points, by its name as `photographs` calls it."""
    sources, n_parts = _pairs(folder / "images.txt"), len(part_names(folder))
    path = folder / "parts" / "part_locs.txt"
    points = {number: np.full((n_parts, 2), np.nan) for number in sources}
    for line, (number, part, x, y, visible) in _rows(path, 5):
        if number not in points or not 1 <= int(part) <= n_parts:
            raise UserError(f"{path}, line {line}: there is no image {number} or no part {part}.")
        if visible == "1":
            points[number][int(part) - 1] = float(x), float(y)
    boxes = {}
    for _line, (number, x, y, width, height) in _rows(folder / "bounding_boxes.txt", 5):
        boxes[number] = (float(x), float(y), float(x) + float(width), float(y) + float(height))
    return {
        source: Annotation(_of(boxes, number, folder / "bounding_boxes.txt"), points[number])
        for number, source in sources.items()
    }


def _of(values: Mapping[str, T], number: str, path: Path) -> T:
    if number not in values:
        raise UserError(f"{path}: image {number} is missing.")
    return values[number]


def _pairs(path: Path) -> dict[str, str]:
    """Return {number: rest of the line} in the file's order."""
    return {number: rest for _line, (number, rest) in _rows(path, 2)}


def _rows(path: Path, n_columns: int) -> Iterator[tuple[int, list[str]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}. {SOURCE}") from None
    for number, line in enumerate(lines, 1):
        fields = line.split(maxsplit=n_columns - 1)
        if len(fields) == n_columns:
            yield number, fields
        elif fields:
            raise UserError(f"{path}, line {number}: expected {n_columns} columns, found {line!r}.")
