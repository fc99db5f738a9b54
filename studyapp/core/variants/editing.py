"""Other words for one text or questionnaire at a time, as the desk edits them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from studyapp.core.questionnaires.entries import pairs

from .applied import Record
from .reading import complete, words_of

Condition = dict[str, list[str]]
NAMES = {"text": "question or statement", "low": "left end", "high": "right end"}


@dataclass(frozen=True)
class Unit:
    """Some words that can be others: their place (`title`, `t1.text`, `t1.labels.0`), what they are, and as usual."""

    place: str
    label: str
    usual: str


@dataclass(frozen=True)
class Wording:
    """Other words for one thing and the conditions in which they are read; `words` by the units' places."""

    conditions: list[Condition]
    words: dict[str, str]


def text_units(text: str) -> list[Unit]:
    """Return the one unit that a study's text is."""
    return [Unit("text", "Text", text)]


def units(questionnaire: Record) -> list[Unit]:
    """Return the words of a complete questionnaire, in the order in which they are read."""
    above = [Unit(name, name, questionnaire[name]) for name in words_of(questionnaire)]
    return [*above, *(unit for item in questionnaire["items"] for unit in _of_item(item))]


def _of_item(item: Record) -> Iterator[Unit]:
    code = item["code"]
    for name in words_of(item):
        if name == "labels":
            for place, label in enumerate(item["labels"]):
                yield Unit(f"{code}.labels.{place}", f"{code}: label {place + item['first']}", label)
        elif name == "options":
            for value, label in pairs(item["options"]):
                yield Unit(f"{code}.options.{value}", f"{code}: option {value}", label)
        elif item[name] or name == "text":
            yield Unit(f"{code}.{name}", f"{code}: {NAMES.get(name, name)}", item[name])


def of_text(variants: list[Record], key: str) -> list[Wording]:
    """Return the other wordings of a text in complete variants."""
    return [Wording(one["conditions"], {"text": one["texts"][key]}) for one in variants if key in one["texts"]]


def of_questionnaire(variants: list[Record], name: str) -> list[Wording]:
    """Return the other wordings of a questionnaire in complete variants."""
    own = [(one["conditions"], one["questionnaires"].get(name)) for one in variants]
    return [Wording(conditions, _placed(words)) for conditions, words in own if words]


def _placed(words: Record) -> dict[str, str]:
    found = {name: text for name, text in words.items() if name != "items"}
    for code, of_item in words.get("items", {}).items():
        for name, given in of_item.items():
            parts: dict[Any, str] = given if isinstance(given, dict) else {}
            parts = dict(enumerate(given)) if isinstance(given, list) else parts
            found |= {f"{code}.{name}.{place}": text for place, text in parts.items()} or {f"{code}.{name}": given}
    return found


def with_text(variants: list[Record], key: str, wordings: list[Wording]) -> list[Record]:
    """Return complete variants in which a text has these other wordings and no more."""
    found = [one | {"texts": {name: text for name, text in one["texts"].items() if name != key}} for one in variants]
    for one in wordings:
        of_conditions(found, one.conditions)["texts"][key] = one.words["text"]
    return _in_use(found)


def with_questionnaire(variants: list[Record], usual: Record, wordings: list[Wording]) -> list[Record]:
    """Return complete variants in which a questionnaire, as usual, has these other wordings and no more."""
    name = usual["name"]
    found = [
        one | {"questionnaires": {other: own for other, own in one["questionnaires"].items() if other != name}}
        for one in variants
    ]
    for one in wordings:
        of_conditions(found, one.conditions)["questionnaires"][name] = _patch(usual, one.words)
    return _in_use(found)


def of_conditions(variants: list[Record], conditions: list[Condition]) -> Record:
    """Return the variant with these conditions, added where there is none."""
    for one in variants:
        if one["conditions"] == conditions:
            return one
    (added,) = complete([{"conditions": conditions, "texts": {}, "questionnaires": {}}])
    variants.append(added)
    return added


def _patch(usual: Record, words: Mapping[str, str]) -> Record:
    changed: Record = {name: words[name] for name in words_of(usual) if name in words}
    items = {}
    for item in usual["items"]:
        own: Record = {}
        for unit in _of_item(item):
            _, name, *place = unit.place.split(".", 2)
            if unit.place not in words:
                continue
            if name == "labels":
                own.setdefault(name, list(item["labels"]))[int(place[0])] = words[unit.place]
            elif name == "options":
                own.setdefault(name, {})[place[0]] = words[unit.place]
            else:
                own[name] = words[unit.place]
        if own:
            items[item["code"]] = own
    return changed | ({"items": items} if items else {})


def _in_use(variants: list[Record]) -> list[Record]:
    return [one for one in variants if one["texts"] or one["questionnaires"]]
