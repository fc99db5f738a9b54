"""A table from elsewhere as its cells: what stands between them, the header's names, rows and columns without any."""

import csv
import io
import re
from collections import Counter
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.foreign.encodings import decoded

LINE = "#line"  # a column that tells each row's place in the file, the header's being 1
SEPARATORS = ",;\t"
DECLARED = re.compile(r'"?sep=(.)"?[,;\t]*\r?\n', re.IGNORECASE)  # Excel's own first line
LOOKED_AT = 50
OPENED = re.compile(r"EOF inside string starting at row (\d+)")
TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


def read_table(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return every cell as text, only empty ones missing, and remarks; the column `LINE` holds the rows' places.

    Commas, semicolons or tabs stand between the cells, whichever fits header and first rows best, or what a first line
    `sep=;` says. Names that stand several times are numbered, `sure (1)`, `sure (2)`; rows and nameless columns without
    any cell are left out.
    """
    if not path.is_file():
        raise AnalysisError(f"{path}: no such file")
    text, remark = decoded(path)
    declared = DECLARED.match(text)
    above = 1 if declared else 0
    text = text[declared.end() :] if declared else text
    separator = declared[1] if declared else _separator(text)
    cells = _cells(text, separator, above, path)
    table = cells[1:].set_axis(range(len(cells) - 1))
    table[LINE] = range(2 + above, len(cells) + 1 + above)
    names, numbered = _names(cells.iloc[0], table)
    empty = table.drop(columns=LINE).isna().all(axis=1)
    inside = int((empty & table.index.isin(range(_last(empty) + 1))).sum())
    remarks = [text for text in (remark, numbered) if text]
    if inside:
        remarks.append(f"{inside} empty {'row was' if inside == 1 else 'rows were'} left out.")
    table = table.set_axis([*names, LINE], axis=1)
    nameless = [name for name, given in zip(names, cells.iloc[0], strict=True) if pd.isna(given)]
    table = table.drop(columns=[name for name in nameless if table[name].isna().all()])
    return table[~empty].reset_index(drop=True), remarks


def _cells(text: str, separator: str, above: int, path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(io.StringIO(text), sep=separator, header=None, dtype=str, keep_default_na=False,
                           na_values=[""], skip_blank_lines=False)  # fmt: skip
    except pd.errors.EmptyDataError:
        raise AnalysisError(f"{path}: is empty, expected at least a header line") from None
    except pd.errors.ParserError as error:
        if wide := TOO_LONG.search(str(error)):
            where = f"{path}, line {int(wide[2]) + above}: holds {wide[3]} cells, expected the {wide[1]} of the header"
            raise AnalysisError(f"{where}; a text with what separates cells stands in quotation marks") from None
        if opened := OPENED.search(str(error)):
            line = int(opened[1]) + 1 + above
            raise AnalysisError(f"{path}, line {line}: opens a quotation mark that nothing closes") from None
        raise AnalysisError(f"{path}: is no CSV: {error}") from None


def _last(empty: pd.Series) -> int:
    """Return the last row that holds a cell, -1 where none does."""
    full = empty.index[~empty]
    return int(full[-1]) if len(full) else -1


def _names(header: pd.Series, table: pd.DataFrame) -> tuple[list[str], str]:
    """Return the columns' names, each once, and a remark on those that the file holds several times."""
    given = ["" if pd.isna(name) else str(name).strip() for name in header]
    times = Counter(given)
    seen: Counter[str] = Counter()
    names = []
    for place, name in enumerate(given, start=1):
        seen[name] += 1
        several = f"{name} ({seen[name]})" if times[name] > 1 else name
        names.append(several if name else f"column {place}")
    taken = Counter([*names, LINE])
    names = [f"{name} [column {place}]" if taken[name] > 1 else name for place, name in enumerate(names, start=1)]
    twice = [name for name, n in times.items() if n > 1 and name]
    shown = ", ".join(f"“{name}”" for name in twice[:5]) + (", …" if len(twice) > 5 else "")
    remark = f"Columns that share a name were numbered in their order: {shown}." if twice else ""
    return names, remark


def _separator(text: str) -> str:
    """Return what gives the header two cells or more, and the most of the first rows as many; of several the finest."""
    found = {}
    for mark in SEPARATORS:
        rows = []
        with suppress(csv.Error):  # a cell may be of any length
            for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=mark), LOOKED_AT):
                rows += [len(row)] if row else []
        if rows and rows[0] > 1:
            found[mark] = (sum(n == rows[0] for n in rows) / len(rows), rows[0])
    return max(found, key=found.__getitem__, default=",")
