"""All the words of a study, one by one, and the study with other words in their places.

One walk over a study's definition serves both, so that what can be translated is what is replaced. Each text has a key
that stays its own while the study is edited: parts of lists are named by their source, not by their place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studyapp.core.engine.kinds import Kind, Parameter
from studyapp.core.questionnaires.entries import pairs
from studyapp.core.variants.reading import in_words

Say = Callable[[str, str], str]
Definition = dict[str, Any]
VARIANTS, QUESTIONNAIRES = "variants.", "questionnaires."
CLASSES, WORDS, TEXTS, PARAMETERS = "classes.", "words.", "texts.", "parameters."


@dataclass(frozen=True)
class Unit:
    """One text to translate. `where` says in words where participants meet it, `needed` whether it has to have one."""

    key: str
    source: str
    where: str
    needed: bool = True


def units(study_kind: Kind, definition: Definition) -> list[Unit]:
    """Return every text of a study's definition, in the order in which it is set up; empty ones are none."""
    return _noted(lambda say: worded(study_kind, definition, say))


def questionnaire_units(questionnaire: dict[str, Any]) -> list[Unit]:
    """Return every text of a questionnaire; empty ones are none."""
    return _noted(lambda say: _questionnaire(questionnaire, say))


def _noted(walk: Callable[[Say], object]) -> list[Unit]:
    found: dict[str, Unit] = {}

    def noted(key: str, source: str) -> str:
        if source.strip():
            found.setdefault(key, Unit(key, source, _where(key)))
        return source

    walk(noted)
    return list(found.values())


def worded(study_kind: Kind, definition: Definition, say: Say) -> Definition:
    """Return a definition with each of its texts as `say(key, text)` has it; what answers are stored by stays.

    An option that is stored by its own words becomes a pair of these and of what is said.
    """

    def translated(key: str, text: str) -> str:
        return say(key, text) if text.strip() else text

    spoken = definition | {
        "title": translated("title", definition["title"]),
        "texts": {key: translated(f"{TEXTS}{key}", text) for key, text in definition["texts"].items()},
        "parameters": definition["parameters"] | _parameters(study_kind, definition["parameters"], translated),
    }
    if asked := definition.get("questionnaires"):
        spoken["questionnaires"] = [_questionnaire(one, translated) for one in asked]
    if varied := definition.get("variants"):
        spoken["variants"] = [_variant(one, translated) for one in varied]
    return spoken


def _parameters(study_kind: Kind, values: dict[str, Any], say: Say) -> dict[str, Any]:
    return {
        one.name: _parameter(one, values[one.name], say)
        for one in study_kind.parameters
        if one.name in values and (one.spoken or any(column.spoken for column in one.columns))
    }


def _parameter(parameter: Parameter, value: Any, say: Say) -> Any:
    key = f"{PARAMETERS}{parameter.name}"
    if parameter.columns:
        columns = parameter.columns
        return [
            [
                say(f"{key}.{row[0]}.{column.name}", cell) if column.spoken else cell
                for column, cell in zip(columns, row, strict=True)
            ]
            for row in value
        ]
    if parameter.type == "text":
        return say(key, value)
    return [
        [one, say(f"{key}.{one}", one)] if parameter.spoken == "stored" else say(f"{key}.{one}", one) for one in value
    ]


def _questionnaire(one: dict[str, Any], say: Say) -> dict[str, Any]:
    key = f"{QUESTIONNAIRES}{one['name']}"
    own = {name: say(f"{key}.{name}", one[name]) for name in ("title", "intro")}
    return one | own | {"items": [_item(f"{key}.{item['code']}", item, say) for item in one["items"]]}


def _item(key: str, item: dict[str, Any], say: Say) -> dict[str, Any]:
    names = ("text", "hint", "low", "high", "unit")
    spoken = item | {name: say(f"{key}.{name}", item[name]) for name in names if item.get(name)}
    if "options" in item:
        spoken["options"] = [[value, say(f"{key}.options.{value}", label)] for value, label in pairs(item["options"])]
    if "labels" in item:
        spoken["labels"] = [say(f"{key}.labels.{label}", label) for label in item["labels"]]
    return spoken


def _variant(variant: dict[str, Any], say: Say) -> dict[str, Any]:
    """Return a complete variant as it is said; its keys name its conditions, so that they stay its own."""
    key = f"{VARIANTS}{in_words(variant['conditions']).replace('.', '·')}"
    return variant | {part: _each(f"{key}.{part}", variant[part], say) for part in ("texts", "questionnaires")}


def _each(key: str, value: Any, say: Say) -> Any:
    """Return all texts of an entry of a variant as they are said, whatever holds them."""
    if isinstance(value, dict):
        return {name: _each(f"{key}.{name}", one, say) for name, one in value.items()}
    if isinstance(value, list):
        return [_each(f"{key}.{one}", one, say) for one in value]
    return say(key, value) if isinstance(value, str) else value


def _where(key: str) -> str:
    """Return a key as a place in words: `texts.consent` → Text “consent”."""
    area, _, rest = key.partition(".")
    name, _, part = rest.partition(".")
    shown = name.replace("_", " ")
    match area:
        case "title":
            return "Title"
        case "texts":
            return f"Text “{shown}”"
        case "parameters":
            return f"Parameter “{shown}”"
        case "variants":
            return f"Wording where {name}, {part.split('.')[-1].replace('_', ' ')}"
    return f"Questionnaire “{shown}”" + (f", {part.split('.')[0].replace('_', ' ')}" if part else "")
