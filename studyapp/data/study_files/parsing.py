"""Read what a study file says of the study and its conditions, and refuse what it should not say."""

from collections import Counter
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import IntegerField

from studyapp import models
from studyapp.core.engine import display_settings, fillings, parameters
from studyapp.core.engine.kinds import ENGLISH, Factor, Kind, kind
from studyapp.core.languages import tags
from studyapp.models.studies import require_currency, require_language
from studyapp.publishing import accepted, questionnaire_problems, variant_problems

from .format import FIELDS, FORMAT, FORMAT_VERSION, NAMES, SECTIONS, StudyFileError


def parse(content, slug: str = "") -> tuple[models.Study, list[dict]]:
    """Return the study and conditions that a file's content describes, checked but not saved, without its bundle."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StudyFileError(f"expected the format {FORMAT!r}; this is no study's file")
    if content.get("format_version") != FORMAT_VERSION:
        raise StudyFileError(f"format_version: expected {FORMAT_VERSION}, found {content.get('format_version')!r}")
    require_known(content, NAMES, "the file")
    for section in SECTIONS:
        if not isinstance(content.setdefault(section, {}), dict):
            raise StudyFileError(f"{section}: expected an object, found {content[section]!r}")
    try:
        study_kind = kind(str(content.get("kind", "")))
    except LookupError as error:
        raise StudyFileError(f"kind: {error}") from None
    language = str(content.get("language", ENGLISH))
    study = models.Study(
        kind=study_kind.name,
        parameters=_parameters(study_kind, content["parameters"], language),
        texts=_texts(study_kind, content["texts"], language),
        display=_display(study_kind, content["display"], content["parameters"], language),
        analysis_plan=content["analysis_plan"],
        **_fields(content),
    )
    study.slug = slug or study.slug
    _validate(study)
    study.language = tags.canonical(study.language)
    conditions = _conditions(display_settings.factors(study_kind, study.display), content.get("conditions", []))
    names = [condition["name"] for condition in conditions]
    study.questionnaires = _questionnaires(study_kind, content.get("questionnaires", []), names)
    study.variants = content.get("variants", [])
    if wrong := variant_problems(study, [condition["factors"] for condition in conditions]):
        raise StudyFileError(f"variants: {wrong[0]}")
    study.translations = _translations(study, content.get("translations", {}))
    return study, conditions


def _fields(found: dict) -> dict:
    values: dict[str, Any] = {}
    for section, fields in FIELDS.items():
        given = {name: found[name] for name in fields if name in found} if section == "" else found[section]
        require_known(given, fields, section)
        for name, value in given.items():
            _require_whole(models.Study, fields[name], value, f"{section}.{name}" if section else name)
        values |= {fields[name]: value for name, value in given.items()}
    return values


def _validate(study: models.Study) -> None:
    if other := models.study_at(study.slug):
        raise StudyFileError(f"slug: {_whose(study.slug, other)} is here already; load this one under another slug")
    try:
        study.full_clean(exclude=["bundle", "current"])
        for field, require in (("language", require_language), ("currency", require_currency)):
            _require(require, field, getattr(study, field))
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise StudyFileError(f"{_name(field)}: {messages[0]}") from None


def _require(require, field: str, value: str) -> None:
    try:
        require(value)
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from None


def _whose(slug: str, other: models.Study) -> str:
    return f"a study {slug!r}" if other.slug == slug else f"a study {other.slug!r}, to which {slug!r} leads,"


def _name(field: str) -> str:
    for section, fields in FIELDS.items():
        for name, stands_for in fields.items():
            if stands_for == field:
                return f"{section}.{name}" if section else name
    return field


def _parameters(study_kind: Kind, values: dict, language: str) -> dict:
    if found := parameters.problems(study_kind, values):
        raise StudyFileError(f"parameters: {found[0]}")
    defaults = study_kind.defaults(language)
    return {name: value for name, value in values.items() if value != defaults[name]}


def _texts(study_kind: Kind, texts: dict, language: str) -> dict:
    defaults = study_kind.texts(language)
    require_known(texts, defaults, "texts")
    for key, text in texts.items():
        if not isinstance(text, str):
            raise StudyFileError(f"texts.{key}: expected a text, found {text!r}")
    for key, problem in fillings.problems(study_kind, texts).items():
        raise StudyFileError(f"texts.{key}: {problem}")
    return {key: text for key, text in texts.items() if text != defaults[key]}


def _display(study_kind: Kind, settings: dict, values: dict, language: str) -> dict:
    if found := display_settings.problems(settings, study_kind.usual_display(study_kind.defaults(language) | values)):
        raise StudyFileError(found[0])
    return settings


def _questionnaires(study_kind: Kind, entries, conditions: list[str]) -> list[dict]:
    if wrong := questionnaire_problems(study_kind, entries, conditions):
        raise StudyFileError(f"questionnaires: {wrong[0]}")
    return entries


def _translations(study: models.Study, given) -> dict:
    try:
        return accepted(study, given)
    except ValueError as problem:
        raise StudyFileError(f"translations: {problem}") from None


def _conditions(factors: tuple[Factor, ...], entries) -> list[dict]:
    if not isinstance(entries, list):
        raise StudyFileError(f"conditions: expected a list, found {entries!r}")
    conditions = [_condition(factors, entry, f"conditions[{index}]") for index, entry in enumerate(entries)]
    if repeated := [name for name, n in Counter(entry["name"] for entry in conditions).items() if n > 1]:
        raise StudyFileError(f"conditions: two are named {repeated[0]!r}; expected a name for each")
    return conditions


def _condition(factors: tuple[Factor, ...], entry, where: str) -> dict:
    if not isinstance(entry, dict) or not isinstance(entry.get("factors"), dict):
        raise StudyFileError(f"{where}: expected an object with name and factors, found {entry!r}")
    require_known(entry, ("name", "factors", "quota", "open"), where)
    names = [factor.name for factor in factors]
    if sorted(entry["factors"]) != sorted(names):
        raise StudyFileError(f"{where}.factors: expected {', '.join(names)}, found {', '.join(entry['factors'])}")
    for factor in factors:
        if not isinstance(level := entry["factors"][factor.name], str) or not level:
            raise StudyFileError(f"{where}.factors.{factor.name}: expected a text, found {level!r}")
        if not factor.open and entry["factors"][factor.name] not in factor.levels:
            raise StudyFileError(
                f"{where}.factors.{factor.name}: expected one of {', '.join(factor.levels)}, "
                f"found {entry['factors'][factor.name]!r}"
            )
    _require_whole(models.Condition, "quota", entry.get("quota"), f"{where}.quota")
    try:
        models.Condition(**entry).clean_fields(exclude=["study", "factors"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise StudyFileError(f"{where}.{field}: {messages[0]}") from None
    return entry


def _require_whole(model, field: str, value, where: str) -> None:
    """Refuse what the database would quietly cut to a whole number."""
    counted = isinstance(model._meta.get_field(field), IntegerField)
    if counted and (isinstance(value, bool) or (isinstance(value, float) and not value.is_integer())):
        raise StudyFileError(f"{where}: expected a whole number, found {value!r}")


def require_known(given: dict, names, where: str) -> None:
    if unknown := [name for name in given if name not in names]:
        raise StudyFileError(f"{where}: unknown {unknown[0]!r}; expected {', '.join(sorted(names))}")
