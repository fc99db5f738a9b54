"""The overview of coding: the codebook, everybody’s progress and the coders’ agreement."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse

from studyapp import models
from studyapp.coding import codebook, passages, results

from .pages import context_of, require_column, study_of


def overview(model_admin):
    """Return the view of the codebook, everybody's progress and the coders' agreement."""

    def view(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        passages.gather(study)
        columns = passages.free_fields(study)
        column = request.GET.get("field")
        column = column if column in columns else next(iter(columns), None)
        context = context_of(model_admin, request, study, "Coding") | {
            "columns": [_column(study, request.user, name) for name in columns],
            "column": column,
            "codes": codebook.codes(study),
            "simulated": passages.simulated(study),
        }
        if column:
            context |= _agreed(study, column)
        return TemplateResponse(request, "admin/studyapp/coding/overview.html", context)

    return view


def agreement(model_admin):
    """Return the view of the agreement alone, which the overview asks for every few seconds."""

    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = study_of(request, pk)
        require_column(study, column)
        context = {"study": study, "column": column} | _agreed(study, column)
        return render(request, "admin/studyapp/coding/_agreement.html", context)

    return view


def _column(study: models.Study, user, name: str) -> dict:
    total, done = passages.counts(study, name, user)
    return {
        "name": name,
        "title": name.replace("_", " "),
        "question": passages.question_of(study, name),
        "total": total,
        "done": done,
        "coders": results.progress(study, name),
    }


def _agreed(study: models.Study, column: str) -> dict:
    read = results.read(study, column)
    return {
        "agreement": results.agreement(study, read),
        "n_disputed": len(results.disagreements(study, column, read)),
    }
