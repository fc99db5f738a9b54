"""A study's questionnaires at the desk: their list, and each as a table of items with a live preview beside it."""

from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.views.decorators.http import require_POST, require_safe

from studyapp import models
from studyapp.access import roles
from studyapp.core.engine.kinds import kind
from studyapp.core.questionnaires.cells import COLUMNS, item_of, row_of, settled
from studyapp.core.questionnaires.entries import CHOICE_WORDS, OF_TYPE, PLACE_WORDS, QUESTIONNAIRE, Entry
from studyapp.core.questionnaires.files import written
from studyapp.core.questionnaires.reading import complete
from studyapp.core.texts import render, words
from studyapp.data import audit
from studyapp.desk.pages import page_context, study_of
from studyapp.publishing import questionnaire_problems
from studyapp.questionnaire_form import QuestionnaireForm

from . import additions

LIST = "admin/studyapp/questionnaires/list.html"
EDIT = "admin/studyapp/questionnaires/edit.html"
SHOWN = "admin/studyapp/questionnaires/preview.html"
# What the cell of answers says in an example, by the item's type.
ANSWERS = {
    "choice": "yes = Yes\nno = No",
    "choices": "One\nAnother",
    "ranking": "One\nAnother",
    "likert": "Strongly disagree\nDisagree\nNeither\nAgree\nStrongly agree",
    "slider": "min = 0\nmax = 100\nlow = Not at all\nhigh = Completely",
    "number": "min = 18\nmax = 120\nunit = years",
    "text": "long = yes",
}
NEW_ITEM = {"type": "likert", "answers": ANSWERS["likert"]}
HEADS = {
    "code": "Code",
    "type": "Type",
    "text": "Question or statement",
    "hint": "Hint",
    "answers": "Answers",
    "scale": "Scale",
    "reverse": "Reversed",
    "required": "Needed",
    "show_if": "Only if",
    "expected": "Right answer",
}


def urls(model_admin) -> list:
    """Return the addresses of a study's questionnaires, of each one, and of its preview."""
    signed_in = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/questionnaires/", signed_in(_list(model_admin)), name="questionnaires"),
        path("<int:pk>/questionnaires/<int:place>/", signed_in(_edit(model_admin)), name="questionnaire"),
        path("<int:pk>/questionnaires/<int:place>/download/", signed_in(_download), name="questionnaire_file"),
        path("<int:pk>/questionnaires/preview/", signed_in(_preview), name="questionnaire_preview"),
    ]


