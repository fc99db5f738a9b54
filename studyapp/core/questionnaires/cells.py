"""An item as a row of a table, in text that people write: what is edited at the desk, or comes as a table.

A cell of answers has a line for each option or label, `value = label` where the two differ; of a number or slider, a
line for each entry, `min = 0`. A condition reads `used = yes | maybe`, or `age >= 18 <= 30`. What can't be written so
stands as JSON, so that every item has its row and every row its item.
"""

import json
import re
from typing import Any

from .entries import OF_TYPE, Entry
from .items import Item
from .reading import entries

COLUMNS = ("code", "type", "text", "hint", "answers", "scale", "reverse", "required", "show_if", "expected")
YES_NO = {True: "yes", False: "no"}
BOUND = re.compile(r"(>=|<=)\s*(\S+)")
LISTED = " | "


def row_of(item: dict[str, Any]) -> dict[str, str]:
    """Return a whole item as a row's cells."""
    known = {entry.name: item.get(entry.name, entry.default) for entry in entries(item)}
    return {
        **{name: str(known[name] or "") for name in ("code", "type", "text", "hint", "scale")},
        "answers": "\n".join(_lines(known)),
        "reverse": YES_NO[known["reverse"]],
        "required": YES_NO[known["required"]],
        "show_if": _condition_words(known["show_if"]) if known["show_if"] else "",
        "expected": "" if known["expected"] is None else _value_words(known["expected"]),
    }


def item_of(row: dict[str, str]) -> dict[str, Any]:
    """Return what a row's cells say of an item, entries that are as by default left out; it may yet be refused.

    Values are numbers where their item's are, see `settled`.
    """
    kind = row.get("type", "")
    found: dict[str, Any] = {name: row.get(name, "") for name in ("code", "type", "text")}
    found |= {name: row[name] for name in ("hint", "scale") if row.get(name)}
    for name, default in (("reverse", False), ("required", True)):
        value = {"yes": True, "no": False, "": default}.get(row.get(name, ""), row.get(name))
        found |= {name: value} if value != default else {}
    if row.get("show_if"):
        found["show_if"] = _condition(row["show_if"])
    if row.get("expected"):
        found["expected"] = _value(row["expected"])
    return found | _answers(OF_TYPE.get(kind, ()), row.get("answers", ""))


def settled(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return items with the values of conditions and checks as their item stores them: texts, numbers, or lists."""
    types = {item["code"]: item.get("type") for item in items}
    found = []
    for item in items:
        own = dict(item)
        if "expected" in own:
            own["expected"] = _as(own.get("type"), own["expected"])
        condition = own.get("show_if")
        if isinstance(condition, dict) and "is" in condition:
            wanted = condition["is"] if isinstance(condition["is"], list) else [condition["is"]]
            wanted = [_as(_single(types.get(condition.get("item"))), one) for one in wanted]
            own["show_if"] = condition | {"is": wanted[0] if len(wanted) == 1 else wanted}
        found.append(own)
    return found


def _lines(item: Item) -> list[str]:
    if "labels" in item:
        return [
            _option([str(number), label]) if item["first"] != 1 and number == item["first"] else _label(label)
            for number, label in enumerate(item["labels"], start=item["first"])
        ]
    if "options" in item:
        return [_label(one) if isinstance(one, str) else _option(one) for one in item["options"]]
    shown = {entry.name: item[entry.name] for entry in OF_TYPE[item["type"]] if item[entry.name] != entry.default}
    return [f"{name} = {YES_NO[value] if isinstance(value, bool) else value}" for name, value in shown.items()]


def _label(words: str) -> str:
    plain = "=" not in words and not words.startswith("[") and words == words.strip() and "\n" not in words
    return words if plain else json.dumps([words, words], ensure_ascii=False)


def _option(pair: list[str]) -> str:
    value, label = pair
    plain = all(_label(words) == words for words in pair)
    return f"{value} = {label}" if plain else json.dumps([value, label], ensure_ascii=False)


def _answers(known: tuple[Entry, ...], cell: str) -> dict[str, Any]:
    lines = [line.strip() for line in cell.splitlines() if line.strip()]
    names = {entry.name: entry for entry in known}
    if "options" in names:
        return {"options": [_read_option(line) for line in lines]}
    if "labels" in names:
        return _points([_read_option(line) for line in lines])
    found: dict[str, Any] = {}
    for line in lines:
        name, _, value = (part.strip() for part in line.partition("="))
        entry = names.get(name)
        found[name if entry else line] = _typed(entry, value) if entry else value
    return found


def _points(read: list[str | list[str]]) -> dict[str, Any]:
    """Return labels and their first number; numbers that don't follow one another stay with them, to be refused."""
    numbers = [_number(one[0]) if isinstance(one, list) else None for one in read]
    first = numbers[0] if numbers and isinstance(numbers[0], int) else 1
    if any(number not in (None, first + place) for place, number in enumerate(numbers)):
        return {"labels": read}
    labels = [one if isinstance(one, str) else one[-1] for one in read]
    return {"labels": labels} | ({"first": first} if first != 1 else {})


def _read_option(line: str) -> str | list[str]:
    if line.startswith("["):
        try:
            value, label = json.loads(line)
        except (ValueError, TypeError, RecursionError):
            return line
        return str(value) if value == label else [str(value), str(label)]
    value, equals, label = (part.strip() for part in line.partition(" = " if " = " in line else "="))
    return [value, label] if equals and value and label else line


def _typed(entry: Entry, cell: str) -> Any:
    if entry.type == "boolean":
        return {"yes": True, "no": False}.get(cell, cell)
    return _number(cell) if entry.type in ("number", "integer") else cell


def _number(cell: str) -> Any:
    for read in (int, float):
        try:
            return read(cell)
        except ValueError:
            continue
    return cell


def _condition_words(condition: dict[str, Any]) -> str:
    item = condition["item"]
    if "is" in condition:
        wanted = condition["is"] if isinstance(condition["is"], list) else [condition["is"]]
        return f"{item} = {_value_words(wanted)}"
    bounds = (("at_least", ">="), ("at_most", "<="))
    return " ".join([item, *(f"{sign} {condition[name]}" for name, sign in bounds if name in condition)])


def _condition(cell: str) -> Any:
    item, _, wanted = (part.strip() for part in cell.partition("="))
    if wanted and re.fullmatch(r"\w+", item):
        return {"item": item, "is": _value(wanted)}
    found = {">=": "at_least", "<=": "at_most"}
    bounds = {found[sign]: _number(number) for sign, number in BOUND.findall(cell)}
    return {"item": re.split(r"\s|[<>]", cell.strip())[0], **bounds} if bounds else cell


def _value_words(value: Any) -> str:
    values = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    plain = all("|" not in one and not one.startswith("[") and one.strip() == one and "\n" not in one for one in values)
    return LISTED.join(values) if plain else json.dumps(values, ensure_ascii=False)


def _value(cell: str) -> Any:
    if cell.startswith("["):
        try:
            read: Any = json.loads(cell)
        except (ValueError, RecursionError):
            return cell
        return read[0] if len(read) == 1 else read
    parts = [part.strip() for part in cell.split("|")]
    return parts[0] if len(parts) == 1 else parts


def _single(kind: str | None) -> str | None:
    return "choice" if kind in ("choices", "ranking") else kind


def _as(kind: str | None, value: Any) -> Any:
    if kind in ("likert", "slider", "number") and isinstance(value, str):
        return _number(value)
    return [value] if kind in ("choices", "ranking") and isinstance(value, str) else value
