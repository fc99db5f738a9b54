"""How the export's CSV files are written, and how their columns are described.

UTF-8, RFC 4180 (CRLF, fields quoted where needed, newlines inside text kept); booleans `true`/`false`; times
ISO-8601 in UTC; missing = empty; lists and objects as JSON. Text that a spreadsheet would take for a formula is
guarded by one leading apostrophe; see `guarded`.
"""

import csv
import json
import re
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from .kinds import Field

FORMULA = re.compile(r"[=+\-@]|'[=+\-@']")


def guarded(text: str) -> str:
    """Return `text` with a leading apostrophe where a spreadsheet would run it as a formula.

    Guarded is what begins with `= + - @`, or with an apostrophe before one of these or before another apostrophe. So
    the guard can be undone exactly: drop the first character where it is an apostrophe followed by one of `= + - @ '`.
    """
    return f"'{text}" if FORMULA.match(text) else text


def cell(value) -> str:
    """Return a value as it stands in a CSV cell."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return guarded(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case list() | tuple() | dict():
            return json.dumps(value)
    return str(value)


@contextmanager
def table(path: Path, columns: list[Field]):
    """Open a new CSV file with a header and yield `write(row)`; a row is a dict, absent columns are empty."""
    names = [column.name for column in columns]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        yield lambda row: writer.writerow([cell(row.get(name)) for name in names])


def write_table(path: Path, columns: list[Field], rows: Iterable[dict]) -> None:
    """Write a whole table, row by row as they come."""
    with table(path, columns) as write:
        for row in rows:
            write(row)


def property_value(column: Field) -> dict:
    """Return a column's entry in `variableMeasured`: a schema.org PropertyValue with unit and levels."""
    described = {
        "@type": "PropertyValue",
        "name": column.name,
        "description": column.description,
        "unitText": column.unit,
    }
    return described | ({"levels": {str(code): text for code, text in column.levels.items()}} if column.levels else {})
