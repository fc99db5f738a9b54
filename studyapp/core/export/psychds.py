"""Check a folder against Psych-DS: the rules by which its validator calls a data set valid, and what it warns of.

After the validator's published schema (psych-ds.github.io): what it calls an error makes a folder invalid; of its
warnings, those about the metadata and about files that it does not know are here too, as an export shall raise none.
"""

import csv
import json
import re
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

NAME = re.compile(r"([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.csv")
CONTEXTS = {
    f"{scheme}://{host}schema.org{end}" for scheme in ("http", "https") for host in ("", "www.") for end in ("", "/")
}
REQUIRED = ("name", "description", "variableMeasured")
KNOWN_FILES = ("dataset_description.json", "README.md", "README.txt", "CHANGES.md", "CHANGES.txt", ".psychdsignore")
# The properties of schema.org that a Dataset, and a PropertyValue in it, may have here.
DATASET = {
    "@context", "@type", "name", "description", "variableMeasured", "author", "citation", "license", "funder", "url",
    "identifier", "usageInfo", "keywords", "version", "dateModified", "dateCreated",
}  # fmt: skip
PROPERTY_VALUE = {"@type", "name", "description", "unitText", "unitCode", "minValue", "maxValue", "value"}


def file_name(slug: str, table: str) -> str:
    """Return the name of one table's file: of a short name only letters and digits are left, as Psych-DS wants it."""
    return f"study-{re.sub('[^a-zA-Z0-9]', '', slug) or 'study'}_table-{table}_data.csv"


def context(own: tuple[str, ...]) -> dict[str, str | None]:
    """Return the `@context` of a description: schema.org's words, but for the names that are a tool's own."""
    return {"@vocab": "http://schema.org/", **dict.fromkeys(own)}


def problems(folder: Path) -> list[str]:
    """Return what keeps a folder from being a valid Psych-DS data set without a warning; empty when nothing does."""
    found = _missing(folder) + _unknown(folder)
    empty = [f"{path.relative_to(folder)}: is empty" for path in _files(folder) if path.stat().st_size == 0]
    try:
        described = json.loads((folder / "dataset_description.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return found + empty
    except ValueError as error:
        return [*found, *empty, f"dataset_description.json: is no JSON in UTF-8: {error}"]
    tables = sorted((folder / "data").rglob("*_data.csv"))
    columns = {path: _columns(path) for path in tables}
    wrong = [f"{path.relative_to(folder)}: {problem}" for path in tables for problem in columns[path][1]]
    return found + empty + wrong + _description(described, {name for names, _ in columns.values() for name in names})


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _missing(folder: Path) -> list[str]:
    wrong = []
    if not (folder / "dataset_description.json").is_file():
        wrong.append("dataset_description.json: expected it in the folder itself")
    for stem in ("README", "CHANGES"):
        if not any((folder / f"{stem}.{ending}").is_file() for ending in ("md", "txt")):
            wrong.append(f"{stem}: expected {stem}.md or {stem}.txt")
    if not (folder / ".psychdsignore").is_file():
        wrong.append(".psychdsignore: expected it, even where nothing is to be ignored")
    if not (folder / "data").is_dir():
        return [*wrong, "data: expected this folder"]
    if not any(NAME.fullmatch(path.name) for path in (folder / "data").rglob("*.csv")):
        wrong.append("data: expected a table in it, named like study-1_table-trials_data.csv")
    return wrong


def _unknown(folder: Path) -> list[str]:
    """Return which files the specification doesn't name, unless `.psychdsignore` does."""
    ignored = folder / ".psychdsignore"
    patterns = ignored.read_text(encoding="utf-8").split() if ignored.is_file() else []
    wrong = []
    for path in _files(folder):
        inside = path.relative_to(folder)
        if any(fnmatch(str(inside), pattern) for pattern in patterns):
            continue
        if inside.parts[0] == "data":
            if not NAME.fullmatch(path.name):
                wrong.append(f"{inside}: expected a name of keyword-value pairs like study-1_table-trials_data.csv")
        elif str(inside) not in KNOWN_FILES:
            wrong.append(f"{inside}: is no file of the specification; name it in .psychdsignore")
    return wrong


def _columns(path: Path) -> tuple[list[str], list[str]]:
    """Return a table's column names, and what is wrong with its rows; at most one complaint of a sort."""
    wrong: dict[str, str] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file, strict=True)
            names = next(rows, [])
            place = names.index("row_id") if "row_id" in names else None
            seen = set()
            for number, row in enumerate(rows, start=2):
                if len(row) != len(names):
                    wrong.setdefault("length", f"row {number} has {len(row)} cells, expected {len(names)}")
                elif place is not None:
                    if row[place] in seen:
                        wrong.setdefault("row_id", f"row {number} repeats the row_id {row[place]}")
                    seen.add(row[place])
    except (UnicodeDecodeError, csv.Error) as error:
        return [], [f"is no CSV in UTF-8: {error}"]
    if not names:
        return [], ["has no header"]
    if len(set(names)) < len(names):
        wrong["header"] = "names a column twice"
    return names, list(wrong.values())


def _description(described: Any, columns: set[str]) -> list[str]:
    """Return what is wrong with the metadata, given all columns of all tables."""
    where = "dataset_description.json"
    if not isinstance(described, dict) or "@context" not in described:
        return [f"{where}: expected an object with an @context"]
    wrong = [f"{where}: lacks {name}" for name in REQUIRED if not described.get(name)]
    own = set()
    match described["@context"]:
        case dict() as terms:
            own = {name for name, meaning in terms.items() if meaning is None}
            vocabulary = terms.get("@vocab")
        case vocabulary:
            pass
    if vocabulary not in CONTEXTS:
        wrong.append(f"{where}: expected schema.org as its @context, found {vocabulary!r}")
    if described.get("@type") != "Dataset":
        wrong.append(f"{where}: expected the @type Dataset, found {described.get('@type')!r}")
    foreign = sorted(set(described) - own - DATASET)
    wrong += [f"{where}: {name} is no property of schema.org's Dataset" for name in foreign]
    variables = described.get("variableMeasured") or []
    named = [variable if isinstance(variable, str) else variable.get("name") for variable in variables]
    for variable in variables:
        if isinstance(variable, dict):
            if variable.get("@type") != "PropertyValue":
                wrong.append(f"{where}: {variable.get('name')}: expected the @type PropertyValue")
            foreign = sorted(set(variable) - own - PROPERTY_VALUE)
            wrong += [f"{where}: {variable.get('name')}: {name} is no property of PropertyValue" for name in foreign]
    wrong += [f"{where}: variableMeasured lacks the column {name}" for name in sorted(columns - set(named))]
    wrong += [f"{where}: {name} is described, but no table has it" for name in sorted(set(named) - columns)]
    wrong += [f"{where}: {name} is described twice" for name, n in sorted(Counter(named).items()) if n > 1]
    return wrong
