"""Questions, declared once: form, export column, codebook entry and a bot's answer follow from the declaration.

A question is plain data: names, texts and numbers. What its labels or options are may be left to the study, by naming
the parameter that holds them, so that everything derived from a question is derived *for a study*: `parameters` is
that study's, and `data` a step's.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from random import Random
from typing import Any, ClassVar

from studyapp.core.heatmaps.reading import to_say

from .fields import Field
from .skills import NAMED, Skill, chance

YES, NO = to_say("Yes"), to_say("No")
CHOOSE, WRITE, NUMBER = (
    to_say("Please choose one."),
    to_say("Please write a few words."),
    to_say("Please enter a number."),
)
CHOOSE_SOME, SLIDE, RANK = (
    to_say("Please choose at least one."),
    to_say("Please choose a place on the line."),
    to_say("Please give each its own place."),
)
MAX_TEXT = 2000


@dataclass(frozen=True)
class Question:
    """What all kinds of question have.

    `description` is its sentence in the codebook. `wording` is what participants read, in Markdown: the first paragraph
    asks, what follows is a hint below it. It is only the default of one of the study's texts, `<page>_<name>` or
    whatever `text` names, which researchers edit; where both are left out, the page's own form words the question.
    `fills` names what of a step's data may stand in the wording as a {placeholder}.

    `when` asks it only at steps whose data lists that word under `asked`; at others its answer is missing. `missing` is
    said where an answer is needed and absent. Answers of `several` types are stored as a list. `right` is the right
    answer, or `right_from` says where in a step's data it stands; with `decides` an answer passes or fails its step.
    `bot` is what bots answer, whatever their skill.
    """

    name: str
    description: str
    wording: str = ""
    _: KW_ONLY
    text: str = ""
    fills: tuple[str, ...] = ()
    when: str = ""
    required: bool = True
    missing: str = CHOOSE
    right: object = None
    right_from: str = ""
    decides: bool = False
    bot: object = None

    closed: ClassVar[bool] = True
    several: ClassVar[bool] = False

    @property
    def type(self) -> str:
        """The type of its column."""
        return "text"

    def options(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> dict[Any, str]:
        """Return what can be answered, in the order shown: stored value → label; empty where anything can."""
        return {}

    def problem(self, parameters: dict[str, Any]) -> str:
        """Return what keeps a study with these parameters from asking it, in words; empty when nothing does."""
        return ""

    def levels(self, parameters: dict[str, Any]) -> dict[Any, str]:
        """Return what the stored values mean in a study with these parameters."""
        return self.options(parameters)

    def field(self, parameters: dict[str, Any]) -> Field:
        """Return its column in the export of a study with these parameters."""
        return Field(self.name, self.type, self.description, levels=self.levels(parameters))

    def is_asked(self, data: dict[str, Any] | None) -> bool:
        """Return whether a step with such data asks it."""
        return not self.when or self.when in (data or {}).get("asked", ())

    def right_answer(self, data: dict[str, Any] | None) -> Any:
        """Return the right answer at a step with such data; None where there is none."""
        return (data or {}).get(self.right_from) if self.right_from else self.right

    def is_right(self, answer: Any, data: dict[str, Any] | None) -> bool | None:
        """Return whether an answer is right; None where none is."""
        right = self.right_answer(data)
        return None if right is None else answer == right

    def of_bot(
        self,
        skill: Skill,
        parameters: dict[str, Any],
        data: dict[str, Any] | None,
        rng: Random,
        named: Collection[str] = NAMED,
    ) -> Any:
        """Return a bot's answer: the right one as often as its skill says, where one is; else any that can be given.

        A careless bot gives the same answer every time. `named` are the skills that the kind's bots have.
        """
        if self.bot is not None:
            return self.bot
        values = self.possible(parameters, data)
        right = self.right_answer(data)
        if right is not None:
            wrong = [value for value in values if value != right]
            return right if not wrong or rng.random() < chance(skill, 1 / len(values), named) else rng.choice(wrong)
        return self.careless(values) if skill == "careless" else rng.choice(values)

    def possible(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> list[Any]:
        """Return the answers that a bot chooses from."""
        return list(self.options(parameters, data))

    def careless(self, values: list[Any]) -> Any:
        """Return which of the answers a careless bot gives."""
        return values[0]


@dataclass(frozen=True)
class YesNo(Question):
    """A question with two answers, stored as true and false; `yes` and `no` are translated, not the study's to edit."""

    _: KW_ONLY
    yes: str = YES
    no: str = NO

    type = "boolean"

    def options(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> dict[Any, str]:
        return {True: self.yes, False: self.no}

    def levels(self, parameters: dict[str, Any]) -> dict[Any, str]:
        return {}


@dataclass(frozen=True)
class Choice(Question):
    """One answer of several, stored as its own words or, where an option is a pair, as the first of the two.

    `given` lists the options, or `options_from` names the parameter that does, or `options_at` where they stand in a
    step's data; a parameter that is a table has a row for each: the value stored, and its label.
    """

    _: KW_ONLY
    given: tuple[str | tuple[str, ...], ...] = ()
    options_from: str = ""
    options_at: str = ""

    def options(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> dict[Any, str]:
        at_step = (data or {}).get(self.options_at, ()) if self.options_at else ()
        listed = at_step or (parameters.get(self.options_from, ()) if self.options_from else self.given)
        return labels_of(listed)

    def problem(self, parameters: dict[str, Any]) -> str:
        if self.options_at:
            return ""
        named = parameters.get(self.options_from, ()) if self.options_from else self.given
        return _too_few(self.options_from, len(named), len(self.options(parameters)))


@dataclass(frozen=True)
class Scale(Question):
    """Labelled points in order, stored as numbers that go up from `first`.

    `labels` are given, or `labels_from` names the parameter that holds them. With `best_first` the first label is the
    highest point's. `each` marks a scale on which the page's form has several things judged: stored as JSON, thing →
    point.
    """

    _: KW_ONLY
    labels: tuple[str, ...] = ()
    labels_from: str = ""
    first: int = 1
    best_first: bool = False
    each: bool = False

    @property
    def type(self) -> str:
        return "text" if self.each else "integer"

    def options(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> dict[Any, str]:
        labels = parameters.get(self.labels_from, ()) if self.labels_from else self.labels
        points = range(self.first, self.first + len(labels))
        return dict(zip(reversed(points) if self.best_first else points, labels, strict=True))

    def levels(self, parameters: dict[str, Any]) -> dict[Any, str]:
        return dict(sorted(self.options(parameters).items()))

    def problem(self, parameters: dict[str, Any]) -> str:
        labels = parameters.get(self.labels_from, ()) if self.labels_from else self.labels
        return _too_few(self.labels_from, len(labels), len(set(labels)))

    def careless(self, values: list[Any]) -> Any:
        return max(values)


@dataclass(frozen=True)
class Number(Question):
    """A number between bounds, whole unless `whole` is off; `unit` stands in the codebook."""

    _: KW_ONLY
    minimum: float
    maximum: float
    whole: bool = True
    unit: str = ""
    missing: str = NUMBER

    @property
    def type(self) -> str:
        return "integer" if self.whole else "number"

    def field(self, parameters: dict[str, Any]) -> Field:
        return Field(self.name, self.type, self.description, self.unit, limits=(self.minimum, self.maximum))

    def of_bot(
        self,
        skill: Skill,
        parameters: dict[str, Any],
        data: dict[str, Any] | None,
        rng: Random,
        named: Collection[str] = NAMED,
    ) -> Any:
        if self.bot is not None:
            return self.bot
        right = self.right_answer(data)
        if right is not None and rng.random() < chance(skill, 0.0, named):
            return right
        if skill == "careless":
            return self.minimum
        value = rng.uniform(self.minimum, self.maximum)
        return min(max(round(value), self.minimum), self.maximum) if self.whole else round(value, 3)


@dataclass(frozen=True)
class Slider(Number):
    """A number chosen on a line between two ends, each with its words; nothing is chosen until it is touched."""

    _: KW_ONLY
    step: float = 1
    low: str = ""
    high: str = ""
    missing: str = SLIDE

    def levels(self, parameters: dict[str, Any]) -> dict[Any, str]:
        return {value: words for value, words in ((self.minimum, self.low), (self.maximum, self.high)) if words}

    def field(self, parameters: dict[str, Any]) -> Field:
        return replace(super().field(parameters), levels=self.levels(parameters))

    def possible(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> list[Any]:
        steps = int((self.maximum - self.minimum) / self.step + 1e-9)
        values = [round(self.minimum + self.step * n, 9) for n in range(steps + 1)]
        return [int(value) for value in values] if self.whole else values

    def of_bot(
        self,
        skill: Skill,
        parameters: dict[str, Any],
        data: dict[str, Any] | None,
        rng: Random,
        named: Collection[str] = NAMED,
    ) -> Any:
        return Question.of_bot(self, skill, parameters, data, rng, named)


@dataclass(frozen=True)
class Several(Choice):
    """Any number of several options, stored as the list of those chosen, in the order in which they are listed."""

    _: KW_ONLY
    missing: str = CHOOSE_SOME

    several: ClassVar[bool] = True

    def possible(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> list[Any]:
        """Return each option alone, and all of them."""
        values = list(self.options(parameters, data))
        return [[value] for value in values] + [values]


@dataclass(frozen=True)
class Ranking(Choice):
    """Options put in order, stored as their list, the first place first; all have a place, or none."""

    _: KW_ONLY
    missing: str = RANK

    several: ClassVar[bool] = True

    def possible(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> list[Any]:
        """Return the options as listed, and every other order that begins elsewhere and goes on round."""
        values = list(self.options(parameters, data))
        return [values[place:] + values[:place] for place in range(len(values))]


@dataclass(frozen=True)
class Words(Question):
    """A question answered in the participant's own words; `samples` are what bots write, `rows` its height.

    `coded` is whether the words are for researchers to code; `letters` is how many an answer has at least, where one is
    given.
    """

    _: KW_ONLY
    samples: tuple[str, ...] = ("A few words.",)
    rows: int = 2
    maximum: int = MAX_TEXT
    missing: str = WRITE
    coded: bool = True
    letters: int = 0

    closed = False

    def field(self, parameters: dict[str, Any]) -> Field:
        return Field(self.name, self.type, self.description, free=self.coded)

    def is_right(self, answer: Any, data: dict[str, Any] | None) -> bool | None:
        """Return whether the words are the right ones; capitals and blanks around them don't count."""
        right = self.right_answer(data)
        return None if right is None else str(answer or "").strip().casefold() == str(right).strip().casefold()

    def possible(self, parameters: dict[str, Any], data: dict[str, Any] | None = None) -> list[Any]:
        return list(self.samples)

    def careless(self, values: list[Any]) -> Any:
        return values[0] if self.required else ""


def labels_of(listed: Iterable[str | Sequence[str]]) -> dict[str, str]:
    """Return options by what is stored: value → label, those that are no pairs standing for themselves."""
    pairs = [(option, option) if isinstance(option, str) else tuple(option) for option in listed]
    return {value: label for value, label, *_ in pairs}


def wordings(page: str, questions: Sequence[Question]) -> dict[str, str]:
    """Return the default wordings of a page's questions, by the name of the study's text."""
    return {text_key(page, one): one.wording for one in questions if one.wording}


def text_key(page: str, question: Question) -> str:
    """Return which of the study's texts words a question; empty where its page's form does."""
    return question.text or (f"{page}_{question.name}" if question.wording else "")


def _too_few(parameter: str, n: int, n_different: int) -> str:
    where = f"Parameter “{parameter}”: " if parameter else ""
    if n_different < 2:
        return f"{where}expected at least two answers to choose from, found {n_different}."
    return f"{where}two answers are alike; expected each once." if n_different < n else ""
