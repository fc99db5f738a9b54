"""The JSON Schema of wording by condition in a study's file, from the entries that questionnaires declare."""

from typing import Any

from studyapp.core.questionnaires.entries import ITEM, MAX_LABEL, OF_TYPE, QUESTIONNAIRE, Entry

from .reading import MAX_VARIANTS, WORDS

Schema = dict[str, Any]
LEVEL = {"type": "string", "minLength": 1}
LEVELS = {"anyOf": [LEVEL, {"type": "array", "items": LEVEL, "minItems": 1}]}
CONDITION = {"type": "object", "minProperties": 1, "additionalProperties": LEVELS}
LABEL = {"type": "string", "pattern": r"\S", "maxLength": MAX_LABEL}


def schema() -> Schema:
    """Return the schema of a study's variants; which texts there are is told by kind."""
    items = {entry.name: _words(entry) for entry in (*ITEM, *(one for own in OF_TYPE.values() for one in own))}
    of_item = _object({name: words for name, words in items.items() if words})
    above = {entry.name: words for entry in QUESTIONNAIRE if (words := _words(entry))}
    questionnaire = _object(above | {"items": {"type": "object", "additionalProperties": of_item}})
    one = _object(
        {
            "conditions": {
                "description": "factors with their levels, or a list of such, any of which will do",
                "anyOf": [CONDITION, {"type": "array", "items": CONDITION, "minItems": 1}],
            },
            "texts": {"type": "object", "additionalProperties": {"type": "string"}},
            "questionnaires": {"type": "object", "additionalProperties": questionnaire},
        }
    )
    return {
        "type": "array",
        "description": "other wording by condition",
        "maxItems": MAX_VARIANTS,
        "items": one | {"required": ["conditions"]},
    }


def _words(entry: Entry) -> Schema:
    if entry.type not in WORDS:
        return {}
    about = {"description": entry.description}
    match entry.type:
        case "labels":
            return about | {"type": "array", "items": LABEL, "minItems": 2, "maxItems": int(entry.maximum or 0)}
        case "options":
            return {"description": "labels by the values stored", "type": "object", "additionalProperties": LABEL}
    return about | {"type": "string", "maxLength": int(entry.maximum or 0)}


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}