def _list(model_admin):
    def listed(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        may_change = roles.may(request.user, "change", study)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            _rearranged(request, study)
            return redirect(request.path)
        context = {
            **page_context(model_admin, request, "Questionnaires", study),
            "may_change": may_change,
            "problems": _problems(study, study.questionnaires),
            "rows": [
                {"given": one, "place": place, "when": PLACE_WORDS[one["place"]]}
                for place, one in enumerate(complete(study.questionnaires))
            ],
            "next": len(study.questionnaires),
        }
        return TemplateResponse(request, LIST, context)

    return listed


def _rearranged(request: HttpRequest, study: models.Study) -> None:
    """Remove or move the questionnaire that a button names, as `remove=2` or `up=2`."""
    found = list(study.questionnaires)
    for action in ("remove", "up"):
        given = request.POST.get(action, "")
        place = int(given) if given.isdecimal() and len(given) < 4 else -1
        if 0 <= place < len(found):
            one = found.pop(place)
            if action == "up":
                found.insert(max(0, place - 1), one)
    _save(request.user, study, found)


def _edit(model_admin):
    def edited(request: HttpRequest, pk: int, place: int) -> HttpResponse:
        study = study_of(request, pk)
        may_change, others = roles.may(request.user, "change", study), list(study.questionnaires)
        if place > len(others):
            raise Http404
        if place == len(others) and not may_change:
            messages.info(request, "Your role doesn’t let you add a questionnaire; these are the study’s.")
            return redirect("admin:questionnaires", pk)
        one = others[place] if place < len(others) else {"items": []}
        problems: list[str] = []
        added: additions.Added | None = None
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            one = given_in(request.POST)
            added = additions.added(request, one, study.language)
        if added:
            one = added.questionnaire
            if added.message:
                messages.success(request, added.message)
        elif request.method == "POST":
            questionnaires = [*others[:place], one, *others[place + 1 :]]
            problems = _problems(study, questionnaires)
            if not problems:
                _save(request.user, study, questionnaires)
                return redirect("admin:questionnaires", pk)
        rows = _rows(request.POST) if request.method == "POST" else [row_of(item) for item in one["items"]]
        rows += [row_of(item) for item in added.items] if added else []
        context = {
            **page_context(model_admin, request, one.get("title") or "A questionnaire", study),
            "may_change": may_change,
            "problems": problems,
            "added": added,
            "instruments": additions.offered(study.language),
            "columns": ", ".join(additions.COLUMNS),
            "is_saved": place < len(others),
            "saved_name": others[place]["name"] if place < len(others) else "",
            "place": place,
            "entries": [_shown(entry, one, study) for entry in QUESTIONNAIRE],
            "rows": [_cells(row) for row in rows or [NEW_ITEM]],
            "empty": _cells(NEW_ITEM),
            "heads": [HEADS[name] for name in COLUMNS],
            "examples": ANSWERS,
            "preview_at": reverse("admin:questionnaire_preview", args=[pk]),
        }
        return TemplateResponse(request, EDIT, context, status=422 if problems or (added and added.problems) else 200)

    return edited


@require_safe
def _download(request: HttpRequest, pk: int, place: int) -> HttpResponse:
    study = study_of(request, pk)
    if place >= len(study.questionnaires):
        raise Http404
    one = study.questionnaires[place]
    sent_as = {"Content-Disposition": f'attachment; filename="{one["name"]}.questionnaire.json"'}
    return HttpResponse(written(one), content_type="application/json", headers=sent_as)


def given_in(data: QueryDict) -> dict[str, Any]:
    """Return the questionnaire that a form of the desk holds; it may yet be refused."""
    found: dict[str, Any] = {}
    for entry in QUESTIONNAIRE:
        if entry.type == "names":
            value: Any = data.getlist(entry.name)
        else:
            value = data.get(entry.name, "").replace("\r\n", "\n").strip()
            whole = entry.type == "integer" and value.isdecimal() and len(value) < 10
            value = int(value) if whole else value
        if value != entry.default and not (value == "" and entry.type == "integer"):
            found[entry.name] = value
    return found | {"items": settled([item_of(row) for row in _rows(data)])}


def _rows(data: QueryDict) -> list[dict[str, str]]:
    """Return the rows of the table of items that hold anything, cells by column."""
    columns = [[cell.replace("\r\n", "\n").strip() for cell in data.getlist(f"item__{name}")] for name in COLUMNS]
    rows = [dict(zip(COLUMNS, cells, strict=True)) for cells in zip_longest(*columns, fillvalue="")]
    return [row for row in rows if row["code"] or row["text"]]


@require_POST
def _preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the form holds as participants will see it, or why it can't be asked."""
    study = study_of(request, pk)
    one = given_in(request.POST)
    own: dict[str, Any] = {"name": one.get("name") or "preview", "per_page": 0, "conditions": []}
    problems = _problems(study, [one | own])
    context: dict[str, Any] = {"problems": problems, "language": study.language, "study_title": study.title}
    if not problems:
        whole = complete([one | own])
        codes = [item["code"] for item in whole[0]["items"]]
        definition = {"kind": study.kind, "parameters": {}, "texts": {}, "questionnaires": whole}
        step = {"page": whole[0]["name"], "data": {"codes": codes}}
        form = QuestionnaireForm(step=step, definition=definition)
        context |= {"blocks": form.blocks, "heading": whole[0]["title"], "intro": render(whole[0]["intro"], {})}
    with translation.override(study.language):
        return TemplateResponse(request, SHOWN, context).render()


def _problems(study: models.Study, found: list) -> list[str]:
    names = list(study.conditions.values_list("name", flat=True))
    return questionnaire_problems(kind(study.kind), found, names)


def _save(user, study: models.Study, found: list) -> None:
    with transaction.atomic():
        before = audit.snapshot(study.pk)
        study.questionnaires = found
        study.save(update_fields=["questionnaires"])
        if changed := audit.differences(before, audit.snapshot(study.pk)):
            audit.record(user, study, audit.ASKED, changed)


def _shown(entry: Entry, one: dict[str, Any], study: models.Study) -> dict[str, Any]:
    default = "" if entry.type == "name" else entry.default
    choices = list(study.conditions.values_list("name", flat=True)) if entry.type == "names" else entry.choices
    return {
        "name": entry.name,
        "type": entry.type,
        "label": words(entry.name),
        "help": entry.description,
        "value": one.get(entry.name, default),
        "choices": [(choice, CHOICE_WORDS[choice] if entry.choices else choice) for choice in choices],
        "maximum": entry.maximum,
        "minimum": entry.minimum,
    }


def _cells(row: dict[str, str]) -> list[dict[str, Any]]:
    choices = {"type": list(OF_TYPE), "reverse": ["no", "yes"], "required": ["yes", "no"]}
    return [
        {
            "name": f"item__{name}",
            "column": name,
            "label": HEADS[name],
            "value": row.get(name, ""),
            "choices": choices.get(name),
            "long": name in ("text", "answers"),
        }
        for name in COLUMNS
    ]
