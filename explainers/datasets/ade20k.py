"""ADE20K in its two layouts: scenes, their categories, and which object every pixel shows.

Zhou, Zhao, Puig, Fidler, Barriuso, Torralba 2017, "Scene Parsing through ADE20K Dataset", CVPR.

* The scene parsing benchmark, `ADEChallengeData2016` (http://sceneparsing.csail.mit.edu): `images/<split>/*.jpg`,
  `annotations/<split>/*.png` with object numbers 1 … 150 (0 is none), `sceneCategories.txt`, `objectInfo150.txt`.
  Pictures and annotations may also lie side by side in one folder.
* The full data set, such as `ADE20K_2021_17_01` (https://groups.csail.mit.edu/vision/datasets/ADE20K):
  `*_seg.png` beside each `*.jpg`, object number = red // 10 · 256 + green; the scene's category is its folder.
"""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from explainers.datasets.photograph import Photograph, called_like
from explainers.errors import UserError

SOURCE = (
    "Download ADEChallengeData2016.zip from http://sceneparsing.csail.mit.edu, or the full data set from "
    "https://groups.csail.mit.edu/vision/datasets/ADE20K (after registration), unpack it, and name its folder."
)
_SPLITS = {"training": "train", "validation": "test"}
_OBJECT_LISTS = {"objectInfo150.txt": "\t", "objectInfo150.csv": ","}
_FULL = "_seg"  # how the full data set's annotations end


def photographs(folder: Path, classes: list[str]) -> list[Photograph]:
    """Return the scenes, those of another category than the model's classes without a label, "train" or "test"."""
    categories, objects = _scene_categories(folder), tuple(object_names(folder)) if _object_list(folder) else ()
    found = []
    for path in sorted(called_like(folder, (".jpg",))):
        category = categories.get(path.stem, path.parent.name).replace("/", "_")
        label = (classes.index(category),) if category in classes else None
        split = next((_SPLITS[part] for part in path.relative_to(folder).parts if part in _SPLITS), "")
        source = path.relative_to(folder).as_posix()
        mask = next((file for file in _annotations_of(path) if file.is_file()), None)
        found.append(Photograph(path, source, label, split, mask, objects))
    if not found:
        expected = "expected the folder ADEChallengeData2016 or the full data set's"
        raise UserError(f"{folder}: holds no *.jpg; {expected}. {SOURCE}")
    return found


def regions(picture: Path) -> np.ndarray:
    """Return the object number of every pixel (H, W) of the photograph at this path, uint16; 0 where there is none."""
    paths = _annotations_of(picture)
    for path in paths:
        if path.is_file():
            return object_numbers(path)
    raise UserError(f"{picture}: has no annotation; expected {' or '.join(map(str, paths[1:]))}.")


def object_numbers(annotation: Path) -> np.ndarray:
    """Return the object number of every pixel (H, W) of an annotation in either layout, uint16; 0 for none."""
    pixels = _pixels(annotation).astype(np.uint16)
    if pixels.ndim == 2:
        return pixels
    if not annotation.stem.endswith(_FULL):
        raise UserError(f"{annotation}: expected one object number per pixel, found {pixels.shape[-1]} channels.")
    return pixels[..., 0] // 10 * 256 + pixels[..., 1]


def object_names(folder: Path) -> list[str]:
    """Return the benchmark's 150 objects in the order of their numbers, synonyms separated by ";"."""
    path = _object_list(folder)
    if path is None:
        raise UserError(f"{folder}: there is no objectInfo150.txt.")
    separator = _OBJECT_LISTS[path.name]
    rows = [line.split(separator) for line in path.read_text(encoding="utf-8-sig").splitlines()[1:] if line.strip()]
    return [separator.join(row[5:]).strip().replace(", ", ";") for row in rows]


def _object_list(folder: Path) -> Path | None:
    return next((folder / name for name in _OBJECT_LISTS if (folder / name).is_file()), None)


def _annotations_of(picture: Path) -> list[Path]:
    """Return where a photograph's annotation may be: the full data set's, one beside it, the benchmark's."""
    paths = [picture.with_name(f"{picture.stem}{_FULL}.png"), picture.with_suffix(".png")]
    if "images" in picture.parts:
        at = len(picture.parts) - 1 - picture.parts[::-1].index("images")
        paths.append(Path(*picture.parts[:at], "annotations", *picture.parts[at + 1 :]).with_suffix(".png"))
    return paths


def _pixels(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as opened:
            return np.array(opened)
    except (OSError, UnidentifiedImageError) as error:
        raise UserError(f"{path}: cannot be read as a picture ({error}).") from None


def _scene_categories(folder: Path) -> dict[str, str]:
    """Return {picture: category} of the benchmark; of the full data set nothing, its folders tell."""
    path = folder / "sceneCategories.txt"
    if not path.is_file():
        return {}
    lines = [line.split() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    for number, fields in enumerate(lines, 1):
        if len(fields) != 2:
            raise UserError(f"{path}, line {number}: expected a picture and its category, found {' '.join(fields)!r}.")
    return dict(lines)
