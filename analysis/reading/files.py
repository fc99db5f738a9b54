"""Files as they come from outside, checked at the edge: a mistake names file, column, row and what was found."""

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError

LARGEST = 1e100
CHUNK = 1 << 20


def read_csv(path: Path) -> pd.DataFrame:
    """Return a CSV in UTF-8 with every cell as text, only empty cells missing (a level may be called `none`)."""
    if not path.is_file():
        raise AnalysisError(f"{path}: no such file")
    try:
        _check_header(path)
        table = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise AnalysisError(f"{path}: is empty, expected at least a header line") from None
    except (pd.errors.ParserError, UnicodeError, csv.Error) as error:
        raise AnalysisError(f"{path}: is no CSV in UTF-8: {error}") from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for names of the rows
        raise AnalysisError(f"{path}: every row holds more cells than the header, expected as many")
    return table


def _check_header(path: Path) -> None:
    """Refuse bytes that no text holds, and a column name that stands twice: pandas would rename the second."""
    with path.open("rb") as file:
        if any(b"\0" in chunk for chunk in iter(lambda: file.read(CHUNK), b"")):
            raise AnalysisError(f"{path}: is no CSV in UTF-8: it holds a zero byte")
    with path.open(newline="", encoding="utf-8-sig") as file:
        names = next(csv.reader(file), [])
    twice = next((name for name, n in Counter(names).items() if n > 1), None)
    if twice is not None:
        raise AnalysisError(f"{path}: two columns are called {twice!r}, expected each name once")


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


def numbers(column: pd.Series, path: Path, lines: pd.Series | None = None) -> pd.Series:
    """Return a text column as numbers, naming the first cell that is none, or too large to be squared.

    `lines` are the rows' places in the file, where they don't follow each other from 2 on.
    """
    converted = pd.to_numeric(column, errors="coerce").astype(float)
    _refuse_first(converted.isna() & column.notna(), column, path, "a number", lines)
    _refuse_first(~(converted.abs() <= LARGEST) & column.notna(), column, path, f"a number up to {LARGEST:g}", lines)
    return converted


def shares(column: pd.Series, path: Path, lines: pd.Series | None = None) -> pd.Series:
    """Return a text column as shares between 0 and 1."""
    converted = numbers(column, path, lines)
    expected = "a fraction between 0 and 1 (percentages divided by 100)"
    _refuse_first(~converted.between(0, 1) & converted.notna(), column, path, expected, lines)
    return converted


def _refuse_first(
    wrong: pd.Series, column: pd.Series, path: Path, expected: str, lines: pd.Series | None = None
) -> None:
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        line = row + 2 if lines is None else lines.iloc[row]
        where = f"{path}, column {column.name}, row {line}"
        raise AnalysisError(f"{where}: found {column.iloc[row]!r}, expected {expected}")


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
