"""Maps as other tools leave them: .npy, .npz, grey PNG or TIFF, found by the names of photograph and class."""

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from explainers.errors import UserError
from explainers.importing.settings import Method

SUFFIXES = (".npy", ".npz", ".png", ".tif", ".tiff")
_WHITE = {"L": 255, "I;16": 65535, "I;16B": 65535}
MOST_PIXELS, LARGEST = 50_000_000, 1e30


def find_maps(method: Method, images: list[str], classes: list[str]) -> dict[tuple[str, int], Callable[[], np.ndarray]]:
    """Return how to read each map (H, W), float32, by photograph (its path in the folder) and class index.

    A file in a folder, or an array in a .npz, is called `PHOTOGRAPH-CLASS` or `PHOTOGRAPH/CLASS`: the photograph
    without its suffix, the class by name or index. A CSV has the columns `file`, `class` and `map`.
    """
    if method.maps.suffix == ".csv":
        return _listed(method, images, classes)
    if method.maps.suffix == ".npz":
        found = {name: _from_npz(method.maps, name) for name in _names_in(method.maps)}
    elif method.maps.is_dir():
        paths = [path for path in sorted(method.maps.rglob("*")) if path.suffix.lower() in SUFFIXES]
        found = {path.relative_to(method.maps).with_suffix("").as_posix(): _from_file(path, method) for path in paths}
    else:
        raise UserError(f"{method.maps}: expected a folder of maps, a .csv that lists them, or a .npz with all.")
    maps = {}
    for image in images:
        stem = Path(image).with_suffix("").as_posix()
        for index, name in enumerate(classes):
            called = [f"{stem}{between}{one}" for between in "-/" for one in (name, index)]
            there = [one for one in called if one in found]
            if len(there) > 1:
                raise UserError(f"{method.maps}: {there[0]} and {there[1]} are both of {image} and {name!r}.")
            if there:
                maps[image, index] = found[there[0]]
    if not maps:
        first = next(iter(found), "nothing")
        raise UserError(
            f"{method.maps}: no map is called as a photograph and a class are, as "
            f"{Path(images[0]).with_suffix('')}-{classes[0]}; found {first}."
        )
    return maps


def _listed(method, images, classes):
    known, maps = set(images), {}
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


def _names_in(path):
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored.files
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: cannot be read as .npz ({error}).") from None


def _from_npz(path, name):
    def read():
        try:
            with np.load(path, allow_pickle=False) as stored:
                return _checked(stored[name], f"{path}: {name}")
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise UserError(f"{path}: {name}: cannot be read ({error}).") from None

    return read


def _from_file(path: Path, method: Method):
    def read():
        try:
            if path.suffix.lower() == ".npy":
                return _checked(np.load(path, allow_pickle=False), path)
            if path.suffix.lower() == ".npz":
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


def _grey(path, method):
    with Image.open(path, formats=("PNG", "TIFF")) as picture:
        if picture.mode == "F":
            return np.asarray(picture)
        if picture.mode not in _WHITE:
            raise UserError(f"{path}: expected a grey picture, found the mode {picture.mode}.")
        share = np.asarray(picture, np.float64) / _WHITE[picture.mode]
    return method.low + share * (method.high - method.low)


def _checked(array, where):
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise UserError(f"{where}: expected numbers, found {array.dtype}.")
    map_ = np.squeeze(array) if array.ndim > 2 else array
    if map_.ndim != 2 or not 1 <= map_.size <= MOST_PIXELS:
        raise UserError(f"{where}: expected one map (H, W), found shape {array.shape}; sum or pick its channels first.")
    if not float(np.abs(map_).max()) <= LARGEST:
        raise UserError(f"{where}: expected finite numbers of magnitude up to {LARGEST:g}.")
    return map_.astype(np.float32)
