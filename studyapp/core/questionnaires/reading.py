"""Read questionnaires as a study or its file holds them: refuse what can't be asked, fill in what is left out."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from studyapp.core.engine.questions import Number, Question, Ranking, Slider, Words

from .entries import ITEM, NAME, NEEDED, OF_TYPE, QUESTIONNAIRE, Entry, expected, is_number
from .items import Item, bounds, question

MAX_QUESTIONNAIRES, MAX_ITEMS, MAX_CONTROLS = 50, 200, 2000
MAX_PROBLEMS = 20
TYPES = ", ".join(OF_TYPE)
# Columns that a questionnaire's step has beside its items.
OWN_COLUMNS = {"rt_ms", "passed", "failed_items", "attempt", "about"}


def complete(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return questionnaires without `problems` with every entry, those left out by default."""
    return [
        _filled(QUESTIONNAIRE, one) | {"items": [_filled(entries(item), item) for item in one["items"]]}
        for one in found
    ]


def entries(item: dict[str, Any]) -> tuple[Entry, ...]:
    """Return what an item of its type may hold, its type among them."""
    return (Entry("type", "choice", f"one of {TYPES}", choices=tuple(OF_TYPE)), *ITEM, *OF_TYPE[item["type"]])


def problems(given: Any, conditions: Collection[str], pages: Collection[str], taken: Collection[str]) -> list[str]:
    """Return why questionnaires can't be asked, in words that name questionnaire, item and entry; at most twenty.

    `conditions` are the study's, `pages` the names of its kind's pages and `taken` its tables' columns: neither may be
    a questionnaire's.
    """
    told = []
    for problem in _problems(given, conditions, pages, taken):
        told.append(problem)
        if len(told) == MAX_PROBLEMS:
            break
    return told


def _problems(given: Any, conditions: Collection[str], pages: Collection[str], taken: Collection[str]) -> Iterator[str]:
    if not isinstance(given, list) or len(given) > MAX_QUESTIONNAIRES:
        yield f"Questionnaires: expected a list of at most {MAX_QUESTIONNAIRES}."
        return
    for place, one in enumerate(given, start=1):
        wrong = list(_questionnaire(one, place, conditions))
        yield from wrong
        if wrong:
            return  # what follows needs them whole
    names = [one["name"] for one in given]
    for name in names:
        plain = re.sub(r"\d+$", "", name)
        if names.count(name) > 1:
            yield f"Questionnaire “{name}”: two have this name; expected one for each."
        elif name in pages:
            yield f"Questionnaire “{name}”: the study has a page of this name; expected another name."
        elif plain != name and plain.rstrip("_") in {*names, *pages}:
            yield f"Questionnaire “{name}”: expected another name than “{plain}” with a number."
    yield from _columns(complete(given), taken)


def _columns(found: list[dict[str, Any]], taken: Collection[str]) -> Iterator[str]:
    known = set(taken)
    for one in found:
        for column in [*(item["code"] for item in one["items"]), *(f"{scale}_score" for scale in scales(one))]:
            if f"{one['name']}_{column}" in known:
                yield f"Questionnaire “{one['name']}”, item “{column}”: the data has a column of this name already."
            known.add(f"{one['name']}_{column}")


def scales(questionnaire: dict[str, Any]) -> dict[str, list[Item]]:
    """Return a complete questionnaire's scales, each with its items."""
    found: dict[str, list[Item]] = {}
    for item in questionnaire["items"]:
        if item["scale"]:
            found.setdefault(item["scale"], []).append(item)
    return found


def _questionnaire(one: Any, place: int, conditions: Collection[str]) -> Iterator[str]:
    if not isinstance(one, dict):
        yield f"Questionnaire {place}: expected an object, found {one!r:.60}."
        return
    named = isinstance(one.get("name"), str) and NAME.fullmatch(one["name"])
    where = f"Questionnaire “{one['name']}”" if named else f"Questionnaire {place}"
    yield from (f"{where}: {sentence}" for sentence in map(_sentence, _entries(QUESTIONNAIRE, one, "items")))
    named_ones = one.get("conditions", [])
    strange = [name for name in named_ones if name not in conditions] if isinstance(named_ones, list) else []
    if strange:
        yield f"{where}: conditions: expected some of {', '.join(conditions)}, found {strange[0]!r:.60}."
    items = one.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        n = f", found {len(items)}" if isinstance(items, list) else ""
        yield f"{where}: items: expected a list of 1 to {MAX_ITEMS}{n}."
        return
    wrong = [problem for number, item in enumerate(items, start=1) for problem in _item(item, number, where)]
    yield from wrong or _together([_filled(entries(item), item) for item in items], where)


def _item(item: Any, number: int, where: str) -> Iterator[str]:
    if not isinstance(item, dict):
        yield f"{where}, item {number}: expected an object, found {item!r:.60}."
        return
    named = isinstance(item.get("code"), str) and NAME.fullmatch(item["code"])
    where = f"{where}, item “{item['code']}”" if named else f"{where}, item {number}"
    yield from (f"{where}: {sentence}" for sentence in map(_sentence, item_problems(item)))


