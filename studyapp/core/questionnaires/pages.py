"""A questionnaire as a page of its study: what it asks, records and shows."""

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from studyapp.core.engine.fields import Field, levels_of_all
from studyapp.core.engine.kinds import Kind, Page, kind
from studyapp.core.engine.run import Run
from studyapp.core.texts import render

from .items import bounds, question
from .reading import complete, scales

HERE = "studyapp.core.questionnaires"
TEMPLATE = "pages/questionnaire.html"
FORM = "studyapp.questionnaire_form:QuestionnaireForm"


def kind_of(definition: dict[str, Any]) -> Kind:
    """Return a frozen study's kind, its questionnaires among the pages."""
    found = definition.get("questionnaires")
    return _kind_with(definition["kind"], json.dumps(found)) if found else kind(definition["kind"])


def kind_of_all(study_kind: Kind, versions: dict[str, dict[str, dict[str, Any]]]) -> Kind:
    """Return the kind with the questionnaires of all versions: label → {condition in words: definition as read there}.

    The newest come first, and in each the usual wording, under "". A column is described as the newest version that has
    it does, with its other wordings; its levels are those of all of them.
    """
    fields: dict[str, dict[str, dict[tuple[str, str], Field]]] = {}
    titles: dict[str, str] = {}
    for label, readings in versions.items():
        for where, definition in readings.items():
            for one in complete(definition.get("questionnaires", [])):
                titles.setdefault(one["name"], one["title"])
                for field in page(one).columns:
                    fields.setdefault(one["name"], {}).setdefault(field.name, {})[label, where] = field
    joined = [
        replace(_blank(name, titles[name]), fields=tuple(map(_together, its.values()))) for name, its in fields.items()
    ]
    return study_kind.joined(joined) if joined else study_kind


def has_questionnaires(study_kind: Kind) -> bool:
    """Return whether any questionnaire is among a kind's pages."""
    return any(one.template == TEMPLATE for one in study_kind.pages)


def _together(readings: dict[tuple[str, str], Field]) -> Field:
    """Return a column as its newest version has it, from its readings by version and condition, the usual one first."""
    (version, _), newest = next(iter(readings.items()))
    others = [
        f"where {where}: {field.description}"
        for (label, where), field in readings.items()
        if label == version and field.description != newest.description
    ]
    levels = {f"{label}, {where}" if where else label: field.levels for (label, where), field in readings.items()}
    return replace(newest, description="; ".join([newest.description, *others]), levels=levels_of_all(levels))


@lru_cache(maxsize=64)
def _kind_with(name: str, written: str) -> Kind:
    return kind(name).joined([page(one) for one in json.loads(written)])


def page(questionnaire: dict[str, Any]) -> Page:
    """Return a complete questionnaire's page: a question for each item, and a column for each scale's score."""
    asked = tuple(question(item) for item in questionnaire["items"])
    fields: tuple[Field | str, ...] = (*(one.name for one in asked), *_scores(questionnaire), *_checks(questionnaire))
    return replace(_blank(questionnaire["name"], questionnaire["title"]), questions=asked, fields=fields)


def _blank(name: str, title: str) -> Page:
    return Page(
        name,
        TEMPLATE,
        form=FORM,
        context=f"{HERE}.pages:shown",
        scoring=f"{HERE}.scoring:score",
        bots=f"{HERE}.bots:answer",
        title=title,
    )


def _scores(questionnaire: dict[str, Any]) -> Iterable[Field]:
    for name, items in scales(questionnaire).items():
        low, high = bounds(items[0]) or (0, 0)
        codes = ", ".join(f"{item['code']}{' (reverse-coded)' if item['reverse'] else ''}" for item in items)
        told = f"Scale “{name}”, {low:g} to {high:g}: the mean of its items answered ({codes}); empty where none was."
        yield Field(f"{name}_score", "number", told, limits=(low, high))


def _checks(questionnaire: dict[str, Any]) -> Iterable[Field]:
    if any(item["expected"] is not None for item in questionnaire["items"]):
        yield Field("attempt", "integer", "Which attempt at the questionnaire's checks, from 1.")
        yield Field("passed", "boolean", "Whether all its checks were answered as expected.")
        yield Field("failed_items", "text", "The checks that were not, separated by ' | '; empty when all were.")


def shown(step: dict[str, Any], run: Run) -> dict[str, Any]:
    """Return a questionnaire's heading and what stands above its items; the items are the form's."""
    one = of_step(run.definition, step)
    return {"heading": one["title"], "intro": render(one["intro"], {}), "again": step["data"]["attempt"] > 1}


def of_step(definition: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    """Return the questionnaire that a step asks, its items in the step's order."""
    found: dict[str, Any] = next(one for one in definition["questionnaires"] if one["name"] == step["page"])
    by_code = {item["code"]: item for item in found["items"]}
    return found | {"items": [by_code[code] for code in step["data"]["codes"]]}
