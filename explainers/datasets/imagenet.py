"""ImageNet's validation photographs (ILSVRC 2012) in the layouts they are kept in.

Russakovsky et al. 2015, "ImageNet Large Scale Visual Recognition Challenge", IJCV. Either one folder per synset
(`n01440764/ILSVRC2012_val_00000293.JPEG`), or all in one folder with a file of labels beside or above them:
`LOC_val_solution.csv` (Kaggle) or `imagenet_2012_validation_synset_labels.txt` (a synset per line, in the order of the
photographs). `LOC_synset_mapping.txt` or `imagenet_class_index.json` say which class a synset is; the thousand folders
tell it by themselves. Terms and archives: https://image-net.org/download.
"""

import csv
import json
from pathlib import Path

from explainers.datasets.photograph import Photograph, called_like
from explainers.errors import UserError

_SUFFIXES = (".jpeg", ".jpg")
SOURCE = (
    "Download ILSVRC2012_img_val.tar from https://image-net.org/download (free for research, after registration) and "
    "unpack it there."
)
_HOW = (
    "Put LOC_val_solution.csv and LOC_synset_mapping.txt beside the photographs, from "
    "https://www.kaggle.com/c/imagenet-object-localization-challenge, or sort them into one folder per synset."
)


def photographs(folder: Path, classes: list[str]) -> list[Photograph]:
    """Return the validation photographs with their class, whose index is its synset's place among the thousand."""
    pictures = sorted(called_like(folder, _SUFFIXES))
    if not pictures:
        raise UserError(f"[images] folder: {folder} holds no *.JPEG. {SOURCE}")
    by_folder = all(_is_synset(path.parent.name) for path in pictures)
    synsets = {path: path.parent.name for path in pictures} if by_folder else _listed(folder, pictures)
    index = _indices(folder, {path.parent.name for path in pictures} if by_folder else set())
    if len(classes) != len(index):
        raise UserError(f"[model] classes: {len(classes)}, but ImageNet has {len(index)}.")
    found = []
    for path, synset in synsets.items():
        if synset not in index:
            raise UserError(f"{path}: its synset {synset!r} is not among ImageNet's classes.")
        found.append(Photograph(path, path.relative_to(folder).as_posix(), (index[synset],), "val"))
    return found


def _is_synset(name: str) -> bool:
    return len(name) == 9 and name[0] == "n" and name[1:].isdigit()


def _near(folder: Path, name: str) -> Path | None:
    """Return the file of this name in the folder or up to three folders above; None where there is none."""
    places = (place / name for place in (folder, *folder.resolve().parents[:3]))
    return next((path for path in places if path.is_file()), None)


def _listed(folder: Path, pictures: list[Path]) -> dict[Path, str]:
    solution = _near(folder, "LOC_val_solution.csv")
    if solution is not None:
        with open(solution, newline="", encoding="utf-8-sig") as file:
            synset_of = {row["ImageId"]: row["PredictionString"].split()[0] for row in csv.DictReader(file)}
        missing = next((path.name for path in pictures if path.stem not in synset_of), None)
        if missing:
            raise UserError(f"{solution}: {missing} is not in it.")
        return {path: synset_of[path.stem] for path in pictures}
    labels = _near(folder, "imagenet_2012_validation_synset_labels.txt")
    if labels is None:
        raise UserError(f"[images] folder: {folder}: the labels are missing. {_HOW}")
    lines = labels.read_text(encoding="utf-8-sig").split()
    numbers = {path: int(path.stem.rsplit("_", 1)[-1]) for path in pictures if path.stem.rsplit("_", 1)[-1].isdigit()}
    wrong = next((path.name for path in pictures if not 1 <= numbers.get(path, 0) <= len(lines)), None)
    if wrong:
        raise UserError(f"{labels}: has {len(lines)} lines, none for {wrong}.")
    return {path: lines[number - 1] for path, number in numbers.items()}


def _indices(folder: Path, folders: set[str]) -> dict[str, int]:
    """Return each synset's class index."""
    mapping = _near(folder, "LOC_synset_mapping.txt")
    if mapping is not None:
        lines = [line.split()[0] for line in mapping.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        return {synset: index for index, synset in enumerate(lines)}
    class_index = _near(folder, "imagenet_class_index.json")
    if class_index is not None:
        return {synset: int(index) for index, (synset, _) in json.loads(class_index.read_text("utf-8-sig")).items()}
    if len(folders) == 1000:
        return {synset: index for index, synset in enumerate(sorted(folders))}
    raise UserError(f"[images] folder: {folder}: which class a synset is, is not known. {_HOW}")
