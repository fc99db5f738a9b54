"""List the photographs that a configuration names, whatever the layout they lie in."""

from dataclasses import replace
from pathlib import Path

from explainers.datasets import ade20k, cub, folder, imagenet, imagenet50, voc
from explainers.datasets.parts import read_parts
from explainers.datasets.photograph import Photograph
from explainers.errors import UserError, near

LAYOUTS = {
    "cub": cub,
    "ade20k": ade20k,
    "voc": voc,
    "imagenet_val": imagenet,
    "imagenet50": imagenet50,
}


def list_photographs(
    root: Path, labels: str | None, base: Path, classes: list[str], multilabel: bool, layout: str | None = None
) -> list[Photograph]:
    """Return the photographs below the folder `root`, sorted by name, with their labels.

    `layout` names a data set that has its labels in files of its own; without it `labels` says where they are, a CSV's
    path beginning at `base`.
    """
    if layout is not None and layout not in LAYOUTS:
        raise UserError(f"[images] dataset: there is no layout {layout!r}.{near(layout, LAYOUTS)}")
    if not root.is_dir():
        source = f" {LAYOUTS[layout].SOURCE}" if layout else ""
        raise UserError(f"[images] folder: {root} is not a folder.{source}")
    if layout is None:
        found = folder.photographs(root, labels, base, classes, multilabel)
    elif labels is not None:
        raise UserError(f"[images] labels: the data set {layout!r} has labels of its own; leave them out.")
    else:
        found = LAYOUTS[layout].photographs(root, classes)
    return sorted(found, key=lambda photograph: photograph.source)


def with_parts(photographs: list[Photograph], path: Path) -> list[Photograph]:
    """Give each photograph the parts that a CSV has of it."""
    by_source = read_parts(path)
    known = {photograph.source for photograph in photographs}
    if not known & by_source.keys():
        raise UserError(f"[images] parts: {path} names no photograph, such as {min(known)}.")
    return [replace(photo, parts=by_source.get(photo.source, photo.parts)) for photo in photographs]
