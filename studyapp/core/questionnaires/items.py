"""Items: what a definition holds becomes a question of the engine, from which form, column and levels follow."""

from collections.abc import Callable
from typing import Any

from studyapp.core.engine.questions import (
    MAX_TEXT,
    Choice,
    Number,
    Question,
    Ranking,
    Scale,
    Several,
    Slider,
    Words,
)

from .entries import pairs

Item = dict[str, Any]
SHORT = 200
LINES = {False: 1, True: 5}


def question(item: Item) -> Question:
    """Return the question of a complete item; what participants read stands in the item, as it may be varied."""
    return _MAKERS[item["type"]](item, _shared(item))


def bounds(item: Item) -> tuple[float, float] | None:
    """Return the least and the greatest number that an item can be answered with; None where it has none."""
    if item["type"] == "likert":
        return item["first"], item["first"] + len(item["labels"]) - 1
    return (item["min"], item["max"]) if item["type"] in ("slider", "number") else None


def scored(item: Item, answer: Any) -> float | None:
    """Return an answer as a number of its scale, reverse-coded ones turned round; None where it is none."""
    found = bounds(item)
    if found is None or answer is None:
        return None
    low, high = found
    number: float = low + high - answer if item["reverse"] else answer
    return number


def label(item: Item, answer: Any) -> str:
    """Return what an answer reads like; empty where it says it itself."""
    levels = question(item).levels({})
    given = answer if isinstance(answer, list) else [answer]
    return " | ".join(str(levels[one]) for one in given if one in levels)


def shown(items: list[Item], answers: dict[str, Any]) -> list[str]:
    """Return the codes of the items that are asked, given the answers so far; an item's condition stands before it."""
    asked: dict[str, Item] = {}
    for item in items:
        condition = item["show_if"]
        about = condition and asked.get(condition["item"])
        if condition is None or (about and holds(condition, answers.get(about["code"]), about)):
            asked[item["code"]] = item
    return list(asked)


def holds(condition: dict[str, Any], answer: Any, about: Item) -> bool:
    """Return whether an item's answer meets a condition: of several choices any, of a ranking its first place."""
    if answer is None or answer == "" or answer == []:
        return False
    if "is" in condition:
        wanted = condition["is"] if isinstance(condition["is"], list) else [condition["is"]]
        given = answer if isinstance(answer, list) else [answer]
        given = given[:1] if about["type"] == "ranking" else given
        return any(one in wanted for one in given)
    return bool(condition.get("at_least", answer) <= answer <= condition.get("at_most", answer))


def _shared(item: Item) -> dict[str, Any]:
    return {"required": item["required"], "right": item["expected"], "decides": item["expected"] is not None}


def _described(item: Item) -> str:
    text: str = item["text"]
    if item["scale"]:
        text += f" (scale {item['scale']}{', reverse-coded' if item['reverse'] else ''})"
    return text


def _choice(kind: type[Choice]) -> Callable[[Item, dict[str, Any]], Question]:
    return lambda item, shared: kind(item["code"], _described(item), given=tuple(pairs(item["options"])), **shared)


def _likert(item: Item, shared: dict[str, Any]) -> Question:
    return Scale(item["code"], _described(item), labels=tuple(item["labels"]), first=item["first"], **shared)


def _slider(item: Item, shared: dict[str, Any]) -> Question:
    whole = all(float(item[name]).is_integer() for name in ("min", "max", "step"))
    return Slider(
        item["code"],
        _described(item),
        minimum=item["min"],
        maximum=item["max"],
        step=item["step"],
        whole=whole,
        low=item["low"],
        high=item["high"],
        **shared,
    )


def _number(item: Item, shared: dict[str, Any]) -> Question:
    limits = {"minimum": item["min"], "maximum": item["max"], "whole": item["whole"], "unit": item["unit"]}
    return Number(item["code"], _described(item), **limits, **shared)


def _text(item: Item, shared: dict[str, Any]) -> Question:
    longest = MAX_TEXT if item["long"] else SHORT
    return Words(item["code"], _described(item), rows=LINES[item["long"]], maximum=longest, **shared)


_MAKERS: dict[str, Callable[[Item, dict[str, Any]], Question]] = {
    "choice": _choice(Choice),
    "choices": _choice(Several),
    "ranking": _choice(Ranking),
    "likert": _likert,
    "slider": _slider,
    "number": _number,
    "text": _text,
}
