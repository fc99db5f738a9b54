"""Study kinds: what a folder in `studyapp/studies/` declares, and how the engine finds it.

A kind is data plus a few functions, each named by a dotted string and loaded when it is first needed, so that
importing a kind needs neither Django nor any other part of the app.
"""

import importlib
import importlib.util
import json
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Any

from .fields import Field
from .questions import Question, text_key, wordings

ENGLISH = "en"
STUDIES = "studyapp.studies"
FORM = "studyapp.forms:QuestionForm"
METHODS = "methods"
N_TRIALS = Field("n_trials", "integer", "How many trials were answered.")


def load(dotted: str) -> Any:
    """Return the object that `package.module:name` names."""
    module, _, name = dotted.partition(":")
    return getattr(importlib.import_module(module), name)


@dataclass(frozen=True)
class Column:
    """One column of a parameter that is a table; its cells are texts, none of them empty.

    `offered` says that they are chosen from what the study's bundle has, as its methods; `choices` stand before those.
    `spoken` says that participants read them.
    """

    name: str
    offered: str = ""
    choices: tuple[str, ...] = ()
    spoken: bool = False


@dataclass(frozen=True)
class Parameter:
    """One setting of a study; `default` is the source paper's value.

    `type` is one of text, integer, number, boolean, choice, list (of texts) and object (a count for each of the
    default's names). `offered` says that a list's values are chosen from what the study's bundle has: its classes,
    its datasets, or its confusable pairs. `columns` make a list a table: each item is a list, a text for each column.
    `marked` says that its rows mark places on heatmaps, so that they can be drawn: it names the function that tells
    which, `(definition, bundle) -> [marks.Marking]`.
    `spoken` says that participants read it: "shown", or "stored" where an answer is stored by a text of the list, which
    a study in another language holds as pairs, the text stored and the one shown.
    """

    name: str
    type: str
    default: Any
    description: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    offered: str = ""
    columns: tuple[Column, ...] = ()
    marked: str = ""
    spoken: str = ""


@dataclass(frozen=True)
class Factor:
    """A between-subjects factor; `levels` are proposed in the admin, a study may use others where `open`.

    `offered` says that its level is one of what the study's bundle has, its methods, and so which one a run shows;
    `choices` are the levels that stand for none of them.
    """

    name: str
    levels: tuple[str, ...]
    description: str
    open: bool = False
    offered: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Start:
    """A ready study to start from: what differs from the kind's defaults, and its conditions.

    `conditions` lists name, factors and quota as a study's file does; empty: all levels of the factors crossed.
    """

    name: str
    title: str
    summary: str
    parameters: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, Any] = field(default_factory=dict)
    conditions: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Page:
    """One page a participant can meet.

    `questions` are what it asks: its form, its columns, its texts and a bot's answer follow from them. `form` names a
    form of its own where that takes more, as a board does. `fields` declare what else is recorded, and in which order:
    a question's name among them says where its column stands; questions not named come last.

    `fills` names the {placeholders} that its texts may have beside the study's and the kind's, which its context gives
    to `Run.text`; with `fills_alone`, no others.

    `context` names the function that returns what the template shows: `(step, run) -> dict`; nothing else of the step
    reaches the browser. Without it, that is the function of the page's name in the kind's `pages`, or else the study's
    text of that name (see `contexts`).
    `trial` marks a step that is scored or rated, `entrance` one that asks who may take part: who fails there has
    failed no check; `consents` one that asks for consent: who gives it takes a place from then on. `texts` names the
    study's texts that stand on it. `guide` is the template that shows an instruction page again, in a dialogue, once it
    has been met. From such a page, and from one declared `again`, as a questionnaire that nothing is scored by, one can
    go back to another of these; from one declared `back`, as questions about the instructions, too, though never to it.
    `arrange` lets the answer decide the later way, where it takes more than a `goto`:
    `(plan, position, answer) -> plan`, which leaves what lies up to `position` as it is.

    `scoring` and `bots` name functions of a page that answers for itself, as a questionnaire's does; the kind's own
    aren't asked then: `(step, answer, definition) -> dict` and `(step, skill, definition, rng, named) -> dict`. `title`
    is what the codebook calls it.
    """

    name: str
    template: str
    form: str | None = None
    context: str | None = None
    questions: tuple[Question, ...] = ()
    fields: tuple[Field | str, ...] = ()
    texts: tuple[str, ...] = ()
    fills: tuple[str, ...] = ()
    fills_alone: bool = False
    trial: bool = False
    entrance: bool = False
    consents: bool = False
    again: bool = False
    back: bool = False
    guide: str | None = None
    arrange: str | None = None
    scoring: str | None = None
    bots: str | None = None
    title: str = ""

    def __post_init__(self) -> None:
        """Let what the questions say of form, columns and texts join what is declared beside them."""
        asked = {question.name: question for question in self.questions}
        named = [*self.fields, *(name for name in asked if name not in self.fields)]
        columns = tuple(asked[one].field({}) if isinstance(one, str) else one for one in named)
        worded = [key for question in self.questions if (key := text_key(self.name, question))]
        object.__setattr__(self, "form", self.form or (FORM if self.questions else None))
        object.__setattr__(self, "fields", columns)
        object.__setattr__(self, "texts", tuple(dict.fromkeys([*self.texts, *worded])))

    @property
    def can_be_met_again(self) -> bool:
        """Whether one may come back to it from the next page of its sort, and answer it anew."""
        return self.again or self.guide is not None

    def asked(self, data: dict[str, Any] | None) -> list[Question]:
        """Return the questions that a step with such data asks."""
        return [question for question in self.questions if question.is_asked(data)]

    def recorded(self, parameters: dict[str, Any]) -> list[Field]:
        """Return its fields with what their values mean in a study with these parameters."""
        asked = {question.name: question for question in self.questions}
        return [asked[one.name].field(parameters) if one.name in asked else one for one in self.columns]

    @property
    def columns(self) -> tuple[Field, ...]:
        """What it records: its `fields`, those of its questions among them."""
        return tuple(one for one in self.fields if isinstance(one, Field))


