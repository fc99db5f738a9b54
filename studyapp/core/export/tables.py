"""How the export's CSV files are written, and how their columns are described.

UTF-8, RFC 4180 (CRLF, fields quoted where needed, newlines inside text kept); booleans `true`/`false`; times
ISO-8601 in UTC; missing = empty; lists and objects as JSON. Text that a spreadsheet would take for a formula is
guarded by one leading apostrophe; see `guarded`.
"""

import csv
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from studyapp.core.engine.fields import Field

RUN = "=+-@＝＋－＠\t\r\n"  # where spreadsheets begin a formula, wide forms and skipped blanks included
FORMULA = re.compile(rf"[{re.escape(RUN)}]|'[{re.escape(RUN)}']")
STARTS = frozenset(RUN + "'")


class Writer(Protocol):
    def __call__(self, row: Mapping[str, object], ready: Mapping[str, str] | None = None) -> None: ...


def guarded(text: str) -> str:
    """Return `text` with a leading apostrophe where a spreadsheet would run it as a formula.

    Guarded is what begins with one of `RUN`, or with an apostrophe before one of these or before another apostrophe. So
    the guard can be undone exactly: drop the first character where it is an apostrophe followed by one of them.
    """
    return f"'{text}" if text[:1] in STARTS and FORMULA.match(text) else text


def _time(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return f"{value.isoformat(timespec='milliseconds')[:-6]}Z"


CELLS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: "",
    bool: lambda value: "true" if value else "false",
    str: guarded,
    int: str,
    float: str,
    datetime: _time,
    list: json.dumps,
    tuple: json.dumps,
    dict: json.dumps,
}


def cell(value: object) -> str:
    """Return a value as it stands in a CSV cell; a million of them a second, hence the table of types."""
    return CELLS.get(type(value), str)(value)


def cells(row: Mapping[str, object]) -> dict[str, str]:
    """Return a row's values as they stand in their cells."""
    return {name: cell(value) for name, value in row.items()}


def writer_to(file: TextIO, columns: list[Field]) -> Writer:
    """Write a header to a file opened with `newline=""` and return `write(row, ready)`.

    A row is a dict, absent columns are empty; `ready` holds cells, as `cells` returns them, of columns that are the
    same in many rows.
    """
    names = [column.name for column in columns]
    writer = csv.writer(file)
    writer.writerow(names)

    def write(row: Mapping[str, object], ready: Mapping[str, str] | None = None) -> None:
        if ready:
            writer.writerow([ready[name] if name in ready else cell(row.get(name)) for name in names])
        else:
            writer.writerow([cell(row.get(name)) for name in names])

    return write


def property_value(column: Field) -> dict[str, Any]:
    """Return a column's entry in `variableMeasured`: a schema.org PropertyValue with unit, type, levels and limits."""
    described: dict[str, Any] = {
        "@type": "PropertyValue",
        "name": column.name,
        "description": column.description,
        "unitText": column.unit,
        "valueType": column.type,
    }
    if column.levels:
        described["levels"] = {str(code): text for code, text in column.levels.items()}
    if column.limits is not None:
        described["minValue"], described["maxValue"] = column.limits
    return described
