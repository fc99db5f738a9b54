"""What the definition of a questionnaire may hold, declared once: refusals and the schema of study files follow."""

import re
from dataclasses import dataclass
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
HTML = re.compile(r"</?[a-zA-Z][^<>]*>|<!--")
MAX_NAME, MAX_LABEL = 40, 200
PLACE_WORDS = {
    "start": "right after consent",
    "before": "before the first trial",
    "after_trial": "after every trial",
    "after_block": "after every block, round or stage",
    "after": "after the last trial",
    "end": "last of all",
}
ORDER_WORDS = {"fixed": "as listed", "random": "drawn for each run", "counterbalanced": "counterbalanced"}
FAILED_WORDS = {
    "record": "go on",
    "retry": "go on after so many attempts",
    "screen_out": "screen out after so many attempts",
}
CHOICE_WORDS = PLACE_WORDS | ORDER_WORDS | FAILED_WORDS
NEEDED = object()


@dataclass(frozen=True)
class Entry:
    """One entry of a definition; without a `default` it is needed.

    `type` is one of name, text, boolean, integer, number, choice, names, labels, options, show_if and answer. `maximum`
    bounds a number, the length of a text, or the number of a list's entries.
    """

    name: str
    type: str
    description: str
    default: Any = NEEDED
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


QUESTIONNAIRE = (
    Entry("name", "name", "its name in the data, as in trust; letters, digits and underscores", maximum=MAX_NAME),
    Entry(
        "place",
        "choice",
        "when it is asked",
        "after",
        choices=tuple(PLACE_WORDS),
    ),
    Entry("title", "text", "its heading", "", maximum=MAX_LABEL),
    Entry("intro", "text", "what stands above the first items, in Markdown", "", maximum=5000),
    Entry(
        "order",
        "choice",
        "the order of its items",
        "fixed",
        choices=tuple(ORDER_WORDS),
    ),
    Entry("per_page", "integer", "how many items stand on a page; 0: all", 0, minimum=0, maximum=200),
    Entry("conditions", "names", "the conditions in which it is asked; none: all", []),
    Entry(
        "failed",
        "choice",
        "what follows where a right answer is missed",
        "record",
        choices=tuple(FAILED_WORDS),
    ),
    Entry(
        "attempts", "integer", "how often it is asked at most where a right answer is missed", 1, minimum=1, maximum=5
    ),
)

ITEM = (
    Entry("code", "name", "its name in the data, as in trust_1", maximum=MAX_NAME),
    Entry("text", "text", "the question or statement, in plain words", maximum=1000),
    Entry("hint", "text", "what stands below it", "", maximum=1000),
    Entry("required", "boolean", "whether it needs an answer", True),
    Entry("scale", "name", "the scale that it belongs to", "", maximum=MAX_NAME),
    Entry("reverse", "boolean", "whether it is turned round in its scale's score", False),
    Entry("show_if", "show_if", "another item, listed before it, and the answers to that on which it is asked", None),
    Entry("expected", "answer", "the one right answer of an attention or comprehension check", None),
)

OPTIONS = Entry("options", "options", "the options: texts, or pairs of the value stored and its label", maximum=50)
OF_TYPE: dict[str, tuple[Entry, ...]] = {
    "choice": (OPTIONS,),
    "choices": (OPTIONS,),
    "ranking": (Entry("options", "options", OPTIONS.description, maximum=12),),
    "likert": (
        Entry("labels", "labels", "the points' labels, the lowest first", maximum=11),
        Entry("first", "integer", "the number that stands for the first label", 1, minimum=-5, maximum=5),
    ),
    "slider": (
        Entry("min", "number", "the left end", 0),
        Entry("max", "number", "the right end", 100),
        Entry("step", "number", "the distance of two answers", 1),
        Entry("low", "text", "the left end in words", "", maximum=MAX_LABEL),
        Entry("high", "text", "the right end in words", "", maximum=MAX_LABEL),
    ),
    "number": (
        Entry("min", "number", "the smallest answer"),
        Entry("max", "number", "the largest answer"),
        Entry("whole", "boolean", "whether only whole numbers are answers", True),
        Entry("unit", "text", "what is counted, as in years", "", maximum=MAX_NAME),
    ),
    "text": (Entry("long", "boolean", "whether there is room for several lines", False),),
}


def expected(entry: Entry, value: Any) -> str:
    """Return what was expected instead of a value; empty where it fits as far as it alone tells."""
    match entry.type:
        case "name":
            return _name(entry, value)
        case "text":
            return _text(value, int(entry.maximum or MAX_LABEL), empty=entry.default == "")
        case "boolean":
            return "" if isinstance(value, bool) else "true or false"
        case "integer" | "number":
            return _number(entry, value)
        case "choice":
            return "" if value in entry.choices else f"one of {', '.join(entry.choices)}"
        case "names":
            alike = isinstance(value, list) and all(isinstance(name, str) for name in value)
            return "" if alike else "a list of names"
        case "labels" | "options":
            return _listed(entry, value)
        case "show_if":
            return _condition(value)
    return ""


def pairs(options: list[Any]) -> list[tuple[str, str]]:
    """Return options as pairs of value and label."""
    return [(option, option) if isinstance(option, str) else (option[0], option[1]) for option in options]


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def _name(entry: Entry, value: Any) -> str:
    if value == "" and entry.default == "":
        return ""
    fits = isinstance(value, str) and len(value) <= (entry.maximum or MAX_NAME) and NAME.fullmatch(value)
    return "" if fits else f"small letters, digits and single underscores, at most {entry.maximum}"


def _text(value: Any, longest: int, *, empty: bool) -> str:
    if not isinstance(value, str) or len(value) > longest:
        return f"a text of at most {longest} characters"
    if not empty and not value.strip():
        return "a text"
    return f"no HTML such as {found[0]}" if (found := HTML.search(value)) else ""


def _number(entry: Entry, value: Any) -> str:
    whole = entry.type == "integer"
    if not is_number(value) or (whole and not isinstance(value, int)):
        return "a whole number" if whole else "a number"
    if entry.minimum is not None and value < entry.minimum:
        return f"at least {entry.minimum}"
    return f"at most {entry.maximum}" if entry.maximum is not None and value > entry.maximum else ""


def _listed(entry: Entry, value: Any) -> str:
    if not isinstance(value, list) or not 2 <= len(value) <= (entry.maximum or 0):
        return f"a list of 2 to {entry.maximum:g} {entry.type}"
    for one in value:
        pair = one if entry.type == "options" and isinstance(one, list) else [one, one]
        if len(pair) != 2 or any(_text(words, MAX_LABEL, empty=False) for words in pair):
            named = "texts, or pairs of two" if entry.type == "options" else "texts"
            return f"{named}, none empty, longer than {MAX_LABEL} characters or with HTML; one is {one!r:.60}"
    values, labels = zip(*pairs(value), strict=True) if entry.type == "options" else (value, value)
    if any(value != value.strip() for value in values):
        return "no blanks around a value"
    return "each only once" if len({*values}) < len(value) or len({*labels}) < len(value) else ""


def _condition(value: Any) -> str:
    if value is None:
        return ""
    allowed = {"item", "is", "at_least", "at_most"}
    if not isinstance(value, dict) or not {"item"} < set(value) <= allowed or not isinstance(value["item"], str):
        return "an object with item and one of is, at_least and at_most"
    if "is" in value and len(value) > 2:
        return "either is, or at_least and at_most"
    bounds = [value[name] for name in ("at_least", "at_most") if name in value]
    return "" if all(map(is_number, bounds)) else "numbers in at_least and at_most"