def item_problems(item: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with one item by itself: the entry, empty for one that is unknown, and what was expected."""
    if item.get("type") not in list(OF_TYPE):
        return [("type", f"expected one of {TYPES}, found {item.get('type')!r:.60}.")]
    return list(_entries(entries(item), item)) or list(_alone(_filled(entries(item), item)))


def _sentence(problem: tuple[str, str]) -> str:
    return ": ".join(filter(None, problem))


def _entries(known: tuple[Entry, ...], given: dict[str, Any], *beside: str) -> Iterator[tuple[str, str]]:
    names = {entry.name: entry for entry in known}
    for name in given:
        if name not in names and name not in beside:
            yield "", f"unknown {name!r:.60}; expected some of {', '.join([*names, *beside])}."
    for name, entry in names.items():
        if name not in given:
            if entry.default is NEEDED:
                yield name, f"missing; expected {entry.description}."
        elif words := expected(entry, given[name]):
            yield name, f"expected {words}, found {given[name]!r:.60}."


def _alone(item: Item) -> Iterator[tuple[str, str]]:
    """Tell what is wrong with one item whose entries fit each for itself."""
    if item["code"] in OWN_COLUMNS:
        yield "code", f"expected none of {', '.join(sorted(OWN_COLUMNS))}, which the data has for itself."
    limits = bounds(item)
    if item["type"] in ("slider", "number") and item["min"] >= item["max"]:
        yield "max", f"expected more than min, found {item['max']!r}."
        return
    if item["type"] == "number" and item["whole"] and not all(float(item[end]).is_integer() for end in ("min", "max")):
        yield "min and max", "expected whole numbers, as its answers are."
    if item["type"] == "slider":
        steps = (item["max"] - item["min"]) / item["step"] if item["step"] > 0 else 0
        if not 1 <= steps <= 10_000 or abs(steps - round(steps)) > 1e-6:
            yield "step", f"expected to go from min to max in 1 to 10000 steps, found {item['step']!r}."
            return
    if item["scale"] and limits is None:
        yield "scale", f"expected an item of type likert, slider or number in a scale, found {item['type']}."
    if item["reverse"] and not item["scale"]:
        yield "reverse", "expected a scale in whose score it is turned round."
    if item["expected"] is not None and not is_answer(question(item), item["expected"]):
        yield "expected", f"expected an answer that can be given, found {item['expected']!r:.60}."


def _together(items: list[Item], where: str) -> Iterator[str]:
    """Tell what is wrong with items that fit each for itself."""
    codes = [item["code"] for item in items]
    before: dict[str, Item] = {}
    for item in items:
        at = f"{where}, item “{item['code']}”"
        if codes.count(item["code"]) > 1:
            yield f"{at}: code: two items have it; expected one for each."
        if item["show_if"] is not None:
            yield from _condition(item["show_if"], before, f"{at}: show_if")
        before[item["code"]] = item
    for name, of_scale in scales({"items": items}).items():
        if len({bounds(item) for item in of_scale}) > 1:
            ranges = ", ".join(dict.fromkeys("{:g} to {:g}".format(*(bounds(item) or (0, 0))) for item in of_scale))
            yield f"{where}, scale “{name}”: expected items with one range, found {ranges}."
        if f"{name}_score" in codes:
            yield f"{where}, item “{name}_score”: code: expected another; it is the column of the scale “{name}”."
    n_controls = sum(len(question(item).options({})) or 1 for item in items)
    if n_controls > MAX_CONTROLS:
        yield f"{where}: expected at most {MAX_CONTROLS} options in all, found {n_controls}."


def _condition(condition: dict[str, Any], before: dict[str, Item], at: str) -> Iterator[str]:
    about = before.get(condition["item"])
    if about is None:
        known = ", ".join(before) or "none"
        yield f"{at}: expected an item listed before it (here: {known}), found {condition['item']!r:.60}."
    elif about["type"] == "text":
        yield f"{at}: expected an item with answers to choose from or a number, found the text “{about['code']}”."
    elif "is" in condition:
        wanted = condition["is"] if isinstance(condition["is"], list) else [condition["is"]]
        asked = question(about)
        strange = [one for one in wanted if not is_answer(asked, [one] if asked.several else one, alone=True)]
        if strange or not wanted:
            yield f"{at}: is: expected answers to “{about['code']}”, found {(strange or wanted)[:1]!r:.60}."
    elif bounds(about) is None:
        yield f"{at}: at_least and at_most: expected an item answered by a number, found “{about['code']}”."


def is_answer(asked: Question, value: Any, *, alone: bool = False) -> bool:
    """Return whether a value is one that a question stores; of a ranking also one place `alone`."""
    if isinstance(asked, Words):
        return isinstance(value, str) and 0 < len(value.strip()) <= asked.maximum
    if isinstance(asked, Number):
        fits = is_number(value) and (isinstance(value, int) or not asked.whole)
        steps = (value - asked.minimum) / asked.step if fits and isinstance(asked, Slider) else 0
        return fits and asked.minimum <= value <= asked.maximum and abs(steps - round(steps)) < 1e-6
    options = list(asked.options({}))
    if not asked.several:
        return any(type(value) is type(option) and value == option for option in options)
    if not isinstance(value, list) or not value or not all(one in options for one in value):
        return False
    listed = [option for option in options if option in value]
    return alone or (sorted(value) == sorted(options) if isinstance(asked, Ranking) else value == listed)


def _filled(known: tuple[Entry, ...], given: dict[str, Any]) -> dict[str, Any]:
    return {entry.name: given.get(entry.name, entry.default) for entry in known}
