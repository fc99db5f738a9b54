"""What a study is set to, to read: for those who may not edit it, and its conditions on the overview."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.db import models as fields
from django.urls import reverse

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.engine import display_settings
from studyapp.core.engine.kinds import kind
from studyapp.core.engine.parameters import in_words
from studyapp.core.texts import render, words
from studyapp.data import audit

from .numbers import counted
from .sections import PARAMETER, TEXT, Section


@dataclass(frozen=True)
class Setting:
    """One thing that is set: its name, its value in words or as HTML, a sentence on it, whether it is the default."""

    label: str
    value: str
    note: str = ""
    by_default: bool = False


def settings(study: models.Study, section: Section) -> list[Setting]:
    """Return what a section sets."""
    return [_setting(study, name) for name in section.fields(kind(study.kind))]


def conditions(study: models.Study) -> dict[str, Any]:
    """Return the study's conditions: their factors in words, and each one's levels, quota, live numbers and preview."""
    factors = display_settings.factors(kind(study.kind), study.display)
    titles = reader(study.bundle).titles("methods") if study.bundle else {}
    rows = [
        {
            "cell": cell,
            "levels": [_level(cell.factors.get(factor.name), titles) for factor in factors],
            "preview": reverse("preview", args=[study.slug, cell.name]),
        }
        for cell in counted(study.conditions.all())
    ]
    return {"factors": [words(factor.name) for factor in factors], "rows": rows}


def _level(level: str | None, titles: dict[str, str]) -> str:
    return "–" if level is None else titles.get(level) or words(level)


def _setting(study: models.Study, name: str) -> Setting:
    study_kind = kind(study.kind)
    if name.startswith(PARAMETER):
        key = name.removeprefix(PARAMETER)
        parameter = next(one for one in study_kind.parameters if one.name == key)
        value = study.parameters.get(key, study_kind.defaults(study.language)[key])
        value_in_words = words(value) if parameter.choices else in_words(value)
        return Setting(words(key), value_in_words or "–", parameter.description, key not in study.parameters)
    if name.startswith(TEXT):
        key = name.removeprefix(TEXT)
        text = study.texts.get(key, study_kind.texts(study.language)[key])
        return Setting(words(key), render(text, {}), by_default=key not in study.texts)
    field = cast(fields.Field, models.Study._meta.get_field(name))
    return Setting(audit.field_name(name), _value_in_words(study, field), str(field.help_text))


def _value_in_words(study: models.Study, field: fields.Field) -> str:
    value = getattr(study, field.name)
    if isinstance(field, fields.JSONField):
        return json.dumps(value, ensure_ascii=False, indent=1) if value else "none"
    if isinstance(value, bool):
        return in_words(value)
    choice: Iterable | None = field.choices
    shown = dict(choice).get(value, value) if choice else value
    return "–" if shown in (None, "") else str(shown)
