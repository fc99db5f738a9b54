"""How far jobs are, as the desk shows it, and the button that ends one."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from studyapp import jobs, models
from studyapp.access import roles
from studyapp.data.audit import record
from studyapp.desk.pages import study_of
from studyapp.jobs import worker

# Of each kind of job: the page that shows it, and what it is called in the trail of changes.
PAGES = {
    "audit": ("admin:study_audit", "the audit"),
    "bots": ("admin:study_bots", "bots"),
    "export": ("admin:study_exports", "an export"),
    "publish": ("admin:studyapp_study_change", "publishing"),
    "report": ("admin:reports", "a report"),
}
Outcome = models.Job.Outcome


def urls(model_admin) -> list:
    """Return the address that a job is cancelled at."""
    signed_in = model_admin.admin_site.admin_view
    return [path("<int:pk>/jobs/<int:job_pk>/cancel/", signed_in(require_POST(_cancel)), name="job_cancel")]


def state(request: HttpRequest, job: models.Job) -> dict:
    """Return what `admin/studyapp/_job.html` shows of a job."""
    kind = jobs.kind_of(job.kind)
    return {
        "job": job,
        "study": job.study,
        "words": _words(job, kind),
        "since": _since(job),
        "may_cancel": bool(
            job.is_under_way
            and not job.cancel
            and kind
            and job.study
            and roles.may(request.user, kind.action, job.study)
        ),
    }


def answer(request: HttpRequest, template: str, context: dict, shown) -> HttpResponse:
    """Return what `jobs.js` asks for: a part of a page as it is now, and whether one of its jobs is under way."""
    html = render_to_string(template, context, request)
    response = JsonResponse({"html": html, "under_way": any(job.is_under_way for job in shown)})
    response["Cache-Control"] = "no-store"
    return response


def _cancel(request: HttpRequest, pk: int, job_pk: int) -> HttpResponse:
    study = study_of(request, pk)
    job = get_object_or_404(study.jobs, pk=job_pk)
    kind = jobs.kind_of(job.kind)
    if kind is None or not roles.may(request.user, kind.action, study):
        raise PermissionDenied
    page, name = PAGES[job.kind]
    if job.is_under_way:
        jobs.cancel(job)
        record(request.user, study, f"Cancelled {name} (job {job.pk}).")
    return redirect("admin:report", pk, job_pk) if job.kind == "report" else redirect(page, pk)


def _words(job: models.Job, kind: jobs.Kind | None) -> str:
    if job.outcome == Outcome.RUNNING:
        return "ending" if job.cancel else job.words or (kind.verb if kind else "")
    if job.outcome == Outcome.WAITING:
        if n_before := jobs.n_before(job):
            return f"waiting for {n_before} other job{'' if n_before == 1 else 's'} to be done"
        return "waiting to start" + ("" if worker.expected() else ": no worker is running on the server")
    if job.outcome == Outcome.CANCELLED:
        return job.error or "Ended before it was done."
    return job.error


def _since(job: models.Job) -> str:
    """Return for how long a job has waited, or has been done, or how long it took, in words."""
    if job.outcome == Outcome.WAITING:
        return f"asked for {_span(timezone.now() - job.asked_at)} ago"
    if job.outcome == Outcome.RUNNING:
        return f"for {_span(timezone.now() - (job.started_at or job.asked_at))}"
    return f"took {_span(job.ended_at - job.started_at)}" if job.started_at and job.ended_at else ""


def _span(duration) -> str:
    seconds = max(int(duration.total_seconds()), 0)
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
