"""A study's translations as a table for translators: a CSV that spreadsheets open, and back without a loss.

UTF-8 with a byte order mark, semicolons between cells, line breaks inside quoted ones; what a spreadsheet would take
for a formula is guarded by an apostrophe as in exports.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from studyapp.core.export.tables import FORMULA, guarded

SEPARATORS = ";,\t"
SOURCE, TRANSLATION = "source", "translation"


@dataclass(frozen=True)
class Given:
    """One row of a table that came back: its number as in a spreadsheet, and its cells."""

    number: int
    key: str
    source: str
    text: str


def columns(source: str, language: str) -> tuple[str, ...]:
    """Return the names of the columns: those of the texts say which language they are in."""
    return ("key", "where", f"{SOURCE}:{source}", f"{TRANSLATION}:{language}", "state")


def written(source: str, language: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Return the table of rows, each (key, where, source, translation, state)."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";")
    writer.writerow(columns(source, language))
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return "\ufeff" + file.getvalue()


def read(text: str, source: str, language: str) -> list[Given]:
    """Return the rows of a table that came back, whatever stands between its cells; empty rows are passed over.

    Raises `ValueError` naming row and column, and what was expected: it is the table of a study and a language.
    """
    own = text.removeprefix("\ufeff")
    first = own.split("\n", 1)[0]
    between = max(SEPARATORS, key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(own, newline=""), delimiter=between, strict=True))
    except csv.Error as error:
        raise ValueError(f"expected a CSV as it was downloaded here, found one with {error}") from None
    names = [name.strip() for name in lines[0]] if lines else []
    wanted = {"key": "key", "source": f"{SOURCE}:{source}", "text": f"{TRANSLATION}:{language}"}
    for name in wanted.values():
        if names.count(name) != 1:
            found = ", ".join(names)[:80] or "nothing"
            raise ValueError(f"Row 1: expected a column “{name}”, as in the table downloaded here; found {found}")
    places = {name: names.index(column) for name, column in wanted.items()}
    return [
        Given(number, **{name: _cell(line[place]) for name, place in places.items()})
        for number, line in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in _whole(line, len(names), number))
    ]


def _whole(line: list[str], width: int, number: int) -> list[str]:
    if any(cell.strip() for cell in line) and len(line) != width:
        raise ValueError(f"Row {number}: expected {width} cells, found {len(line)}")
    return line


def _cell(text: str) -> str:
    """Return a cell without its guard, its line breaks as texts have them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text[1:] if text[:1] == "'" and FORMULA.match(text) else text
