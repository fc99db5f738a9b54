"""What of a study is translated, and what is wrong with translations, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.engine.kinds import kind, load
from studyapp.core.languages import keeping, tables
from studyapp.core.languages.tags import canonical, english_name, in_order
from studyapp.core.languages.wording import CLASSES, WORDS, Unit, units
from studyapp.core.languages.words import words_of
from studyapp.speaking import speaks

from .definition import definition
from .wording import APART, CHANGED, DONE, MISSING, PACKAGE, Row, known, wording

MOST_LANGUAGES = 30


@dataclass(frozen=True)
class Taken:
    """What somebody's translations change: the texts by key, or what is wrong with some; and how many fit nothing."""

    texts: dict[str, dict[str, str]]
    problems: list[str] = field(default_factory=list)
    gone: int = 0


def rows(study: models.Study, language: str) -> list[Row]:
    """Return every text of a study with its translation into a language, those of the study first, then the interface.

    In the study's own language its texts are what they are: only its classes' names and the interface are there.
    """
    foreign = language != study.language
    found = units(kind(study.kind), wording(study)) if foreign else []
    found += [Unit(f"{CLASSES}{name}", name, "Name of a class", needed=foreign) for name in classes_read(study)]
    found += [
        Unit(f"{WORDS}{sentence}", sentence, f"Interface: {place.where}", needed=not speaks(language))
        for sentence, place in words_of(study.kind).items()
    ]
    return list(map(known(study, language).row, found))


def count(found: list[Row], state: str) -> int:
    """Return how many texts are in a state; of missing ones those that have to have a translation."""
    return sum(row.state == state and (state != MISSING or row.unit.needed) for row in found)


def classes_read(study: models.Study) -> list[str]:
    """Return the classes whose names participants can read; before the study can be drawn, all of its bundle."""
    study_kind = kind(study.kind)
    if study.bundle is None or study_kind.names is None:
        return []
    bundle = reader(study.bundle)
    try:
        return list(load(study_kind.names)(definition(study), bundle))
    except ValueError:
        return sorted(bundle.classes)


def wanting(study: models.Study) -> str:
    """Return what a study's languages lack, in words; empty where all is translated."""
    told = []
    for language in in_order(study.language, study.translations):
        found = rows(study, language)
        counts = {"missing": count(found, MISSING), "changed since they were translated": count(found, CHANGED)}
        if counted := " and ".join(f"{n} {what}" for what, n in counts.items() if n):
            told.append(f"{english_name(language)}: {counted}")
    return f"Not all is translated. {'; '.join(told)}. What is missing is shown as it is." if told else ""


def accepted(study: models.Study, given: Any) -> dict[str, dict[str, dict[str, str]]]:
    """Return translations as a study keeps them, by language and key: `{"source", "text"}`.

    `given` may have a text alone, which translates what the study says now. Raises `ValueError` saying where something
    is wrong, and what was expected.
    """
    if not isinstance(given, dict) or len(given) > MOST_LANGUAGES:
        raise ValueError(f"expected an object, with translations for each of at most {MOST_LANGUAGES} languages")
    sources = {unit.key: unit.source for unit in units(kind(study.kind), wording(study))}
    found: dict[str, dict[str, dict[str, str]]] = {}
    for code, texts in given.items():
        language = canonical(code)
        if language in found or not isinstance(texts, dict):
            raise ValueError(f"{code}: expected one object of texts for the language, found {texts!r:.60}")
        own_sources = sources if language != study.language else {}
        found[language] = {key: _accepted(f"{code}: {key}", key, one, own_sources) for key, one in texts.items()}
    return found


def table(study: models.Study, language: str) -> str:
    """Return all texts of a study with their translation into a language, as a CSV for translators."""
    cells = ((row.unit.key, row.unit.where, row.unit.source, row.text, row.state) for row in rows(study, language))
    return tables.written(study.language, language, cells)


def from_table(study: models.Study, language: str, text: str) -> Taken:
    """Return what a table that came back says of a language.

    A row without a translation says nothing. One whose source was edited meanwhile is taken with the source that it
    translates, and so counts as changed.
    """
    try:
        given = tables.read(text, study.language, language)
    except ValueError as problem:
        return Taken({}, [f"{problem}."])
    return taken(study, language, [(f"Row {one.number}", one.key, one.source, one.text) for one in given])


def taken(study: models.Study, language: str, given: Iterable[tuple[str, str, str, str]]) -> Taken:
    """Return what texts that somebody gave change of a language, each (where it stood, key, source, text).

    What the software says itself isn't kept. With a problem, nothing is taken.
    """
    known_rows = {row.unit.key: row for row in rows(study, language)}
    changed: dict[str, dict[str, str]] = {}
    problems, gone = [], 0
    for where, key, source, text in given:
        row, own_source = known_rows.get(key), _lines(source)
        if row is None:
            gone += bool(text.strip())
        elif text.strip() and not (row.state in (PACKAGE, DONE) and text == row.text):
            same = own_source.strip() == _lines(row.unit.source).strip()
            source = row.unit.source if same else own_source
            if problem := keeping.problem(source, text):
                problems.append(f"{where}, “{_short(key)}”: {problem}.")
            changed[key] = {"source": source, "text": text}
    return Taken({} if problems else changed, problems, gone)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _short(key: str) -> str:
    return key if len(key) <= 60 else f"{key[:59]}…"


def written(study: models.Study) -> dict[str, dict[str, str | dict[str, str]]]:
    """Return a study's translations for its file: a text alone where it translates what the study says now."""
    sources = {unit.key: unit.source for unit in units(kind(study.kind), wording(study))}
    return {
        language: {
            key: one["text"] if one["source"] == _source(key, sources) else one
            for key, one in texts.items()
            if _source(key, sources) is not None
        }
        for language, texts in study.translations.items()
    }


def _source(key: str, sources: Mapping[str, str]) -> str | None:
    """Return what a key stands for: a class and a sentence of the interface stand in it themselves."""
    apart = next((one for one in APART if key.startswith(one)), None)
    return key.removeprefix(apart) if apart else sources.get(key)


def _accepted(where: str, key: str, given: Any, sources: Mapping[str, str]) -> dict[str, str]:
    now = _source(key, sources)
    one = given if isinstance(given, dict) else {"source": now, "text": given}
    if now is None:
        raise ValueError(f"{where}: the study has no such text; expected a key as its page of languages lists them")
    if set(one) != {"source", "text"} or not all(isinstance(part, str) and part.strip() for part in one.values()):
        raise ValueError(f"{where}: expected a text, or an object with source and text, found {given!r:.60}")
    if problem := keeping.problem(one["source"], one["text"]):
        raise ValueError(f"{where}: {problem}")
    return {"source": one["source"], "text": one["text"]}
