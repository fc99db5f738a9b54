"""A study's languages at the desk: every text beside its translation, edited there or in a table, and looked at."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from studyapp import models
from studyapp.access import roles
from studyapp.core.languages.tags import canonical, direction, english_name, in_order, own_name
from studyapp.core.storable import storable
from studyapp.data import audit
from studyapp.desk.pages import page_context, study_of
from studyapp.publishing import translations
from studyapp.publishing.wording import CHANGED, DONE, MISSING, PACKAGE, Row

LIST = "admin/studyapp/languages/list.html"
EDIT = "admin/studyapp/languages/edit.html"
PER_PAGE = 40
LARGEST = 5_000_000
MOST_TOLD = 20
SHOWN = {
    "": "all texts",
    MISSING: "missing",
    CHANGED: "changed since they were translated",
    DONE: "translated here",
    PACKAGE: "translated by the software",
}


class SearchForm(forms.Form):
    """Which texts are listed."""

    show = forms.ChoiceField(required=False, choices=SHOWN.items(), label="Show")
    q = forms.CharField(required=False, max_length=100, label="Holding")

    def chosen(self, rows: list[Row]) -> list[Row]:
        """Return those of the texts that are asked for; all of them where the form says nothing that can be read."""
        if not self.is_valid():
            return rows
        state, words = self.cleaned_data["show"], self.cleaned_data["q"].casefold()
        return [
            row
            for row in rows
            if (not state or row.state == state)
            and (state != MISSING or row.unit.needed)
            and any(words in part.casefold() for part in (row.unit.key, row.unit.where, row.unit.source, row.text))
        ]


def urls(model_admin) -> list:
    """Return the addresses of a study's languages, of each one, and of its table."""
    signed_in = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/languages/", signed_in(_list(model_admin)), name="languages"),
        path("<int:pk>/languages/<slug:code>/", signed_in(_edit(model_admin)), name="language"),
        path("<int:pk>/languages/<slug:code>/table/", signed_in(_download), name="language_table"),
        path("<int:pk>/languages/<slug:code>/upload/", signed_in(_upload(model_admin)), name="language_upload"),
    ]


def _list(model_admin):
    def listed(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        may_change = roles.may(request.user, "change", study)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            return _with_or_without(request, study)
        context = {
            **page_context(model_admin, request, "Languages", study),
            "may_change": may_change,
            "languages": [_counted(study, code) for code in in_order(study.language, study.translations)],
        }
        return TemplateResponse(request, LIST, context)

    return listed


def _counted(study: models.Study, code: str) -> dict[str, Any]:
    found = translations.rows(study, code)
    counts = {state: translations.count(found, state) for state in (MISSING, CHANGED, DONE, PACKAGE)}
    return {**_named(code), **counts, "of": len(found), "own": code == study.language}


def _named(code: str) -> dict[str, str]:
    return {"code": code, "name": own_name(code), "english": english_name(code), "direction": direction(code)}


def _with_or_without(request: HttpRequest, study: models.Study) -> HttpResponse:
    """Add the language that the form names, as `add=fr`, or take one away, as `remove=fr`."""
    gone = request.POST.get("remove", "")
    if gone:
        _save(request.user, study, {code: texts for code, texts in study.translations.items() if code != gone})
        return redirect(request.path)
    try:
        code = canonical(request.POST.get("add", ""))
    except ValueError as problem:
        messages.error(request, f"{str(problem)[:1].upper()}{str(problem)[1:]}.")
        return redirect(request.path)
    if code not in study.translations and len(study.translations) >= translations.MOST_LANGUAGES:
        messages.error(request, f"A study has at most {translations.MOST_LANGUAGES} languages.")
        return redirect(request.path)
    if code not in study.translations and code != study.language:
        _save(request.user, study, study.translations | {code: {}})
    return redirect("admin:language", study.pk, code)


def _edit(model_admin):
    def edited(request: HttpRequest, pk: int, code: str) -> HttpResponse:
        study, may_change = _of(request, pk, code)
        problems: list[str] = []
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            taken = translations.taken(study, code, _given_in(request))
            problems = taken.problems
            if not problems:
                _take(request, study, code, taken.texts, _emptied(request))
                return redirect(f"{request.path}?{request.GET.urlencode()}")
        return _page(model_admin, request, study, code, problems)

    return edited


def _page(model_admin, request: HttpRequest, study: models.Study, code: str, problems: list[str]) -> HttpResponse:
    rows, search = translations.rows(study, code), SearchForm(request.GET)
    page = Paginator(search.chosen(rows), PER_PAGE).get_page(request.GET.get("page"))
    typed = dict(zip(request.POST.getlist("key"), request.POST.getlist("text"), strict=False))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        **page_context(model_admin, request, f"Languages: {english_name(code)}", study),
        "may_change": roles.may(request.user, "change", study),
        "language": {**_counted(study, code), "source": _named(study.language)},
        "search": search,
        "page": page,
        "lines": [{"row": row, "typed": typed.get(row.unit.key, row.text)} for row in page],
        "problems": problems[:MOST_TOLD],
        "more": max(0, len(problems) - MOST_TOLD),
        "query": query.urlencode(),
        "cells": study.conditions.all(),
    }
    return TemplateResponse(request, EDIT, context, status=422 if problems else 200)


