"""Files as they come from outside, checked at the edge: a mistake names file, column, row and what was found."""

import codecs
import csv
import hashlib
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError

LARGEST = 1e100
CHUNK = 1 << 20
SEPARATORS = ",;\t"
LOOKED_AT = 50


def read_csv(path: Path, any_separator: bool = False) -> pd.DataFrame:
    """Return a CSV with every cell as text, only empty cells missing (a level may be called `none` or `NA`).

    With `any_separator` semicolons or tabs may stand between the cells, whichever gives header and first rows the most
    cells alike, and the file may be UTF-16 with its mark, as Qualtrics writes tables with tabs.
    """
    if not path.is_file():
        raise AnalysisError(f"{path}: no such file")
    try:
        encoding = "utf-16" if any_separator and _starts_as_utf16(path) else "utf-8-sig"
        separator = _check_header(path, any_separator, encoding)
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, na_values=[""], encoding=encoding)
    except pd.errors.EmptyDataError:
        raise AnalysisError(f"{path}: is empty, expected at least a header line") from None
    except (pd.errors.ParserError, UnicodeError, csv.Error) as error:
        raise AnalysisError(f"{path}: is no CSV in UTF-8: {error}") from None


def _starts_as_utf16(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _check_header(path: Path, any_separator: bool, encoding: str) -> str:
    """Return what separates the cells.

    Bytes that no text holds are refused, and a column name that stands twice: pandas would rename the second.
    """
    with path.open("rb") as file:
        if encoding != "utf-16" and any(b"\0" in chunk for chunk in iter(lambda: file.read(CHUNK), b"")):
            raise AnalysisError(f"{path}: is no CSV in UTF-8: it holds a zero byte")
    with path.open(newline="", encoding=encoding) as file:
        separator = _separator(file) if any_separator else ","
        file.seek(0)
        names = next(csv.reader(file, delimiter=separator), [])
    twice = next((name for name, n in Counter(names).items() if n > 1), None)
    if twice is not None:
        raise AnalysisError(f"{path}: two columns are called {twice!r}, expected each name once")
    return separator


def _separator(file: TextIO) -> str:
    """Return what gives the header and the first rows the same number of cells, two or more; else the comma."""
    widths = {}
    for mark in SEPARATORS:
        file.seek(0)
        try:
            counts = {len(row) for row in islice(csv.reader(file, delimiter=mark), LOOKED_AT) if row}
        except csv.Error:  # what is no separator may leave cells of any length
            continue
        if len(counts) == 1:
            widths[mark] = counts.pop()
    best = max(widths, key=widths.__getitem__, default=",")
    return best if widths.get(best, 0) > 1 else ","


def read_json(path: Path, expected: str = "") -> dict[str, Any]:
    """Return a JSON object from a file."""
    if not path.is_file():
        raise AnalysisError(f"{path}: no such file" + (f"; {expected}" if expected else ""))
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise AnalysisError(f"{path}: is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise AnalysisError(f"{path}: found a {type(content).__name__}, expected a JSON object")
    return content


def require(table: pd.DataFrame, columns: list[str], path: Path) -> None:
    """Refuse a table that lacks a column, naming what it has."""
    missing = [column for column in columns if column not in table]
    if missing:
        shown = [*table.columns[:30], "…"] if len(table.columns) > 30 else table.columns
        raise AnalysisError(f"{path}: lacks the column {', '.join(missing)}; found {', '.join(shown)}")


def require_unique(table: pd.DataFrame, keys: list[str], path: Path) -> None:
    """Refuse a table in which two rows have the same key."""
    known = table.dropna(subset=keys)
    repeated = known.duplicated(keys)
    if repeated.any():
        row = int(repeated.idxmax())
        named = ", ".join(f"{key} {table.loc[row, key]}" for key in keys)
        raise AnalysisError(f"{path}, row {row + 2}: {named} stands there again, expected it once")


def numbers(column: pd.Series, path: Path) -> pd.Series:
    """Return a text column as numbers, naming the first cell that is none, or too large to be squared."""
    converted = pd.to_numeric(column, errors="coerce").astype(float)
    _refuse_first(converted.isna() & column.notna(), column, path, "a number")
    _refuse_first(~(converted.abs() <= LARGEST) & column.notna(), column, path, f"a number up to {LARGEST:g}")
    return converted


def shares(column: pd.Series, path: Path) -> pd.Series:
    """Return a text column as shares between 0 and 1."""
    converted = numbers(column, path)
    expected = "a fraction between 0 and 1 (percentages divided by 100)"
    _refuse_first(~converted.between(0, 1) & converted.notna(), column, path, expected)
    return converted


def _refuse_first(wrong: pd.Series, column: pd.Series, path: Path, expected: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        where = f"{path}, column {column.name}, row {row + 2}"
        raise AnalysisError(f"{where}: found {column.iloc[row]!r}, expected {expected}")


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
