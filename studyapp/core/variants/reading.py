"""Read a study's wording by condition: refuse, by name, what nobody could be shown."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from studyapp.core.engine import fillings
from studyapp.core.engine.kinds import Kind
from studyapp.core.engine.questions import text_key
from studyapp.core.questionnaires import reading
from studyapp.core.questionnaires.entries import QUESTIONNAIRE
from studyapp.core.questionnaires.items import Item

from .applied import NAME, Record, reworded

ENTRY = "entry"
WORDS = ("text", "labels", "options")  # the types of entries that participants read
MAX_VARIANTS, MAX_PROBLEMS = 100, 20
ENTRIES = ("conditions", "texts", "questionnaires")


@dataclass(frozen=True)
class Around:
    """What a study has to be worded: its kind, the levels of each factor by name, and its questionnaires as given."""

    study_kind: Kind
    levels: Mapping[str, Collection[str]]
    questionnaires: list[Record] = field(default_factory=list)


def complete(found: list[Record]) -> list[Record]:
    """Return variants without `problems` in one form: a list of conditions, and a list of levels for each factor."""
    return [
        {
            "conditions": [_lists(condition) for condition in _listed(one["conditions"])],
            "texts": one.get("texts", {}),
            "questionnaires": one.get("questionnaires", {}),
        }
        for one in found
    ]


def problems(found: Any, around: Around) -> list[str]:
    """Return what is wrong with a study's variants, in words that name variant, factor, level and text; at most 20."""
    if not isinstance(found, list) or len(found) > MAX_VARIANTS:
        return [f"Wording by condition: expected a list of at most {MAX_VARIANTS}."]
    told = [problem for place, one in enumerate(found, start=1) for problem in _variant(one, place, around)]
    return (told or list(_twice(complete(found))))[:MAX_PROBLEMS]


def in_words(conditions: Sequence[Mapping[str, list[str]]]) -> str:
    """Return complete conditions in words: `heatmap lrp or cam, scores shown; or heatmap none`."""
    told = [
        ", ".join(f"{factor} {' or '.join(levels)}" for factor, levels in sorted(one.items())) for one in conditions
    ]
    return "; or ".join(told)


def readings(definition: Record) -> dict[str, Record]:
    """Return a definition's questionnaires as they are read: as usual, under "", and by each variant's conditions."""
    usual = reading.complete(definition.get("questionnaires", []))
    found = {"": {"questionnaires": usual}}
    for variant in definition.get(NAME, ()):
        if variant["questionnaires"]:
            where = in_words(variant["conditions"])
            before = found.get(where, found[""])["questionnaires"]
            found[where] = {"questionnaires": reworded(before, variant["questionnaires"])}
    return found


def words_of(given: Record) -> tuple[str, ...]:
    """Return the names of the entries of an item, or of a questionnaire, that participants read."""
    known = reading.entries(given) if "type" in given else QUESTIONNAIRE
    return tuple(entry.name for entry in known if entry.type in WORDS)


def targets(variant: Record) -> list[tuple[str, ...]]:
    """Return what a complete variant words: texts, and the parts of questionnaires, each by its path."""
    found: list[tuple[str, ...]] = [("texts", key) for key in variant["texts"]]
    for name, own in variant["questionnaires"].items():
        found += [("questionnaires", name, entry) for entry in own if entry != "items"]
        found += [
            ("questionnaires", name, code, entry) for code, of_item in own.get("items", {}).items() for entry in of_item
        ]
    return found


def path_in_words(path: tuple[str, ...]) -> str:
    """Return what a variant words, as people call it: `text “task”`, `questionnaire “trust”, item “t1”, labels`."""
    where, name, *parts = path
    if where == "texts":
        return f"text “{name}”"
    item = f", item “{parts[0]}”" if len(parts) > 1 else ""
    return f"questionnaire “{name}”{item}, {parts[-1]}"


def _listed(conditions: Any) -> list[Any]:
    return conditions if isinstance(conditions, list) else [conditions]


def _lists(condition: Mapping[str, Any]) -> dict[str, list[str]]:
    return {factor: levels if isinstance(levels, list) else [levels] for factor, levels in condition.items()}


def _variant(one: Any, place: int, around: Around) -> Iterator[str]:
    at = f"Wording by condition {place}"
    if not isinstance(one, dict) or not {"conditions"} < {*one} <= {*ENTRIES}:
        yield f"{at}: expected an object with conditions, and texts, questionnaires or both; found {one!r:.80}."
        return
    for part in ENTRIES[1:]:
        if not isinstance(one.get(part, {}), dict):
            yield f"{at}: {part}: expected an object, found {one[part]!r:.60}."
            return
    wrong = list(_conditions(one["conditions"], around))
    yield from (f"{at}: {problem}" for problem in wrong)
    if wrong:
        return
    at = f"{at} ({in_words(complete([one])[0]['conditions'])})"
    yield from (f"{at}: {problem}" for problem in _texts(one.get("texts", {}), around.study_kind))
    yield from (f"{at}: {problem}" for problem in _questionnaires(one.get("questionnaires", {}), around))


