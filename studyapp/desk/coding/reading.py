"""The page on which one codes: a passage after the other, and back."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from studyapp import models
from studyapp.coding import codebook, passages, readings

from .pages import context_of, require_column, study_of


def read(model_admin):
    """Return the view of the page on which one codes."""

    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = study_of(request, pk)
        require_column(study, column)
        passages.gather(study)
        start = readings.state(study, column, request.user) | {
            "codes": codebook.listed(study),
            "kinds": dict(models.Code.Kind.choices),
            "urls": {
                "save": reverse("admin:coding_save", args=[pk, column]),
                "back": reverse("admin:coding_back", args=[pk, column]),
                "add": reverse("admin:coding_add_code", args=[pk]),
            },
        }
        context = context_of(model_admin, request, study, "Code answers") | {
            "start": start,
            "column": column,
            "question": passages.question_of(study, column),
            "simulated": passages.simulated(study),
        }
        return TemplateResponse(request, "admin/studyapp/coding/read.html", context)

    return view


def save(model_admin):
    """Return the view that stores a reading: `{passage, codes, done}`; once done it answers with what comes next."""

    @require_POST
    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = study_of(request, pk)
        require_column(study, column)
        try:
            sent = json.loads(request.body)
            passage, codes, done = int(sent["passage"]), [int(code) for code in sent["codes"]], sent["done"] is True
        except (ValueError, KeyError, TypeError):
            return JsonResponse({"error": "expected {passage, codes, done}"}, status=400)
        try:
            readings.save(study, passage, request.user, codes, done=done)
        except readings.Gone as gone:
            return JsonResponse({"error": str(gone), **readings.state(study, column, request.user)}, status=410)
        return JsonResponse(readings.state(study, column, request.user) if done else {"saved": passage})

    return view


def take_back(model_admin):
    """Return the view that opens the coder's last finished passage again."""

    @require_POST
    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = study_of(request, pk)
        require_column(study, column)
        last = readings.take_back(study, column, request.user)
        return JsonResponse(readings.state(study, column, request.user, last))

    return view
