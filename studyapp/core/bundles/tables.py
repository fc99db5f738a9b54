"""A bundle's tables, read strictly: what is not as expected is refused with its file, row and column."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .limits import (
    FIELD_LENGTH,
    ROWS,
    BundleError,
    Unexpected,
    briefly,
    identifier,
    name,
    number,
    or_none,
    positive,
    truth,
    whole,
)

OUTCOMES = {(True, True): "TP", (True, False): "FN", (False, True): "FP", (False, False): "TN"}  # (truth, predicted)


@dataclass(frozen=True, slots=True)
class Heatmap:
    """One row of nodes.csv: a raw map, where its file lies, and what it explains.

    `target` is the class explained, empty for a method that explains the whole output; `classes` are the indices of
    the classes that the node stands for. `reference` is the map's value that means no effect. A map in `.npy` is to be
    multiplied by `scale`; a grey PNG goes from `low` (black) to `high` (white).
    """

    image_id: str
    method: str
    target: str
    node: str
    parent: str
    classes: tuple[int, ...]
    label: str
    score: float | None
    raw_score: float | None
    reference: float
    map_file: str
    scale: float | None
    low: float | None
    high: float | None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What no other map of the bundle has."""
        return self.image_id, self.method, self.target, self.node


@dataclass(frozen=True)
class Column:
    """How a column's cells are read; one that isn't `required` may be missing, its cells are then read as empty."""

    read: Callable[[str], object]
    required: bool = True


def indices(text: str) -> tuple[int, ...]:
    """Return class indices written as `3|5`."""
    return tuple(whole(part) for part in text.split("|"))


def line(text: str) -> str:
    """Return a text of one line, which may be empty."""
    if not text.isprintable():
        raise Unexpected("printable characters")
    return text


def outcome(text: str) -> str:
    if text not in OUTCOMES.values():
        raise Unexpected("TP, FN, FP or TN")
    return text


_maybe = Column(or_none(number), required=False)
_text = Column(line, required=False)
TABLES = {
    "images.csv": {
        "image_id": Column(identifier),
        "file": Column(name),
        "width": Column(positive),
        "height": Column(positive),
        "labels": _text,
        "split": _text,
        "source": _text,
        "dataset": _text,
    },
    "predictions.csv": {
        "image_id": Column(identifier),
        "class_index": Column(whole),
        "class_name": Column(name),
        "score": Column(number),
        "threshold": _maybe,
        "truth": Column(or_none(truth), required=False),
        "predicted": Column(truth),
        "outcome": Column(or_none(outcome), required=False),
    },
    "nodes.csv": {
        "image_id": Column(identifier),
        "method": Column(name),
        "target": Column(or_none(whole)),
        "node": Column(name),
        "parent": Column(or_none(name), required=False),
        "classes": Column(or_none(indices), required=False),
        "label": _text,
        "score": _maybe,
        "raw_score": _maybe,
        "reference": Column(number),
        "map_file": Column(name),
        "scale": _maybe,
        "low": _maybe,
        "high": _maybe,
    },
    "metrics.csv": {
        "image_id": Column(identifier),
        "method": Column(name),
        "target": Column(or_none(whole)),
        "metric": Column(name),
        "value": Column(or_none(number)),
    },
}


def rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield a table's rows with their line's number, each cell as its column in `TABLES` is read.

    Columns that no table has are passed over. Raises `BundleError` at the first row that is not as expected.
    """
    columns, most = TABLES[path.name], ROWS[path.name]
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            _check_header(path, header, columns)
            places = [(header.index(key) if key in header else None, key, column) for key, column in columns.items()]
            for count, cells in enumerate(reader, start=1):
                if count > most:
                    raise BundleError(f"{path}, row {reader.line_num}: expected at most {most:,} rows")
                if len(cells) != len(header):
                    raise BundleError(
                        f"{path}, row {reader.line_num}: expected {len(header)} cells, found {len(cells)}"
                    )
                yield reader.line_num, _read(path, reader.line_num, cells, places)
    except FileNotFoundError:
        raise BundleError(f"{path}: missing; a bundle holds images.csv, predictions.csv and nodes.csv") from None
    except csv.Error as error:
        raise BundleError(f"{path}, row {reader.line_num}: expected comma-separated values, found {error}") from None
    except (UnicodeDecodeError, OSError) as error:
        raise BundleError(f"{path}: expected a table in UTF-8, found {error}") from None


def _check_header(path: Path, header: list[str], columns: Mapping[str, Column]) -> None:
    missing = [key for key, column in columns.items() if column.required and key not in header]
    if missing:
        raise BundleError(f"{path}: expected the column {missing[0]!r}, found {briefly(', '.join(header) or 'none')}")
    if twice := [key for key, n in Counter(header).items() if n > 1 and key in columns]:
        raise BundleError(f"{path}: the column {twice[0]!r} stands there twice")


def _read(
    path: Path, number_of_line: int, cells: list[str], places: list[tuple[int | None, str, Column]]
) -> dict[str, Any]:
    found = {}
    for place, key, column in places:
        cell = "" if place is None else cells[place]
        try:
            if len(cell) > FIELD_LENGTH:
                raise Unexpected(f"at most {FIELD_LENGTH:,} characters")
            found[key] = column.read(cell)
        except Unexpected as error:
            raise at(path, number_of_line, key, error, cell) from None
    return found


def at(path: Path, row: int, column: str, expected: object, found: object) -> BundleError:
    """Return the refusal of one cell."""
    return BundleError(f"{path}, row {row}, column {column!r}: expected {expected}, found {briefly(found)}")