def _conditions(conditions: Any, around: Around) -> Iterator[str]:
    listed = _listed(conditions)
    if not listed or not all(isinstance(one, dict) and one for one in listed):
        yield f"conditions: expected factors with their levels, or a list of such; found {conditions!r:.80}."
        return
    for factor, levels in ((name, levels) for one in listed for name, levels in one.items()):
        if factor not in around.levels:
            yield f"conditions: unknown factor “{factor}”; {_meant(factor, around.levels)}"
            continue
        for level in levels if isinstance(levels, list) and levels else [levels]:
            if level not in around.levels[factor]:
                yield f"conditions: {factor}: no condition has {level!r:.60}; {_meant(level, around.levels[factor])}"


def _texts(texts: Record, study_kind: Kind) -> Iterator[str]:
    known = study_kind.texts()
    for key, text in texts.items():
        if key not in known:
            yield f"unknown text “{key}”; {_meant(key, known)}"
        elif key == ENTRY:
            yield f"text “{key}”: it stands at the front door, before anybody has a condition; expected another text."
        elif not isinstance(text, str):
            yield f"text “{key}”: expected a text, found {text!r:.60}."
    asked = {text_key(page.name, question) for page in study_kind.pages for question in page.questions}
    given = {key: text for key, text in texts.items() if isinstance(text, str)}
    for key in (key for key, text in given.items() if key in asked and not text.strip()):
        yield f"text “{key}”: expected the words of a question; it is empty."
    yield from (f"text “{key}”: {problem}" for key, problem in fillings.problems(study_kind, given).items())


def _questionnaires(own: Record, around: Around) -> Iterator[str]:
    known = {one["name"]: one for one in reading.complete(around.questionnaires)}
    for name, words in own.items():
        if name not in known:
            yield f"unknown questionnaire “{name}”; {_meant(name, known)}"
            continue
        wrong = list(_of_questionnaire(words, known[name]))
        if not wrong:
            (changed,) = reworded([known[name]], {name: words})
            wrong = reading.problems([changed], changed["conditions"], (), ())
        yield from wrong


def _of_questionnaire(words: Any, usual: Record) -> Iterator[str]:
    at = f"questionnaire “{usual['name']}”"
    allowed = (*words_of(usual), "items")
    if not isinstance(words, dict) or not isinstance(words.get("items", {}), dict):
        yield f"{at}: expected an object, with items by their codes; found {words!r:.60}."
        return
    yield from (f"{at}: unknown “{entry}”; {_meant(entry, allowed)}" for entry in words if entry not in allowed)
    items = {item["code"]: item for item in usual["items"]}
    for code, of_item in words.get("items", {}).items():
        if code not in items:
            yield f"{at}: unknown item “{code}”; {_meant(code, items)}"
        elif not isinstance(of_item, dict):
            yield f"{at}, item “{code}”: expected an object, found {of_item!r:.60}."
        else:
            yield from (f"{at}, item “{code}”: {problem}" for problem in _of_item(of_item, items[code]))


def _of_item(own: Record, item: Item) -> Iterator[str]:
    allowed = words_of(item)
    yield from (f"unknown “{entry}”; {_meant(entry, allowed)}" for entry in own if entry not in allowed)
    if "labels" in own and "labels" in allowed:
        given, n = own["labels"], len(item["labels"])
        if not isinstance(given, list) or len(given) != n:
            yield f"labels: expected {n}, as usual; found {given!r:.60}."
    if "options" in own and "options" in allowed:
        values = [one if isinstance(one, str) else one[0] for one in item["options"]]
        if not isinstance(own["options"], dict):
            yield f"options: expected an object of stored value and label, found {own['options']!r:.60}."
            return
        unknown = [value for value in own["options"] if value not in values]
        yield from (f"options: unknown value “{value}”; {_meant(value, values)}" for value in unknown)


def _twice(variants: list[Record]) -> Iterator[str]:
    """Yield what two variants would both word for the same people."""
    for second, later in enumerate(variants, start=1):
        for first, earlier in enumerate(variants[: second - 1], start=1):
            met = [
                both for one in earlier["conditions"] for other in later["conditions"] if (both := _both(one, other))
            ]
            for path in [path for path in targets(later) if met and path in targets(earlier)]:
                where = in_words(met[:1])
                both_have = f"Wording by condition {first} and {second} both have words for {path_in_words(path)}"
                yield f"{both_have} where {where}; expected one."


def _both(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the levels at which two conditions hold together; none where they exclude each other."""
    together = dict(one) | {
        name: [level for level in levels if level in one.get(name, levels)] for name, levels in other.items()
    }
    return together if all(together.values()) else {}


def _meant(found: Any, known: Collection[str]) -> str:
    near = get_close_matches(str(found), known, n=1)
    return f"did you mean “{near[0]}”?" if near else f"expected one of {', '.join(known) or 'none'}."
