"""Maps as other tools leave them: .npy, .npz, grey PNG or TIFF, found by the names of photograph and class."""

import csv
import zipfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from explainers.errors import UserError
from explainers.importing.settings import Method, Settings

SUFFIXES = (".npy", ".npz", ".png", ".tif", ".tiff")
_WHITE = {"L": 255, "I;16": 65535, "I;16B": 65535}
MOST_PIXELS, LARGEST = 50_000_000, 1e30

Read: TypeAlias = Callable[[], np.ndarray]
"""Reads a map (H, W), float32."""

Maps: TypeAlias = dict[tuple[str, int], Read]
"""By photograph and class index."""


def find_maps(method: Method, images: list[str], classes: list[str], settings: Settings) -> tuple[Maps, list[str]]:
    """Return how to read each map (H, W), float32, by photograph (its path in the folder) and class index.

    A file in a folder, or an array in a .npz, is called `PHOTOGRAPH-CLASS` or `PHOTOGRAPH/CLASS`: the photograph
    without its suffix, the class by name or, where no class is called so, by index. A CSV has the columns `file`,
    `class` and `map`. With them come the names of those that are of no photograph and class.
    """
    if method.maps.suffix == ".csv":
        return _listed(method, images, classes, settings), []
    if method.maps.suffix == ".npz":
        readers = {name: _from_npz(method.maps, name) for name in _names_in(method.maps)}
    elif method.maps.is_dir():
        paths = [path for path in sorted(method.maps.rglob("*")) if path.suffix.lower() in SUFFIXES]
        readers = {path.relative_to(method.maps).with_suffix("").as_posix(): _from_file(path, method) for path in paths}
    else:
        raise UserError(f"{method.maps}: expected a folder of maps, a .csv that lists them, or a .npz with all.")
    maps, names = Maps(), dict[str, tuple[str, int]]()
    for image, index in product(images, range(len(classes))):
        there = [name for name in _called(image, index, classes) if name in readers]
        for name in there:
            if name in names:
                other = names[name]
                raise UserError(
                    f"{method.maps}: {name} could be of {other[0]} and {classes[other[1]]!r}, or of {image} and "
                    f"{classes[index]!r}; a .csv that lists the maps tells them apart."
                )
            names[name] = image, index
        if len(there) > 1:
            raise UserError(f"{method.maps}: {there[0]} and {there[1]} are both of {image} and {classes[index]!r}.")
        if there:
            maps[image, index] = readers[there[0]]
    if not maps:
        first = next(iter(readers), "nothing")
        raise UserError(
            f"{method.maps}: no map is called as a photograph and a class are, as "
            f"{Path(images[0]).with_suffix('')}-{classes[0]}; found {first}."
        )
    return maps, [name for name in readers if name not in names]


def _called(image: str, index: int, classes: list[str]) -> list[str]:
    """Return what a map of this photograph and class may be called."""
    stem, number = Path(image).with_suffix("").as_posix(), str(index)
    of_class = [classes[index], *([] if number in classes else [number])]
    return [f"{stem}{between}{one}" for between in "-/" for one in of_class]


def _listed(method: Method, images: list[str], classes: list[str], settings: Settings) -> Maps:
    known = set(images)
    maps: Maps = {}
    try:
        with open(method.maps, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                where = f"{method.maps}, row {reader.line_num}"
                if None in (row.get("file"), row.get("class"), row.get("map")):
                    raise UserError(f"{where}: expected the columns file, class and map, found {', '.join(row)}.")
                if row["file"] not in known:
                    raise UserError(f"{where}: file: there is no photograph {row['file']!r}.")
                key = row["file"], class_index(row["class"], classes, where)
                if key in maps:
                    raise UserError(f"{where}: there are two maps of {row['file']} and {row['class']!r}.")
                settings.require_inside(method.maps.parent / row["map"], where)
                maps[key] = _from_file(method.maps.parent / row["map"], method)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{method.maps}: expected a CSV with the columns file, class and map ({error}).") from None
    if not maps:
        raise UserError(f"{method.maps}: lists no map.")
    return maps


def class_index(value: str, classes: list[str], where: str) -> int:
    """Return a class's index, given by its name or as a number."""
    if value in classes:
        return classes.index(value)
    if value.isdecimal() and int(value) < len(classes):
        return int(value)
    raise UserError(f"{where}: class: expected one of {len(classes)} classes, by name or index, found {value!r}.")


def _names_in(path: Path) -> list[str]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return list(stored.files)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: cannot be read as .npz ({error}).") from None


def _from_npz(path: Path, name: str) -> Read:
    def read() -> np.ndarray:
        try:
            with np.load(path, allow_pickle=False) as stored:
                _require_modest(path)
                return _checked(stored[name], f"{path}: {name}")
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise UserError(f"{path}: {name}: cannot be read ({error}).") from None

    return read


def _from_file(path: Path, method: Method) -> Read:
    def read() -> np.ndarray:
        try:
            if path.suffix.lower() == ".npy":
                return _checked(np.load(path, allow_pickle=False), path)
            if path.suffix.lower() == ".npz":
                _require_modest(path)
                with np.load(path, allow_pickle=False) as stored:
                    if len(stored.files) != 1:
                        raise UserError(f"{path}: expected one array, found {', '.join(stored.files) or 'none'}.")
                    return _checked(stored[stored.files[0]], path)
            return _checked(_grey(path, method), path)
        except UserError:
            raise
        except Exception as error:  # readers of pictures and arrays raise whatever a damaged file leads them to
            raise UserError(f"{path}: cannot be read as a map ({error}).") from None

    return read


def _require_modest(path: Path) -> None:
    """Raise where an array in a .npz is larger than any map: what is packed well would fill the memory."""
    with zipfile.ZipFile(path) as packed:
        if large := [one.filename for one in packed.infolist() if one.file_size > MOST_PIXELS * 8 + 10_000]:
            raise UserError(f"{path}: {large[0]}: expected a map of at most {MOST_PIXELS:,} numbers.")


def _grey(path: Path, method: Method) -> np.ndarray:
    with Image.open(path, formats=("PNG", "TIFF")) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise UserError(
                f"{path}: expected at most {MOST_PIXELS:,} pixels, found {picture.width} × {picture.height}."
            )
        if picture.mode == "F":
            return np.asarray(picture)
        if picture.mode not in _WHITE:
            raise UserError(f"{path}: expected a grey picture, found the mode {picture.mode}.")
        share = np.asarray(picture, np.float64) / _WHITE[picture.mode]
    return method.low + share * (method.high - method.low)


def _checked(array: np.ndarray, where: object) -> np.ndarray:
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise UserError(f"{where}: expected numbers, found {array.dtype}.")
    map_ = np.squeeze(array) if array.ndim > 2 else array
    if map_.ndim != 2 or not 1 <= map_.size <= MOST_PIXELS:
        raise UserError(f"{where}: expected one map (H, W), found shape {array.shape}; sum or pick its channels first.")
    if not float(np.abs(map_).max()) <= LARGEST:
        raise UserError(f"{where}: expected finite numbers of magnitude up to {LARGEST:g}.")
    return map_.astype(np.float32)
