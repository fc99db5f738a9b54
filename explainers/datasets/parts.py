"""Where an object and its parts are in a photograph: a bounding box and part points, from a CSV or a data set."""

from dataclasses import dataclass
from pathlib import Path

from explainers.datasets.csv_file import read_csv
from explainers.errors import UserError

BOX = ("left", "top", "right", "bottom")
_COLUMNS = ("file", "part", "x", "y", *BOX)


@dataclass(frozen=True)
class Parts:
    """The bounding `box` (left, top, right, bottom) and the `points` (x, y) of the parts that can be seen, by name.

    In pixels of the photograph; the box's right and bottom are exclusive.
    """

    box: tuple[float, float, float, float]
    points: dict[str, tuple[float, float]]


def read_parts(path: Path) -> dict[str, Parts]:
    """Return by photograph the parts that the CSV has of it: a row per visible part, each with the object's box."""
    columns, rows = read_csv(path, "[images] parts")
    if tuple(columns) != _COLUMNS:
        raise UserError(f"{path}: expected the columns {', '.join(_COLUMNS)}, found {', '.join(columns)}.")
    found: dict[str, Parts] = {}
    for line, row in enumerate(rows, 2):
        try:
            x, y, left, top, right, bottom = (float(row[name]) for name in _COLUMNS[2:])
        except (TypeError, ValueError):
            raise UserError(f"{path}, line {line}: expected numbers of pixels, found {list(row.values())}.") from None
        found.setdefault(row["file"], Parts((left, top, right, bottom), {})).points[row["part"]] = (x, y)
    return found
