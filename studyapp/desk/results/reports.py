"""Reports of a study in the browser: ask for one, watch it being made, read it, take it away."""

import shutil
import tempfile
from pathlib import Path

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_sameorigin

from studyapp import models
from studyapp.data import reporting
from studyapp.data.audit import record
from studyapp.desk.pages import page_context, study_of
from studyapp.desk.results import jobs as shown_jobs
from studyapp.jobs.files import folder_of

# The report is a page of its own making: it may show its pictures and styles, and nothing else.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'; sandbox allow-popups"
)


def urls(model_admin) -> list:
    """Return the addresses of a study's reports, for its admin."""
    views = [
        ("", overview, "reports"),
        ("<int:report_pk>/", show, "report"),
        ("<int:report_pk>/state/", state, "report_state"),
        ("<int:report_pk>/page/", page, "report_page"),
        ("<int:report_pk>/files/", files, "report_files"),
    ]
    wrap = model_admin.admin_site.admin_view
    return [path(f"<int:pk>/reports/{end}", wrap(view(model_admin)), name=name) for end, view, name in views]


def overview(model_admin):
    """Return the view of all reports; POST asks for a new one."""

    def view(request: HttpRequest, pk: int) -> HttpResponse:
        study = _study(request, pk)
        missing, lacking = reporting.missing(), reporting.lacking_data(study)
        if request.method == "POST":
            if missing:
                raise PermissionDenied(f"The analysis is not installed on this server: {', '.join(missing)} missing.")
            if lacking:
                messages.error(request, lacking)
                return redirect(request.path)
            report = reporting.start(study, request.user)
            record(request.user, study, f"Asked for report {report.pk}.")
            return redirect("admin:report", study.pk, report.pk)
        context = _context(model_admin, request, study, "Reports")
        context |= {"reports": reporting.reports(study), "missing": missing, "lacking": lacking}
        return TemplateResponse(request, "admin/studyapp/reports/overview.html", context)

    return view


def show(model_admin):
    """Return the view of one report: how far it is, why it failed, or the page itself in a frame."""

    def view(request: HttpRequest, pk: int, report_pk: int) -> HttpResponse:
        study, report = _report(request, pk, report_pk)
        context = _context(model_admin, request, study, f"Report {report.pk}")
        context |= {"report": report, **shown_jobs.state(request, report)}
        return TemplateResponse(request, "admin/studyapp/reports/report.html", context)

    return view


def state(model_admin):
    """Return the view of how far a report is, which its page asks for."""

    def view(request: HttpRequest, pk: int, report_pk: int) -> HttpResponse:
        _, report = _report(request, pk, report_pk)
        return shown_jobs.answer(request, "admin/studyapp/_job.html", shown_jobs.state(request, report), [report])

    return view


def page(model_admin):
    """Return the view of the report's own page, shut off from the desk around it."""

    @xframe_options_sameorigin
    def view(request: HttpRequest, pk: int, report_pk: int) -> HttpResponse:
        _, report = _report(request, pk, report_pk)
        path = _made(report) / reporting.PAGE
        response = HttpResponse(path.read_bytes(), content_type="text/html; charset=utf-8")
        response["Content-Security-Policy"] = POLICY
        response._csp_exempt = True
        return response

    return view


def files(model_admin):
    """Return the view of the report's folder as a zip: page, figures, tables, numbers."""

    def view(request: HttpRequest, pk: int, report_pk: int) -> HttpResponse:
        study, report = _report(request, pk, report_pk)
        name = f"{study.slug}-report-{report.pk}"
        with tempfile.TemporaryDirectory() as scratch:
            shutil.copytree(_made(report), Path(scratch) / name)
            archive = shutil.make_archive(f"{scratch}/{name}", "zip", scratch, name)
            return FileResponse(Path(archive).open("rb"), as_attachment=True, filename=f"{name}.zip")

    return view


def _study(request: HttpRequest, pk: int) -> models.Study:
    return study_of(request, pk)


def _report(request: HttpRequest, pk: int, report_pk: int) -> tuple[models.Study, models.Job]:
    study = _study(request, pk)
    return study, get_object_or_404(reporting.reports(study), pk=report_pk)


def _made(report: models.Job) -> Path:
    folder = folder_of(report) / "report"
    if report.outcome != report.Outcome.DONE or not (folder / reporting.PAGE).is_file():
        raise Http404("This report was not made, or its files are gone.")
    return folder


def _context(model_admin, request: HttpRequest, study: models.Study, title: str) -> dict:
    return {
        **page_context(model_admin, request, title, study),
        "study": study,
    }
