"""Other wording by condition at the desk: what has any, and each text or questionnaire with its wordings."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count, takewhile
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.core.engine.kinds import kind
from studyapp.core.questionnaires import reading as questionnaires
from studyapp.core.texts import words
from studyapp.core.variants import editing, reading
from studyapp.core.variants.applied import applies
from studyapp.core.variants.reading import ENTRY
from studyapp.data import audit
from studyapp.desk.pages import page_context, study_of

LIST = "admin/studyapp/variants/list.html"
EDIT = "admin/studyapp/variants/edit.html"


@dataclass(frozen=True)
class Thing:
    """A text or questionnaire of a study: its words as usual, its other wordings, and how to put others in place."""

    title: str
    units: list[editing.Unit]
    wordings: list[editing.Wording]
    put: Callable[[list[editing.Wording]], list[dict]]
    is_text: bool = False


def urls(model_admin) -> list:
    """Return the addresses of a study's wording by condition, of each text's and of each questionnaire's."""
    signed_in = model_admin.admin_site.admin_view
    of_text, of_questionnaire = (signed_in(_edit(model_admin, thing_of)) for thing_of in (text_of, questionnaire_of))
    return [
        path("<int:pk>/variants/", signed_in(require_safe(_list(model_admin))), name="variants"),
        path("<int:pk>/variants/text/<str:text_key>/", of_text, name="text_variants"),
        path("<int:pk>/variants/questionnaire/<str:questionnaire>/", of_questionnaire, name="questionnaire_variants"),
    ]


def text_of(study: models.Study, key: str) -> Thing | None:
    """Return a text of a study; None where there is none that can be worded by condition."""
    texts, variants = publishing.texts_of(study), reading.complete(study.variants)
    if key == ENTRY or key not in texts:
        return None
    wordings = editing.of_text(variants, key)
    put = partial(editing.with_text, variants, key)
    return Thing(f"Text “{words(key)}”", editing.text_units(texts[key].strip()), wordings, put, is_text=True)


def questionnaire_of(study: models.Study, name: str) -> Thing | None:
    """Return a questionnaire of a study; None where there is none of that name, or it can't be asked yet."""
    names = list(study.conditions.values_list("name", flat=True))
    if publishing.questionnaire_problems(kind(study.kind), study.questionnaires, names):
        return None
    usual = next((one for one in questionnaires.complete(study.questionnaires) if one["name"] == name), None)
    if usual is None:
        return None
    variants = reading.complete(study.variants)
    wordings = editing.of_questionnaire(variants, name)
    put = partial(editing.with_questionnaire, variants, usual)
    return Thing(f"Questionnaire “{usual['title'] or name}”", editing.units(usual), wordings, put)


