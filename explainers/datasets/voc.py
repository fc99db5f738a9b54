"""PASCAL VOC in its own layout: photographs, the classes in them, and where their objects are.

Everingham, Eslami, Van Gool, Williams, Winn, Zisserman 2015, "The PASCAL Visual Object Classes Challenge", IJCV. The
folder is `VOCdevkit/VOC2012` of the archive `VOCtrainval_11-May-2012.tar` at http://host.robots.ox.ac.uk/pascal/VOC/voc2012/:
`JPEGImages/*.jpg`, `Annotations/*.xml` and, for some, `SegmentationClass/*.png`.
"""

from pathlib import Path
from xml.etree import ElementTree

from explainers.datasets.photograph import Photograph
from explainers.errors import UserError

CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
SOURCE = (
    "Download VOCtrainval_11-May-2012.tar from http://host.robots.ox.ac.uk/pascal/VOC/voc2012/, unpack it, and name "
    "its folder VOCdevkit/VOC2012."
)


def photographs(folder: Path, classes: list[str]) -> list[Photograph]:
    """Return the photographs with the model's classes among their objects, their split and their mask.

    Labels are unknown where the model has none of VOC's classes.
    """
    known = any(name in classes for name in CLASSES)
    splits = {name: split for split in ("train", "val") for name in _split(folder, split)}
    found = []
    for path in sorted((folder / "JPEGImages").glob("*.jpg")):
        labels = _labels(folder / "Annotations" / f"{path.stem}.xml", classes) if known else None
        mask = folder / "SegmentationClass" / f"{path.stem}.png"
        split = splits.get(path.stem, "")
        found.append(Photograph(path, path.name, labels, split, mask if mask.is_file() else None))
    if not found:
        raise UserError(f"[images] folder: {folder / 'JPEGImages'} holds no *.jpg. {SOURCE}")
    return found


def _split(folder: Path, name: str) -> list[str]:
    path = folder / "ImageSets" / "Main" / f"{name}.txt"
    return path.read_text(encoding="utf-8-sig").split() if path.is_file() else ()


def _labels(path: Path, classes: list[str]) -> tuple[int, ...]:
    try:
        objects = ElementTree.parse(path).getroot().findall("object/name")
    except (OSError, ElementTree.ParseError) as error:
        raise UserError(f"{path}: cannot be read as a VOC annotation: {error}.") from None
    names = {element.text for element in objects}
    return tuple(index for index, name in enumerate(classes) if name in names)
