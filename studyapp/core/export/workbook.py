"""The export as one Excel workbook: a sheet for each table, and one that says what every column means.

For those who look at data in a spreadsheet: numbers are numbers, times are times (UTC), and no text is ever a formula.
The CSV tables stay what is archived and analysed. Rows are written as they are read, so that memory stays the same.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, BinaryIO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from studyapp.core.engine.fields import Field

# What Excel's format holds, by its specification; more would be cut off without a word.
MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 1_048_576, 16_384, 32_767
WIDTHS = {"text": 16, "time": 21}
DESCRIBED = ("table", "column", "meaning", "unit", "type", "levels")


class TooLarge(ValueError):
    """Why a table doesn't fit into a workbook, in words."""


class Book:
    """A workbook written to `stream`; `sheet` adds a table, `close` writes it all, `discard` nothing."""

    def __init__(self, stream: BinaryIO):
        self._book = Workbook(stream, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
        self._head = self._book.add_format({"bold": True})
        self._described: list[tuple[str, Field]] = []

    def sheet(
        self, name: str, columns: list[Field], rows: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]
    ) -> int:
        """Add a table: its header, then a row for each pair of keys and values; return the number of rows."""
        if len(columns) > MOST_COLUMNS:
            raise TooLarge(
                f"The table {name} has {len(columns)} columns, and a sheet {MOST_COLUMNS}; take the CSV files."
            )
        sheet = self._begun(name, [column.name for column in columns])
        for place, column in enumerate(columns):
            sheet.set_column(place, place, WIDTHS.get(column.type, 11))
        n_rows = 0
        for keys, row in rows:
            n_rows += 1
            if n_rows == MOST_ROWS:
                raise TooLarge(f"The table {name} has more than {MOST_ROWS - 1} rows; take the CSV files.")
            for place, column in enumerate(columns):
                _write(sheet, n_rows, place, keys.get(column.name, row.get(column.name)), f"{name}: {column.name}")
        self._described += [(name, column) for column in columns]
        return n_rows

    def discard(self) -> None:
        """Write nothing to the stream, and leave no file behind."""
        self._book.filename = BytesIO()
        self._book.close()

    def close(self) -> None:
        """Add the sheet on the columns and write the whole."""
        sheet = self._begun("columns", list(DESCRIBED))
        sheet.set_column(0, 1, 22)
        sheet.set_column(2, 2, 80)
        for number, (table, column) in enumerate(self._described, start=1):
            levels = "; ".join(f"{value} = {meaning}" for value, meaning in column.levels.items())
            told = (table, column.name, column.description, column.unit, column.type, levels)
            for place, text in enumerate(told):
                _write(sheet, number, place, text, f"columns: {column.name}")
        self._book.close()

    def _begun(self, name: str, header: list[str]) -> Worksheet:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(header):
            sheet.write_string(0, place, column, self._head)
        return sheet


def _write(sheet: Worksheet, row: int, column: int, value: Any, where: str) -> None:
    """Write a value as what it is; missing is an empty cell. Text is never taken for a number, address or formula."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None))
    else:
        text = value if isinstance(value, str) else json.dumps(value)
        if len(text) > MOST_CHARACTERS:
            raise TooLarge(
                f"{where}: a text of {len(text)} characters, and a cell holds {MOST_CHARACTERS}; take the CSV."
            )
        sheet.write_string(row, column, text)
