"""A picture file with its labels, whatever the layout it was found in."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from explainers.datasets.parts import Parts
from explainers.errors import UserError, near

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")


@dataclass(frozen=True)
class Photograph:
    """A picture file; `labels` are class indices, None when the truth is not known; `mask` shows the true region.

    `objects` names the numbers of a mask that has one for every pixel, from 1 up, synonyms separated by ";"; None where
    the mask is not such a one. `parts` says where the object and its parts are, None where that is not known.
    """

    path: Path
    source: str
    labels: tuple[int, ...] | None = None
    split: str = ""
    mask: Path | None = None
    objects: tuple[str, ...] | None = None
    parts: Parts | None = field(default=None, hash=False)


def class_index(label: str, classes: list[str], where: str) -> int:
    """Return the index of a class given by name or by index."""
    if label in classes:
        return classes.index(label)
    if str(label).isdigit() and int(label) < len(classes):
        return int(label)
    raise UserError(f"{where}: there is no class {label!r}.{near(label, classes)}")


def called_like(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield what is called like a picture below a folder, links to folders followed; none leads in a circle.

    Among them may be links to nothing and folders: whoever reads them says so.
    """

    def below(place, above):
        here = os.path.realpath(place)
        if here in above:
            return
        for entry in sorted(os.scandir(place), key=lambda entry: entry.name):
            if entry.name.lower().endswith(suffixes):
                yield Path(entry.path)
            if entry.is_dir():
                yield from below(entry.path, {*above, here})

    yield from below(folder, set())