def _list(model_admin):
    def listed(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        variants = reading.complete(study.variants)
        study_kind = kind(study.kind)
        met = [key for page in study_kind.pages for key in page.texts]
        texts = [key for key in dict.fromkeys([*met, *study_kind.texts()]) if key != ENTRY]
        things = [
            *(
                (words(key), reverse("admin:text_variants", args=[pk, key]), editing.of_text(variants, key))
                for key in texts
            ),
            *(
                (
                    f"Questionnaire “{one['name']}”",
                    reverse("admin:questionnaire_variants", args=[pk, one["name"]]),
                    editing.of_questionnaire(variants, one["name"]),
                )
                for one in study.questionnaires
            ),
        ]
        context = {
            **page_context(model_admin, request, "Wording by condition", study),
            "things": [
                {"named": named, "at": at, "where": [reading.in_words(one.conditions) for one in own]}
                for named, at, own in sorted(things, key=lambda thing: not thing[2])
            ],
            "problems": _problems(study),
        }
        return TemplateResponse(request, LIST, context)

    return listed


def _edit(model_admin, thing_of: Callable[[models.Study, str], Thing | None]):
    def edited(request: HttpRequest, pk: int, **named: str) -> HttpResponse:
        study = study_of(request, pk)
        thing = thing_of(study, *named.values())
        if thing is None:
            raise Http404
        levels = publishing.levels_of(study, study.conditions.values_list("factors", flat=True))
        may_change, wordings, problems = roles.may(request.user, "change", study), thing.wordings, []
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            wordings = given_in(request.POST, thing, levels)
            study.variants = thing.put(wordings)
            problems = _repeated(wordings) or _problems(study)
            if not problems:
                _save(request.user, study)
                return redirect(request.path)
        context = {
            **page_context(model_admin, request, f"Other wording: {thing.title}", study),
            "thing": thing,
            "may_change": may_change,
            "problems": problems,
            "blocks": [_block(number, one, thing, levels) for number, one in enumerate([*wordings, None])],
            "reads": _reads(study, thing.wordings),
        }
        return TemplateResponse(request, EDIT, context, status=422 if problems else 200)

    return edited


def given_in(data: QueryDict, thing: Thing, levels: dict[str, list[str]]) -> list[editing.Wording]:
    """Return the wordings that the page's form holds, those left empty or ticked to be removed left out.

    Of a questionnaire, what is left empty or is as usual isn't given; a text that is left empty shows nothing.
    """
    found = []
    for number in takewhile(lambda number: f"b{number}" in data, count()):
        given = {unit.place: _cell(data, f"b{number}-{unit.place}") for unit in thing.units}
        own = {unit.place: given[unit.place] for unit in thing.units if given[unit.place] not in ("", unit.usual)}
        conditions = _conditions(data, f"b{number}", levels)
        if f"b{number}-remove" in data or not (own or (thing.is_text and conditions)):
            continue
        found.append(editing.Wording(conditions, given if thing.is_text else own))
    return found


def _conditions(data: QueryDict, block: str, levels: dict[str, list[str]]) -> list[dict[str, list[str]]]:
    """Return a block's conditions; a factor of which no level is ticked isn't among them."""
    found = []
    for number in takewhile(lambda number: f"{block}-c{number}" in data, count()):
        ticked = {factor: data.getlist(f"{block}-c{number}-{factor}") for factor in levels}
        if one := {factor: chosen for factor, chosen in ticked.items() if chosen}:
            found.append(one)
    return found


def _cell(data: QueryDict, name: str) -> str:
    return data.get(name, "").replace("\r\n", "\n").strip()


def _problems(study: models.Study) -> list[str]:
    """Return what is wrong with a study's variants; where they are met is looked at once its stimuli can be drawn."""
    found = publishing.variant_problems(study, study.conditions.values_list("factors", flat=True))
    if found or not study.variants or study.bundle is None:
        return found
    try:
        return publishing.misplaced(publishing.definition(study))
    except ValueError:  # what the bundle lacks is told on the checklist
        return []


def _repeated(wordings: list[editing.Wording]) -> list[str]:
    """Return which conditions several of the wordings have: one would silently take the others' place."""
    met = [reading.in_words(one.conditions) for one in wordings]
    again = [where for where in dict.fromkeys(met) if met.count(where) > 1]
    return [f"Two wordings have the same conditions ({where}); expected one." for where in again]


def _save(user, study: models.Study) -> None:
    with transaction.atomic():
        before = audit.snapshot(study.pk)
        study.save(update_fields=["variants"])
        if changed := audit.differences(before, audit.snapshot(study.pk)):
            audit.record(user, study, audit.WORDED, changed)


def _block(number: int, wording: editing.Wording | None, thing: Thing, levels: dict[str, list[str]]) -> dict[str, Any]:
    """Return what the form shows of a wording, None for a new one: its conditions and one more, and its words."""
    name, conditions = f"b{number}", wording.conditions if wording else []
    given = wording.words if wording else {}
    return {
        "name": name,
        "is_new": wording is None,
        "where": reading.in_words(conditions),
        "conditions": [
            {"name": f"{name}-c{place}", "factors": [_factor(f"{name}-c{place}", one, *of) for of in levels.items()]}
            for place, one in enumerate([*conditions, {}])
        ],
        "words": [
            {"name": f"{name}-{unit.place}", "unit": unit, "value": given.get(unit.place, "")} for unit in thing.units
        ],
    }


def _factor(name: str, condition: dict[str, list[str]], factor: str, levels: list[str]) -> dict[str, Any]:
    offered = list(dict.fromkeys([*levels, *condition.get(factor, [])]))
    return {
        "label": words(factor),
        "name": f"{name}-{factor}",
        "levels": [{"value": level, "ticked": level in condition.get(factor, [])} for level in offered],
    }


def _reads(study: models.Study, wordings: list[editing.Wording]) -> list[dict[str, str]]:
    """Return where each condition reads which other words; empty where it reads the usual ones alone."""
    return [
        {"condition": cell.name, "where": "; ".join(_where(one) for one in wordings if _met(one, cell.factors))}
        for cell in study.conditions.all()
    ]


def _where(wording: editing.Wording) -> str:
    return reading.in_words(wording.conditions)


def _met(wording: editing.Wording, factors: dict[str, str]) -> bool:
    """Return whether people in a condition meet a wording; at times, where it follows what varies within them."""
    own = [{name: levels for name, levels in one.items() if name in factors} for one in wording.conditions]
    return applies({"conditions": own}, factors)
