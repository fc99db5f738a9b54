"""Photographs on disk and their labels: a plain folder, one folder per class, or a CSV; no PyTorch here.

The labels' CSV is UTF-8 with a header. One label per image: columns `file,label`, the label a class name or index.
Several: column `file` and one column per class, 1 or 0 in it. `file` is relative to the folder of photographs. In
both an optional column `split` is carried into the bundle. Photographs that the CSV does not list are left out.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from explainers.errors import UserError, near

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")


@dataclass(frozen=True)
class Photograph:
    """A picture file; `labels` are class indices, None when the truth is not known."""

    path: Path
    source: str
    labels: tuple[int, ...] | None = None
    split: str = ""


def list_photographs(folder: Path, labels: str | None, base: Path, classes: list[str], multilabel: bool):
    """Return the photographs below `folder`, sorted by name, with their labels. `base`: where a CSV's path starts."""
    if not folder.is_dir():
        raise UserError(f"[images] folder: {folder} is not a folder.")
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES}
    if labels is None:
        photographs = [Photograph(path, source) for source, path in found.items()]
    elif labels == "folders":
        photographs = [_by_folder(path, source, classes) for source, path in found.items()]
    else:
        photographs = list(_by_csv(base / labels, found, classes, multilabel))
    if not photographs:
        raise UserError(f"[images] folder: {folder} holds no pictures ({', '.join(SUFFIXES)}).")
    return sorted(photographs, key=lambda photograph: photograph.source)


def class_index(label: str, classes: list[str], where: str) -> int:
    """Return the index of a class given by name or by index."""
    if label in classes:
        return classes.index(label)
    if str(label).isdigit() and int(label) < len(classes):
        return int(label)
    raise UserError(f"{where}: there is no class {label!r}.{near(label, classes)}")


def _by_folder(path, source, classes):
    if "/" not in source:
        raise UserError(f'[images] labels = "folders": {source} lies in no class\'s folder.')
    name = source.split("/")[0]
    return Photograph(path, source, (class_index(name, classes, f"[images] folder {name}"),))


def _by_csv(csv_path, found, classes, multilabel):
    try:
        with open(csv_path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"[images] labels: cannot read {csv_path}: {error}.") from None
    wanted = ["file", *(classes if multilabel else ["label"])]
    for column in wanted:
        if column not in columns:
            raise UserError(f"{csv_path}: column {column!r} is missing; expected {', '.join(wanted[:6])}.")
    for column in columns:
        if column not in (*wanted, "split"):
            raise UserError(f"{csv_path}: column {column!r} is not a class.{near(column, wanted)}")
    for number, row in enumerate(rows, 2):
        where = f"{csv_path}, line {number}"
        if row["file"] not in found:
            raise UserError(f"{where}: there is no picture {row['file']!r}.{near(row['file'], found)}")
        read = _several if multilabel else _single
        yield Photograph(found[row["file"]], row["file"], read(row, classes, where), row.get("split") or "")


def _single(row, classes, where):
    return None if not row["label"] else (class_index(row["label"], classes, where),)


def _several(row, classes, where):
    for name in classes:
        if row[name] not in ("0", "1"):
            raise UserError(f"{where}, column {name}: expected 0 or 1, found {row[name]!r}.")
    return tuple(index for index, name in enumerate(classes) if row[name] == "1")


def open_picture(path: Path) -> Image.Image:
    """Return the picture upright and in RGB (transparent parts white); UserError when it cannot be read."""
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
                picture = _stretched(picture)
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                picture = picture.convert("RGBA")
                ground = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(ground, picture)
            return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path.name}: cannot be read as a picture ({error}).") from None


def _stretched(picture):
    values = np.asarray(picture, dtype=np.float64)
    span = values.max() - values.min()
    return Image.fromarray(np.uint8(np.round((values - values.min()) / (span or 1) * 255)))


def cut_out(picture: Image.Image, resize: int | None, height_width, out_height_width=None) -> Image.Image:
    """Return what the model sees: shorter side to `resize` (default: the size / 0.875), then the centre.

    As torchvision's Resize and CenterCrop; an input that is not square is covered the same way. With
    `out_height_width` the same part of the picture at that size, for people to look at.
    """
    height, width = height_width
    margin = (resize or round(min(height, width) / 0.875)) / min(height, width)
    scale = max(width * margin / picture.width, height * margin / picture.height)
    resized = tuple(int(side * scale + 1e-6) for side in picture.size)
    if out_height_width is None:
        left, top = round((resized[0] - width) / 2), round((resized[1] - height) / 2)
        return picture.resize(resized, Image.Resampling.BILINEAR).crop((left, top, left + width, top + height))
    half_width, half_height = width / scale / 2, height / scale / 2
    x, y = picture.width / 2, picture.height / 2
    box = (max(x - half_width, 0), max(y - half_height, 0))
    box += (min(x + half_width, picture.width), min(y + half_height, picture.height))
    return picture.resize(out_height_width[::-1], Image.Resampling.LANCZOS, box=box)
