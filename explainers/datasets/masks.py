"""True regions: masks that people drew or a data set brings, as the model sees them."""

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, UnidentifiedImageError

from explainers.datasets.ade20k import object_numbers
from explainers.datasets.photograph import Photograph
from explainers.datasets.pictures import cut_out
from explainers.datasets.voc import CLASSES as VOC_CLASSES
from explainers.errors import UserError

Regions: TypeAlias = dict[int | str | None, np.ndarray]
"""Regions (H, W), bool, by what they show: a class's index, another object's name, or all objects (None)."""

_VOID = 255  # VOC's border between objects


def with_masks(photographs: list[Photograph], folder: Path) -> list[Photograph]:
    """Give each photograph the PNG of its name in the folder (`a/b.jpg`: `a/b.png` or `b.png`), where there is one."""
    if not folder.is_dir():
        raise UserError(f"[images] masks: {folder} is not a folder.")
    masked = []
    owners: dict[Path, Photograph] = {}
    for photograph in photographs:
        source = Path(photograph.source).with_suffix(".png")
        path = next((p for p in (folder / source, folder / source.name) if p.is_file()), None)
        if path is not None and owners.setdefault(path, photograph) is not photograph:
            raise UserError(
                f"[images] masks: {path} could be of {owners[path].source} or of {photograph.source}; put each "
                "mask into its photograph's folder, under its name."
            )
        masked.append(replace(photograph, mask=path, objects=None) if path else photograph)
    if not any(photograph.mask for photograph in masked):
        raise UserError(f"[images] masks: {folder} holds no PNG named like a photograph, such as {source}.")
    return masked


def true_regions(
    photograph: Photograph, classes: list[str], resize: int | None, height_width: tuple[int, int]
) -> Regions:
    """Return the regions (H, W), bool, that a photograph's mask tells apart: of all objects (None) and of single ones.

    An object is called by its index where it is one of the classes, else by its name. In a mask whose numbers have
    names every pixel is of some object, so there is no region of all.
    """
    if photograph.mask is None:
        return {}
    if photograph.objects is None:
        return _drawn(photograph.mask, classes, resize, height_width)
    pixels = object_numbers(photograph.mask)
    found: Regions = {}
    for number in np.unique(pixels[pixels > 0]).tolist():
        names = photograph.objects[number - 1].split(";") if number <= len(photograph.objects) else [f"object {number}"]
        known = next((classes.index(name) for name in names if name in classes), None)
        called = names[0].replace("/", "_") if known is None else known
        seen = _seen(pixels == number, resize, height_width)
        found[called] = seen | found[called] if called in found else seen
    return found


def _drawn(path: Path, classes: list[str], resize: int | None, height_width: tuple[int, int]) -> Regions:
    """Return the regions of a mask of its own.

    In a grey or colour mask pixels above 0 are true; those of one class may lie in `<name>-<class>.png` beside it. In a
    mask with VOC's palette a pixel's number is its class; 255 is the border, which belongs to none.
    """
    try:
        with Image.open(path) as opened:
            numbered, pixels = opened.mode == "P", np.array(opened)
    except (OSError, UnidentifiedImageError) as error:
        raise UserError(f"{path}: cannot be read as a mask ({error}).") from None
    if not numbered:
        above = pixels > 0 if pixels.ndim == 2 else np.asarray(pixels[..., :3].any(axis=-1))
        return {None: _seen(above, resize, height_width), **_beside(path, classes, resize, height_width)}
    regions: Regions = {None: _seen((pixels > 0) & (pixels != _VOID), resize, height_width)}
    for number, name in enumerate(VOC_CLASSES, 1):
        if name in classes and (pixels == number).any():
            regions[classes.index(name)] = _seen(pixels == number, resize, height_width)
    return regions


def _beside(path: Path, classes: list[str], resize: int | None, height_width: tuple[int, int]) -> Regions:
    paths = {index: path.with_name(f"{path.stem}-{name}.png") for index, name in enumerate(classes)}
    found = {index: _drawn(one, [], resize, height_width) for index, one in paths.items() if one.is_file()}
    return {index: regions[None] for index, regions in found.items()}


def _seen(region: np.ndarray, resize: int | None, height_width: tuple[int, int]) -> np.ndarray:
    picture = Image.fromarray(region.astype(np.uint8) * 255)
    return np.array(cut_out(picture, resize, height_width, resample=Image.Resampling.NEAREST)) > 0