@dataclass(frozen=True)
class Kind:
    """One kind of study, named after its folder. `module` is the package; the parts below are functions in it.

    `fills` names the {placeholders} that all pages' texts may have beside the study's parameters and payment;
    `pages.fillings` fills them in.

    `orders` is how many orders are counterbalanced; where that depends on the study, the name of a function
    `(definition) -> int`. `starts` are the studies of this kind that one can start from. `habits` names the
    function, where there is one, that tells what is conspicuous about all trials of a run, in words:
    `(answered trials) -> [str]`; that a closed question had one answer throughout is found for every kind. `windows`
    names the function that tells how large a window a trial needs for its stimuli to stand in the study's sizes with
    the question in view, as alternatives: `(definition, bundle) -> [sizes.Window]`. `entry` names the function that
    tells what of a study can stand in the text of its front door: `(definition) -> {name: value}`, the names being
    `entry_fills`. `wanting` names the function that tells what of the stimuli people should not launch with, though
    they can: `(definition) -> str`. `names` names the function that tells which classes' names participants read, where
    they read any: `(definition, bundle) -> [class]`. `display`
    holds the fields of a display by which its heatmaps are usually drawn; where that depends on the study's parameters,
    the name of a function `(parameters) -> dict`. `within` names the function that tells which factors vary within each
    participant, standing in steps under their names: `(parameters) -> {factor: [level]}`.

    stimuli.draw(definition, bundle, rng) -> dict    the stimuli of the study, drawn once, frozen with the version;
                                                     a `ValueError` says what the bundle lacks
    stimuli.check(definition, bundle) -> [str]       what else is missing before launch, in words
    stimuli.heatmaps(definition, bundle) -> [node]   those of the bundle that participants can meet, drawn at publishing
    plan.build(definition, condition, order, rng) -> [step]
    pages.fillings(run) -> {placeholder: value}      what all pages' texts can say
    pages.<page>(step, run) -> dict                  what a page shows, unless it names another function
    scoring.score(step, answer, definition) -> dict  what the answer is worth; `passed` steers the flow
    scoring.summary(steps, definition) -> dict       totals over answered steps: n_correct, bonus …
    fitting.fit(definition, bundle) -> {parameter: value}    what to change so that the bundle can fill the study
    audit.looks(definition, bundle) -> [Look]        the heatmaps that participants meet, by condition and class
    audit.tasks(definition, bundle) -> [Task]        the answers that strength alone could give away
    audit.roles(definition) -> {role: [image ids]}   the photographs by what they are for
    audit.guesses(definition) -> [Guess]             what one answer throughout reaches
    bots.answer(step, skill, definition, rng) -> dict    what questions alone don't tell of a bot's answers
    bots.SKILLS                                      what bots of each named skill do, beside the chance of being right

    Only `draw`, `heatmaps` and `build` are needed. Without `scoring` or `bots`, what questions and fields tell is the
    score and a bot's answer (see `answers`); without `audit`, the heatmaps that are drawn are looked at, and no more;
    without `fitting` nothing is offered that fits.
    """

    title: str
    summary: str
    module: str
    pages: tuple[Page, ...]
    parameters: tuple[Parameter, ...]
    factors: tuple[Factor, ...]
    orders: int | str = 1
    habits: str | None = None
    windows: str | None = None
    entry: str | None = None
    entry_fills: tuple[str, ...] = ()
    wanting: str | None = None
    names: str | None = None
    trial_word: str = "Trial"
    fields: tuple[Field, ...] = (N_TRIALS,)
    fills: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()
    display: dict[str, Any] | str = field(default_factory=dict)
    within: str | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.module.rpartition(".")[2]

    def page(self, name: str) -> Page:
        """Return the page of that name."""
        return self._pages[name]

    def joined(self, pages: Sequence[Page]) -> "Kind":
        """Return the kind with further pages."""
        return replace(self, pages=(*self.pages, *pages))

    def part(self, dotted: str) -> Any:
        """Return the kind's own function `module:name`, as in `part("plan:build")`."""
        return load(f"{self.module}.{dotted}")

    def own(self, dotted: str) -> Any:
        """Return the kind's own function `module:name`, None where it has none."""
        module, _, name = dotted.partition(":")
        return getattr(importlib.import_module(f"{self.module}.{module}"), name, None) if self.has(module) else None

    def has(self, module: str) -> bool:
        """Return whether the kind has a module of its own of that name."""
        return importlib.util.find_spec(f"{self.module}.{module}") is not None

    def method_of(self, factors: dict[str, str]) -> str | None:
        """Return the explanation method that a condition shows by its factors; None where no factor says."""
        return next((factors.get(factor.name) for factor in self.factors if factor.offered == METHODS), None)

    @cached_property
    def _pages(self) -> dict[str, Page]:
        return {page.name: page for page in self.pages}

    def usual_display(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a display by which a study with these parameters usually has its heatmaps drawn."""
        return dict(load(self.display)(parameters)) if isinstance(self.display, str) else self.display

    def levels_within(self, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return the factors that vary within each participant of a study with these parameters, with their levels."""
        return dict(load(self.within)(parameters)) if self.within else {}

    def n_orders(self, definition: dict[str, Any]) -> int:
        """Return how many orders the study counterbalances."""
        return int(load(self.orders)(definition)) if isinstance(self.orders, str) else self.orders

    def texts(self, language: str = ENGLISH) -> dict[str, str]:
        """Return the default texts: the kind's own `texts/<key>.md`, in another language `texts/<language>/<key>.md`.

        Questions are worded where they are declared, in another language in `texts/<language>/questions.json`.
        What most kinds say alike, as at their ends, stands in `studyapp/studies/texts/`; a kind's own takes its place.
        What isn't translated is English. Variants of a language, as in de-CH, have the language's texts.
        """
        asked = {key: text for page in self.pages for key, text in wordings(page.name, page.questions).items()}
        for module in (STUDIES, self.module):
            asked |= {key: text for key, text in _json(module, _base(language), "questions").items() if key in asked}
        folders = product((STUDIES, self.module), (ENGLISH, _base(language)))
        return asked | {key: text for module, spoken in folders for key, text in _texts(module, spoken).items()}

    def defaults(self, language: str = ENGLISH) -> dict[str, Any]:
        """Return every parameter with its default; those that participants read come in their language.

        They stand in `texts/<language>/defaults.json`.
        """
        english = {parameter.name: parameter.default for parameter in self.parameters}
        return english | _json(self.module, _base(language), "defaults")


def _base(language: str) -> str:
    return language.partition("-")[0]


def _texts_folder(module: str, language: str) -> Path:
    folder = Path(str(importlib.import_module(module).__file__)).parent / "texts"
    return folder if language == ENGLISH else folder / language


@cache
def _texts(module: str, language: str) -> dict[str, str]:
    found = sorted(_texts_folder(module, language).glob("*.md"))
    return {path.stem: path.read_text(encoding="utf-8") for path in found}


@cache
def _json(module: str, language: str, name: str) -> dict[str, Any]:
    path = _texts_folder(module, language) / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


@cache
def kinds() -> dict[str, Kind]:
    """Return every study kind by name: each package in `studyapp/studies/` that defines `KIND`."""
    package = importlib.import_module(STUDIES)
    modules = [importlib.import_module(f"{STUDIES}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    return {module.KIND.name: module.KIND for module in modules}


def kind(name: str) -> Kind:
    """Return one study kind; an unknown name is a `LookupError` that lists the known ones."""
    try:
        return kinds()[name]
    except KeyError:
        raise LookupError(f"unknown study kind {name!r}; expected one of {', '.join(sorted(kinds()))}") from None


def methods_of(definition: dict[str, Any]) -> list[str]:
    """Return the explanation methods that a study's conditions show, in their order."""
    shown = [one for one in kind(definition["kind"]).factors if one.offered == METHODS]
    levels = [(cell["factors"][one.name], one) for cell in definition["conditions"] for one in shown]
    return list(dict.fromkeys(level for level, one in levels if level not in one.choices))
