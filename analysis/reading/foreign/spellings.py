"""Numbers as people and survey tools write them: `2,5`, `1.234,5`, `8 / 10`, `80 %`, `1 - not at all`, `very (7)`.

A column is read by one spelling that fits all of its cells, or not at all; what can be meant in two ways is refused.
"""

import re

import pandas as pd

from analysis.errors import AnalysisError

COMMA = r"[+-]?\d+,\d+"
GROUPED = tuple(
    (mark, re.compile(rf"[+-]?(?:[1-9]\d{{0,2}}(?:{marks}\d{{3}})+|\d+)(?:[{decimals}]\d+)?"))
    for mark, marks, decimals in ((",", ",", "."), (".", "[.]", ","), (" ", "[ \u00a0\u2009\u202f]", ".,"),
                                  ("'", "['’]", ".,"))
)  # fmt: skip
THOUSANDS = r"[+-]?[1-9]\d{0,2},\d{3}"
PLAIN = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
PERCENT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*%")
OUT_OF = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:/|out of|of|von|sur|de|su)\s*(\d+)", re.IGNORECASE)
BEFORE = re.compile(r"([+-]?\d+)\s*(?:[-–—=:.)]\s*|\s\()([^\d\s].*)")
MONTH = re.compile(r"(jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])\w*\.?", re.IGNORECASE)
AFTER = re.compile(r"(.*\D)\s*[(\[]([+-]?\d+)[)\]]")


def as_numbers(column: pd.Series, kind: str, where: str) -> tuple[pd.Series, str]:
    """Return a column whose cells a spelling of numbers fits as plain numbers, with a remark; else the column itself.

    >>> as_numbers(pd.Series(["1 - not at all", "5", "7 - very"]), "ordinal", "f, column q")[0].tolist()
    ['1', '5', '7']
    >>> as_numbers(pd.Series(["8 / 10", "10/10"]), "fraction", "f, column q")[0].tolist()
    ['0.8', '1.0']
    """
    given = column.dropna().astype(str)
    if given.empty:
        return column, ""
    if given.str.fullmatch(PLAIN).all():
        return _decimals(column, given, where), ""
    for read in (_grouped, _percents, _out_of, _labelled):
        numbers = read(given, kind, where)
        if numbers is not None:
            values, remark = numbers
            return column.where(column.isna(), values.reindex(column.index)), f"Column {column.name}: {remark}."
    return column, ""


def _decimals(column: pd.Series, given: pd.Series, where: str) -> pd.Series:
    """Return numbers with decimal points; refuse a comma before three digits throughout, which may mark thousands."""
    commas = given[given.str.contains(",", regex=False)]
    if commas.empty or given.str.contains(".", regex=False).any():
        return column
    if commas.str.fullmatch(THOUSANDS).all():
        raise AnalysisError(f"{where}: found {commas.iloc[0]!r}, which may be {commas.iloc[0].replace(',', '')} or "
                            f"{commas.iloc[0].replace(',', '.')}; write it in one of these ways")  # fmt: skip
    return column.str.replace(",", ".", regex=False)


def _grouped(given: pd.Series, kind: str, where: str) -> tuple[pd.Series, str] | None:
    """Return numbers with marks at the thousands, where a cell shows which mark that is: `1.234,5`, `1,234,567`."""
    for mark, pattern in GROUPED:
        if given.map(pattern.fullmatch).isna().any():
            continue
        digits = given.map(lambda cell, mark=mark: _ungrouped(cell, mark))
        if len(set("".join(digits)) & {",", "."}) > 1:
            return None
        shown = next(cell for cell in given if not re.fullmatch(PLAIN, cell))
        values = digits.str.replace(",", ".", regex=False)
        return values, f"cells as {shown!r} were read as {values[given == shown].iloc[0]}"
    return None


def _ungrouped(cell: str, mark: str) -> str:
    return re.sub(r"['’]" if mark == "'" else r"\s" if mark == " " else re.escape(mark), "", cell)


def _percents(given: pd.Series, kind: str, where: str) -> tuple[pd.Series, str] | None:
    fits = given.map(PERCENT.fullmatch)
    if not fits.notna().any() or kind == "binary":
        return None
    if fits.isna().any():
        other = given[fits.isna()].iloc[0]
        raise AnalysisError(f"{where}: found {given[fits.notna()].iloc[0]!r} beside {other!r}, expected all cells with "
                            "% or none")  # fmt: skip
    values = fits.map(lambda fit: _number(fit[1]))
    if kind != "fraction":
        return values.astype(str), "percentages were read as numbers from 0 to 100"
    return (values / 100).astype(str), "percentages were read as shares"


def _out_of(given: pd.Series, kind: str, where: str) -> tuple[pd.Series, str] | None:
    fits = given.map(OUT_OF.fullmatch)
    if fits.isna().any() or kind == "binary":
        return None
    values, tops = fits.map(lambda fit: _number(fit[1])), fits.map(lambda fit: float(fit[2]))
    if (tops == 0).any() or (values > tops).any():
        wrong = given[(tops == 0) | (values > tops)].iloc[0]
        raise AnalysisError(f"{where}: found {wrong!r}, expected no more than there was to reach")
    if kind == "fraction":
        return (values / tops).astype(str), f"cells as {given.iloc[0]!r} were read as shares"
    if tops.nunique() > 1:
        low, high = given[tops == tops.min()].iloc[0], given[tops == tops.max()].iloc[0]
        raise AnalysisError(f"{where}: found {low!r} and {high!r}, which are no points of one scale; as shares they "
                            'are kind = "fraction"')  # fmt: skip
    return values.astype(str), f"of cells as {given.iloc[0]!r} the first number was read"


def _labelled(given: pd.Series, kind: str, where: str) -> tuple[pd.Series, str] | None:
    """Return the numbers of points that have words beside them; each number has one wording, and each wording one."""
    if kind not in ("ordinal", "ratio"):
        return None
    read = given.map(_point)
    labels = read[read.map(lambda point: point is not None and point[1] != "")]
    if read.isna().any() or labels.empty:
        return None
    pairs = sorted(set(labels))
    for side in (0, 1):
        seen: dict[str, tuple[str, str]] = {}
        for pair in pairs:
            first = seen.setdefault(pair[side], pair)
            if first != pair:
                raise AnalysisError(f"{where}: found the point {' '.join(first)!r} and {' '.join(pair)!r}, expected "
                                    "one wording for each number")  # fmt: skip
    return read.map(lambda point: point[0]), f"of labels as {given[labels.index[0]]!r} the number was read"


def _point(cell: str) -> tuple[str, str] | None:
    """Return a point's number and its words, none for a bare number; None where the cell is no point."""
    if re.fullmatch(r"[+-]?\d+", cell):
        return str(int(cell)), ""
    if (fits := BEFORE.fullmatch(cell)) and not MONTH.fullmatch(fits[2]):
        return str(int(fits[1])), " ".join(fits[2].rstrip(")").casefold().split())
    if fits := AFTER.fullmatch(cell):
        return str(int(fits[2])), " ".join(fits[1].casefold().split())
    return None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
