"""The JSON Schema of questionnaires in a study's file, written from what their definitions may hold."""

from collections.abc import Callable
from typing import Any

from .entries import CHOICE_WORDS, ITEM, MAX_LABEL, NAME, NEEDED, OF_TYPE, QUESTIONNAIRE, Entry
from .reading import MAX_ITEMS, MAX_QUESTIONNAIRES

Schema = dict[str, Any]
LABEL = {"type": "string", "pattern": r"\S", "maxLength": MAX_LABEL}
ANSWER = {"type": ["string", "number"]}


def schema() -> Schema:
    """Return the schema of a study's questionnaires."""
    of_types = [_object(entries, {"type": {"const": name}}) for name, entries in OF_TYPE.items()]
    items = {"type": "array", "minItems": 1, "maxItems": MAX_ITEMS, "items": {"anyOf": of_types}}
    return {
        "type": "array",
        "description": "the researchers' own questions",
        "maxItems": MAX_QUESTIONNAIRES,
        "items": _object(QUESTIONNAIRE, {"items": items}, shared=()),
    }


def _object(entries: tuple[Entry, ...], beside: Schema, shared: tuple[Entry, ...] = ITEM) -> Schema:
    known = (*shared, *entries)
    return {
        "type": "object",
        "properties": {**beside, **{entry.name: _entry(entry) for entry in known}},
        "required": [*beside, *(entry.name for entry in known if entry.default is NEEDED)],
        "additionalProperties": False,
    }


def _entry(entry: Entry) -> Schema:
    default = {} if entry.default is NEEDED else {"default": entry.default}
    choices = ", ".join(f"{CHOICE_WORDS[choice]} ({choice})" for choice in entry.choices)
    described = f"{entry.description}: {choices}" if choices else entry.description
    return {"description": described, **default, **_TYPES[entry.type](entry)}


def _name(entry: Entry) -> Schema:
    empty = "" if entry.default is NEEDED else "|"
    return {"type": "string", "pattern": f"^({NAME.pattern}{empty})$", "maxLength": int(entry.maximum or 0)}


def _text(entry: Entry) -> Schema:
    needed = {"pattern": r"\S"} if entry.default is NEEDED else {}
    return {"type": "string", "maxLength": int(entry.maximum or 0), **needed}


def _integer(entry: Entry) -> Schema:
    return {"type": "integer", "minimum": entry.minimum, "maximum": entry.maximum}


def _listed(entry: Entry) -> Schema:
    pair = {"type": "array", "prefixItems": [LABEL, LABEL], "items": False, "minItems": 2}
    one = {"anyOf": [LABEL, pair]} if entry.type == "options" else LABEL
    return {"type": "array", "items": one, "minItems": 2, "maxItems": int(entry.maximum or 0), "uniqueItems": True}


def _condition(entry: Entry) -> Schema:
    number = {"type": "number"}
    values = {"anyOf": [ANSWER, {"type": "array", "items": ANSWER, "minItems": 1}]}
    return {
        "type": ["object", "null"],
        "properties": {"item": {"type": "string"}, "is": values, "at_least": number, "at_most": number},
        "required": ["item"],
        "minProperties": 2,
        "additionalProperties": False,
    }


_TYPES: dict[str, Callable[[Entry], Schema]] = {
    "name": _name,
    "text": _text,
    "boolean": lambda entry: {"type": "boolean"},
    "integer": _integer,
    "number": lambda entry: {"type": "number"},
    "choice": lambda entry: {"enum": list(entry.choices)},
    "names": lambda entry: {"type": "array", "items": {"type": "string"}},
    "labels": _listed,
    "options": _listed,
    "show_if": _condition,
    "answer": lambda entry: {
        "anyOf": [ANSWER, {"type": "null"}, {"type": "array", "items": {"type": "string"}}],
    },
}
