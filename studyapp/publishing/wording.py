"""A study's words in its languages: its own translations, those that come with the software, and which is which."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import trans_real

from studyapp import models
from studyapp.core.engine.kinds import Kind, kind
from studyapp.core.foreign import marked
from studyapp.core.languages.tags import base, in_order
from studyapp.core.languages.wording import CLASSES, QUESTIONNAIRES, WORDS, Unit, questionnaire_units, units, worded
from studyapp.core.questionnaires import reading
from studyapp.core.questionnaires.instruments import instruments
from studyapp.core.variants import reading as variants
from studyapp.speaking import speaks

from .values import parameters_of, texts_of

MISSING, CHANGED, DONE, PACKAGE = "missing", "changed", "translated", "package"
APART = (CLASSES, WORDS)  # no texts of the study: what a text says in one place says nothing of these


@dataclass(frozen=True)
class Row:
    """One text with its translation.

    state   missing, translated, changed (its source was edited since), or package (it comes with the software)
    before  the source that a changed one was translated from
    """

    unit: Unit
    text: str
    state: str
    before: str = ""


@dataclass(frozen=True)
class Known:
    """What is known of one language: a study's own translations, by key, and those that come with the software.

    usual     of the kind's texts, by key and source
    inserted  of instruments' items, by their place in a questionnaire, whatever it is named, and source
    """

    language: str
    own: dict[str, dict[str, str]]
    usual: dict[tuple[str, str], str]
    inserted: dict[tuple[str, str], str]

    def row(self, unit: Unit) -> Row:
        """Return a text with its translation. One whose source was edited has that of the same source elsewhere, or
        else keeps the one it had."""
        own = self.own.get(unit.key)
        if own and own["source"] == unit.source:
            return Row(unit, own["text"], DONE)
        if text := self._with_software(unit):
            return Row(unit, text, PACKAGE)
        if text := self._elsewhere(unit):
            return Row(unit, text, DONE)
        return Row(unit, own["text"], CHANGED, own["source"]) if own else Row(unit, "", MISSING)

    def _with_software(self, unit: Unit) -> str:
        if unit.key.startswith(QUESTIONNAIRES):
            return self.inserted.get((_in_questionnaire(unit.key), unit.source), "")
        if not unit.key.startswith(WORDS):
            return self.usual.get((unit.key, unit.source), "")
        return str(trans_real.translation(self.language).gettext(unit.source)) if speaks(self.language) else ""

    def _elsewhere(self, unit: Unit) -> str:
        if unit.key.startswith(APART):
            return ""
        texts = (one for key, one in self.own.items() if not key.startswith(APART))
        return next((one["text"] for one in texts if one["source"] == unit.source), "")


def known(study: models.Study, language: str) -> Known:
    """Return what is known of a study's words in a language."""
    usual = usual_translations(kind(study.kind), study.language, language)
    inserted = _inserted(study.language, language) if speaks(language) else {}
    return Known(language, study.translations.get(language, {}), usual, inserted)


def languages(definition: dict[str, Any]) -> list[str]:
    """Return the languages that a study can be read in, its own first."""
    return in_order(definition["language"], definition.get("translations", {}))


def wording(study: models.Study) -> dict[str, Any]:
    """Return as much of a study's definition as has words; it needs no bundle."""
    return {
        "kind": study.kind,
        "title": study.title,
        "language": study.language,
        "parameters": parameters_of(study),
        "texts": texts_of(study),
        **({"questionnaires": reading.complete(study.questionnaires)} if study.questionnaires else {}),
        **({"variants": variants.complete(study.variants)} if study.variants else {}),
    }


def translated(study: models.Study) -> dict[str, dict[str, str]]:
    """Return what a version freezes of a study's translations, by language and key; what is missing isn't there."""
    wanted, found = units(kind(study.kind), wording(study)), {}
    for language, own in study.translations.items():
        rows = map(known(study, language).row, wanted if language != study.language else [])
        texts = {row.unit.key: row.text for row in rows if row.text}
        found[language] = texts | {key: one["text"] for key, one in own.items() if key.startswith(APART)}
    return found


def read_in(definition: dict[str, Any], language: str) -> dict[str, Any]:
    """Return a frozen study as it is read in a language: each text in it, or as it is and marked as foreign.

    What decides, as options' values, is the same in all of them. `class_names` says what classes are called.
    """
    study_kind, own = kind(definition["kind"]), definition.get("translations", {}).get(language, {})
    names = {key.removeprefix(CLASSES): text for key, text in own.items() if key.startswith(CLASSES)}
    named = definition | ({"class_names": names} if names else {})
    source = definition["language"]
    if language == source:
        return named
    usual = usual_translations(study_kind, source, language)
    return worded(study_kind, named, lambda key, text: own.get(key) or usual.get((key, text)) or marked(text, source))


def usual_translations(study_kind: Kind, source: str, language: str) -> dict[tuple[str, str], str]:
    """Return what the software brings of a kind's texts in a language, by their key and their default in the source.

    Both languages have the same texts in the same order, which their tests hold them to.
    """
    if not speaks(language) or base(language) == base(source):
        return {}
    return _usual(study_kind.name, source, language)


@lru_cache(maxsize=64)
def _usual(name: str, source: str, language: str) -> dict[tuple[str, str], str]:
    in_source, in_language = (_defaults(kind(name), one) for one in (source, language))
    return {(unit.key, unit.source): other.source for unit, other in zip(in_source, in_language, strict=True)}


@lru_cache(maxsize=64)
def _inserted(source: str, language: str) -> dict[tuple[str, str], str]:
    """Return what instruments say in a language, by their place in a questionnaire and their text in the source."""
    found: dict[tuple[str, str], str] = {}
    for one in instruments():
        in_source, in_language = (questionnaire_units(one.questionnaire(each)) for each in (source, language))
        pairs = zip(in_source, in_language, strict=True)
        found |= {(_in_questionnaire(unit.key), unit.source): other.source for unit, other in pairs}
    return {place: text for place, text in found.items() if place[1] != text}


def _in_questionnaire(key: str) -> str:
    """Return a key without the questionnaire's name: `questionnaires.about.age.text` → `age.text`."""
    return key.removeprefix(QUESTIONNAIRES).partition(".")[2]


def _defaults(study_kind: Kind, language: str) -> list[Unit]:
    defaults = {"title": "", "texts": study_kind.texts(language), "parameters": study_kind.defaults(language)}
    return units(study_kind, defaults)
