"""Exports prepared in the background: ask for one, watch it being prepared, take it away, in parts where need be."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path

from studyapp import jobs, models
from studyapp.data import downloads, prepared
from studyapp.data.audit import record
from studyapp.desk.pages import page_context, study_of
from studyapp.desk.results import jobs as shown_jobs

LIST = "admin/studyapp/exports/_list.html"
BEGUN = "bytes 0-"  # what is resumed was on record when it was begun


def urls(model_admin) -> list:
    """Return the addresses of a study's prepared exports."""
    signed_in = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/exports/", signed_in(_overview(model_admin)), name="study_exports"),
        path("<int:pk>/exports/state/", signed_in(_state), name="study_exports_state"),
        path("<int:pk>/exports/<int:job_pk>/", signed_in(_download), name="study_prepared"),
    ]


def _overview(model_admin):
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        if request.method == "POST":
            job = prepared.prepare(study, request.user)
            record(request.user, study, f"Had an export prepared (job {job.pk}).")
            return redirect(request.path)
        context = page_context(model_admin, request, "Exports prepared", study) | _exports(request, study)
        return TemplateResponse(request, "admin/studyapp/exports/overview.html", context)

    return view


def _state(request: HttpRequest, pk: int) -> HttpResponse:
    context = _exports(request, study_of(request, pk))
    return shown_jobs.answer(request, LIST, context, [export["job"] for export in context["exports"]])


def _download(request: HttpRequest, pk: int, job_pk: int) -> HttpResponse:
    study = study_of(request, pk)
    job = get_object_or_404(jobs.of(study, "export"), pk=job_pk)
    file = prepared.path_of(job)
    if file is None:
        raise Http404("This export was not prepared, or its day is over.")
    response = downloads.resumable(request, file, str(job.pk))
    if response.status_code < 400 and response.get("Content-Range", BEGUN).startswith(BEGUN):
        record(request.user, study, "Downloaded: Export data, prepared.")
    return response


def _exports(request: HttpRequest, study: models.Study) -> dict:
    exports = [shown_jobs.state(request, job) | {"until": _until(job)} for job in jobs.of(study, "export")]
    return {"study": study, "exports": exports}


def _until(job: models.Job):
    """Return until when a prepared export may be downloaded; None where it can't be."""
    return job.ended_at + prepared.KEEP if prepared.path_of(job) else None