def _of(request: HttpRequest, pk: int, code: str) -> tuple[models.Study, bool]:
    study = study_of(request, pk)
    if code != study.language and code not in study.translations:
        raise Http404
    return study, roles.may(request.user, "change", study)


def _given_in(request: HttpRequest) -> list[tuple[str, str, str, str]]:
    """Return the texts of the form that were changed in it: what another has translated meanwhile stays."""
    cells = zip(*(map(_lines, request.POST.getlist(name)) for name in ("key", "source", "was", "text")), strict=False)
    return [("Here", key, source, text) for key, source, was, text in cells if text != was]


def _emptied(request: HttpRequest) -> list[str]:
    cells = zip(*(map(_lines, request.POST.getlist(name)) for name in ("key", "was", "text")), strict=False)
    return [key for key, was, text in cells if was.strip() and not text.strip()]


def _lines(text: str) -> str:
    return str(storable(text.replace("\r\n", "\n")))


@require_safe
def _download(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    study, _ = _of(request, pk, code)
    name = f"{study.slug}-{code}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(translations.table(study, code), content_type="text/csv; charset=utf-8", headers=headers)


def _upload(model_admin):
    @require_POST
    def uploaded(request: HttpRequest, pk: int, code: str) -> HttpResponse:
        study, may_change = _of(request, pk, code)
        if not may_change:
            raise PermissionDenied
        file = request.FILES.get("file")
        if file is None or (file.size or 0) > LARGEST:
            return _page(
                model_admin, request, study, code, ["Choose a CSV as it was downloaded here, of at most 5 MB."]
            )
        try:
            text = file.read().decode()
        except UnicodeDecodeError:
            return _page(
                model_admin, request, study, code, ["Expected UTF-8; save the table as “CSV UTF-8” and try again."]
            )
        taken = translations.from_table(study, code, str(storable(text)))
        if taken.problems:
            return _page(model_admin, request, study, code, taken.problems)
        _take(request, study, code, taken.texts, [])
        if taken.gone:
            messages.warning(request, f"{taken.gone} of its rows are about texts that the study no longer has.")
        return redirect("admin:language", study.pk, code)

    return uploaded


def _take(request: HttpRequest, study: models.Study, code: str, texts: dict, emptied: list[str]) -> None:
    with transaction.atomic():
        study = models.Study.objects.select_for_update().get(pk=study.pk)
        own = study.translations.get(code, {})
        kept = {key: one for key, one in own.items() if key not in emptied}
        _save(request.user, study, study.translations | {code: kept | texts})
    if n := len(texts) + len([key for key in emptied if key in own]):
        messages.success(request, f"{n} translation{'' if n == 1 else 's'} changed.")
    else:
        messages.info(request, "Nothing was changed.")


def _save(user, study: models.Study, found: dict) -> None:
    with transaction.atomic():
        before = audit.snapshot(study.pk)
        study.translations = found
        study.save(update_fields=["translations"])
        if changed := audit.differences(before, audit.snapshot(study.pk)):
            audit.record(user, study, audit.TRANSLATED, changed)
