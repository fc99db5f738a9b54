"""Items from a table: a CSV file's text, or cells copied from a spreadsheet. All of it is taken, or nothing."""

import csv
from collections.abc import Collection
from typing import Any

from studyapp.core.storable import storable

from .cells import item_of
from .items import Item, bounds
from .reading import MAX_ITEMS, complete, item_problems

COLUMNS = ("code", "text", "scale", "reverse", "labels", "type", "hint", "required")
NEEDED = ("code", "text")
SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas"}
MAX_PROBLEMS = 20
SAID = {
    **dict.fromkeys(("yes", "y", "true", "1", "x", "r", "reversed", "ja", "wahr"), "yes"),
    **dict.fromkeys(("no", "n", "false", "0", "nein", "falsch"), "no"),
    "": "",
}

Row = tuple[int, dict[str, str]]


def items_in(text: str, taken: Collection[str] = ()) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a table's items, or none of them and why, in words that name row and column; at most twenty.

    The first row names the columns, `code` and `text` at least, in any order; they stand apart by tabs, semicolons or
    commas. Rows are counted as in a spreadsheet, the names are row 1, and empty ones are passed over. An item with
    labels and no type is of type likert. `taken` are codes that the questionnaire has already.
    """
    rows, problems = _rows(text)
    found: list[dict[str, Any]] = []
    known = set(taken)
    for number, row in rows:
        item, wrong = _item(row)
        if row["code"] in known:
            wrong.append(("code", f"expected another; the questionnaire has an item “{row['code']}” already."))
        known |= {row["code"]} - {""}
        problems += [f"Row {number}, column {column}: {words}" for column, words in wrong]
        found.append(item)
    problems = problems or _ranges([(number, item) for (number, _), item in zip(rows, found, strict=True)])
    return ([], problems[:MAX_PROBLEMS]) if problems else (found, [])


def _rows(text: str) -> tuple[list[Row], list[str]]:
    """Return the rows below the names, by column, with their numbers; or why the text is no table."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").lstrip("\n").split("\n")
    if lines[0].strip().lower() in {f"sep={separator}" for separator in SEPARATORS}:
        lines = lines[1:]  # Excel's own line, which it doesn't show
    between = [separator for separator in SEPARATORS if separator in lines[0]]
    if len(between) != 1:
        header = " and ".join(SEPARATORS[one] for one in between) or lines[0].strip()[:60] or "nothing"
        return [], [f"Row 1: expected the names of the columns, apart by tabs, semicolons or commas; found {header}."]
    reader = csv.reader([f"{line}\n" for line in lines], delimiter=between[0], strict=True)
    cells: list[list[str]] = []
    try:
        for row in reader:
            cells.append([cell.strip() for cell in row])
    except csv.Error as error:
        return [], [f"Row {len(cells) + 1}: expected cells with quotation marks around all of them or none: {error}."]
    names = [name.lower() for name in cells[0]]
    while names and not names[-1]:
        names.pop()
    if problems := _names(names):
        return [], problems
    below = [(number, row) for number, row in enumerate(cells[1:], start=2) if any(row)]
    if not 1 <= len(below) <= MAX_ITEMS:
        return [], [f"The table: expected 1 to {MAX_ITEMS} rows below the names of the columns, found {len(below)}."]
    long = [
        f"Row {number}: expected {len(names)} cells, found {len(row)}; put a text that holds one of the "
        f"{SEPARATORS[between[0]]} in quotation marks."
        for number, row in below
        if any(row[len(names) :])
    ]
    blank = dict.fromkeys(COLUMNS, "")
    fitting = [(number, row) for number, row in below if not any(row[len(names) :])]
    return [(number, blank | dict(zip(names, row, strict=False))) for number, row in fitting], long


def _names(names: list[str]) -> list[str]:
    known = f"expected some of {', '.join(COLUMNS)}"
    return [
        *(f"Row 1: the column {name} is missing; {known}." for name in NEEDED if name not in names),
        *(
            f"Row 1, column {n}: {known}; found {name[:60]!r}."
            for n, name in enumerate(names, 1)
            if name not in COLUMNS
        ),
        *(f"Row 1: two columns are named {name}." for name in COLUMNS if names.count(name) > 1),
    ]


def _item(row: dict[str, str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return a row's item, and what is wrong with it by column."""
    wrong = [(name, "expected text without NULs.") for name, cell in row.items() if storable(cell) != cell]
    for name in ("reverse", "required"):
        if row[name].lower() not in SAID:
            wrong.append((name, f"expected yes or no, found {row[name]!r:.60}."))
    kind = row["type"].lower() or ("likert" if row["labels"] else "")
    if not kind:
        wrong.append(("labels", "missing; expected labels, the lowest first, as in no | partly | yes; or a type."))
    flags = {name: SAID.get(row[name].lower(), "") for name in ("reverse", "required")}
    item = item_of(row | flags | {"type": kind or "text", "answers": "\n".join(row["labels"].split("|"))})
    problems = [(entry if entry in COLUMNS else "labels", words) for entry, words in item_problems(item)]
    if kind == "likert" and "|" not in row["labels"]:
        problems = [
            ("labels", words + " Labels stand apart by |.") if name == "labels" else (name, words)
            for name, words in problems
        ]
    if any(isinstance(label, list) for label in item.get("labels", ())):
        problems = [one for one in problems if one[0] != "labels"]
        problems.append(("labels", "expected a label for each point; their numbers follow one another."))
    blamed = {column for column, _ in wrong} | ({"scale"} if not kind else set())
    return item, [*wrong, *(one for one in problems if one[0] not in blamed)]


def _ranges(numbered: list[tuple[int, dict[str, Any]]]) -> list[str]:
    """Tell which items have another range than the first of their scale."""
    first: dict[str, tuple[int, Item]] = {}
    problems = []
    for (number, _), item in zip(
        numbered, complete([{"items": [item for _, item in numbered]}])[0]["items"], strict=True
    ):
        if not item["scale"]:
            continue
        other, before = first.setdefault(item["scale"], (number, item))
        if bounds(before) != bounds(item):
            low, high = bounds(before) or (0, 0)
            problems.append(
                f"Row {number}, column labels: expected answers from {low:g} to {high:g}, as in row {other} of the "
                f"same scale “{item['scale']}”."
            )
    return problems
