"""Check a study's parameters against what its kind declares."""

from typing import Any

from .kinds import Kind, Parameter

TYPES: dict[str, tuple[Any, str]] = {
    "text": (str, "a text"),
    "integer": (int, "a whole number"),
    "number": (int | float, "a number"),
    "boolean": (bool, "true or false"),
    "choice": (str, "one of its choices"),
    "list": (list, "a list"),
    "object": (dict, "a count by name"),
}


def problems(kind: Kind, values: dict[str, Any]) -> list[str]:
    """Return what is wrong with a study's parameters, one sentence each; those left out have their defaults."""
    known = {parameter.name: parameter for parameter in kind.parameters}
    found = []
    for name, value in values.items():
        if name not in known:
            found.append(f"Unknown parameter “{name}”; expected one of {', '.join(sorted(known))}.")
        elif expected := problem(known[name], value):
            found.append(f"Parameter “{name}”: expected {expected}, found {value!r}.")
    return found


def problem(parameter: Parameter, value: Any) -> str:
    """Return what was expected instead of `value`; empty when it fits."""
    type_, words = TYPES[parameter.type]
    if not isinstance(value, type_) or (isinstance(value, bool) and parameter.type != "boolean"):
        return words
    if parameter.choices and value not in parameter.choices:
        return "one of " + ", ".join(map(str, parameter.choices))
    if parameter.minimum is not None and value < parameter.minimum:
        return f"at least {parameter.minimum}"
    if parameter.maximum is not None and value > parameter.maximum:
        return f"at most {parameter.maximum}"
    if parameter.type == "object":
        return _counts_problem(parameter.default, value)
    if parameter.columns:
        return _rows_problem([column.name for column in parameter.columns], value)
    if parameter.type == "list" and not all(isinstance(item, str) for item in value):
        return "a list of texts"
    return ""


def in_words(value: Any) -> str:
    """Return a parameter's value as people write it: no brackets, quotes or commas of a programming language."""
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{count} {name}" for name, count in value.items())
        case [list(), *_]:
            return "; ".join(" – ".join(map(in_words, row)) for row in value)
        case list():
            return ", ".join(in_words(item).rstrip(".") for item in value)
    return str(value)


def _rows_problem(columns: list[str], rows: list[Any]) -> str:
    for number, row in enumerate(rows, start=1):
        cells = dict(zip(columns, row, strict=True)) if isinstance(row, list) and len(row) == len(columns) else {}
        empty = [name for name in columns if not (isinstance(cells.get(name), str) and cells[name].strip())]
        if empty:
            return f"{' and '.join(columns)} in each row; row {number} lacks {' and '.join(empty)}"
    return ""


def _counts_problem(default: dict[str, Any], value: dict[str, Any]) -> str:
    if set(value) <= set(default) and all(map(_is_count, value.values())):
        return ""
    return f"a whole number for each of {', '.join(default)}"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
