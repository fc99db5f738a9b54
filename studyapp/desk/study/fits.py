"""What a study's bundle can fill: given to a new study, offered on the checklist of one that it can't fill as it is."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from studyapp import models, publishing
from studyapp.core.engine.parameters import in_words as value_in_words
from studyapp.core.texts import words
from studyapp.data import audit
from studyapp.desk.pages import study_of


def urls(model_admin) -> list:
    """Return the address that gives a study what fits."""

    @require_POST
    def use(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk, "change")
        try:
            with transaction.atomic():
                before = audit.snapshot(study.pk)
                changed = publishing.fit(study)
                audit.record(request.user, study, audit.EDITED, audit.differences(before, audit.snapshot(study.pk)))
            messages.success(request, f"Set: {in_words(changed)}." if changed else "It fits as it is.")
        except ValueError as lacking:
            messages.error(request, str(lacking))
        return redirect("admin:studyapp_study_change", study.pk)

    return [path("<int:pk>/fit/", model_admin.admin_site.admin_view(use), name="study_fit")]


def fit_new(study: models.Study) -> dict:
    """Change a new study so that its bundle can fill it; nothing where none can, which the checklist says."""
    try:
        return publishing.fit(study)
    except ValueError:
        return {}


def offered(study: models.Study, checks: list[publishing.Check], may_change: bool) -> dict:
    """Return what the checklist offers where stimuli can't be drawn, in words, or why nothing fits."""
    *settings, drawn = checks
    if not may_change or not drawn.problems or any(check.problems for check in settings):
        return {}
    try:
        found = publishing.fitting(study)
    except ValueError as lacking:
        return {"fits_not": str(lacking)}
    return {"fits": in_words(found)} if found else {}


def in_words(changed: dict) -> str:
    """Return parameters and their values in words."""
    return "; ".join(f"{words(name).lower()} {value_in_words(value) or 'any'}" for name, value in changed.items())
