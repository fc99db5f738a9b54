"""Publish, pause, resume and close a study: each asks once, then acts, then is on record."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from studyapp import jobs, models, publishing
from studyapp.access import roles
from studyapp.data.audit import record
from studyapp.desk.pages import page_context, study_of
from studyapp.desk.results import jobs as shown_jobs

Status = models.Study.Status
DRAWN_AT_ONCE = 300  # heatmaps that the page waits for, some seconds; more are drawn in the background
ACCEPTED = "Accepted from the audit"
NOT_ACCEPTED = "The audit of the heatmaps is red. Read what it found; to publish all the same, tick that you accept it."
PUBLISHING = "admin/studyapp/study/_publishing.html"


@dataclass(frozen=True)
class Transition:
    """One way to change a study's status: its button, what it means, and whether it stands out."""

    button: str
    question: str
    meaning: str
    done: str
    status: Status | None = None
    main: bool = False


TRANSITIONS = {
    "publish": Transition(
        "Publish",
        "Publish “{study}”?",
        "The study is frozen as a version, stimuli and texts included, and opens to participants. Later edits become "
        "a new version when you publish again; whoever has started stays on theirs.",
        "Published version {version}. The link is open.",
        main=True,
    ),
    "pause": Transition(
        "Pause",
        "Pause “{study}”?",
        "Nobody new can start. Whoever has started can finish.",
        "Paused. Nobody new can start.",
        Status.PAUSED,
    ),
    "resume": Transition(
        "Resume",
        "Resume “{study}”?",
        "People can start again, with the version published last.",
        "Open again.",
        Status.OPEN,
        main=True,
    ),
    "close": Transition(
        "Close",
        "Close “{study}”?",
        "Nobody new can start. Whoever has started can finish. You can resume later.",
        "Closed.",
        Status.CLOSED,
    ),
}


def possible(study: models.Study) -> list[tuple[str, Transition]]:
    """Return the transitions that make sense now, by name."""
    names = {
        Status.DRAFT: ["publish"],
        Status.OPEN: ["pause", "close"],
        Status.PAUSED: ["resume", "close"],
        Status.CLOSED: ["resume"],
    }[Status(study.status)]
    ready = not publishing.problems(study)
    if study.status != Status.DRAFT and ready and publishing.edited_since(study):
        names = ["publish", *names]
    return [(name, TRANSITIONS[name]) for name in names if ready or name != "publish"]


def view(model_admin, name: str):
    """Return the view of one transition: GET asks, POST acts."""

    def act(request: HttpRequest, pk: int) -> HttpResponse:
        study = get_object_or_404(roles.studies(request.user).select_related("current", "bundle"), pk=pk)
        if not model_admin.has_change_permission(request, study):
            raise PermissionDenied
        if request.method == "POST":
            done = _apply(model_admin, request, study, TRANSITIONS[name])
            return redirect("admin:studyapp_study_change" if done else f"admin:study_{name}", study.pk)
        return TemplateResponse(request, "admin/studyapp/confirm.html", _context(model_admin, request, study, name))

    return act


def _apply(model_admin, request: HttpRequest, study: models.Study, transition: Transition) -> bool:
    """Do it, and tell what was done or why not; return False where it waits for an audit to be accepted."""
    accepted: list[list] = []
    try:
        if not transition.status and not publishing.problems(study):
            is_large = publishing.n_undrawn(study) > DRAWN_AT_ONCE
            audit = publishing.kept_audit(study) if is_large else publishing.audit_study(study)
            red = publishing.needs_consent(audit) if audit else []
            if red and "accept" not in request.POST:
                model_admin.message_user(request, NOT_ACCEPTED, messages.ERROR)
                return False
            accepted = [[ACCEPTED, None, sentence] for sentence in red]
            if is_large:
                _publish_later(model_admin, request, study, accepted)
                return True
            publishing.draw_heatmaps(study)  # before the transaction: nobody else's writing should wait for it
        with transaction.atomic():
            if transition.status:
                publishing.set_status(study, transition.status)
            else:
                publishing.publish(study)
            done = transition.done.format(version=study.current.number if study.current else "")
            record(request.user, study, done, accepted)
    except ValueError as problem:
        model_admin.message_user(request, str(problem), messages.ERROR)
        return True
    model_admin.message_user(request, done, messages.SUCCESS)
    return True


def _publish_later(model_admin, request: HttpRequest, study: models.Study, accepted: list[list]) -> None:
    with transaction.atomic():
        asked = {"accepted": [sentence for _, _, sentence in accepted]}
        jobs.ask("publish", study=study, user=request.user, parameters=asked, slot=f"publish {study.pk}")
        record(request.user, study, "Asked to publish, once the heatmaps are drawn.", accepted)
    message = "Its heatmaps are being drawn; it is published as soon as they are, also when this page is closed."
    model_admin.message_user(request, message, messages.INFO)


def under_way(request: HttpRequest, study: models.Study) -> dict:
    """Return how far the study's publishing in the background is, or why the last one failed; nothing without."""
    last = jobs.of(study, "publish").first()
    shown = last and (last.is_under_way or last.outcome == models.Job.Outcome.FAILED)
    return {"publishing": shown_jobs.state(request, last)} if shown else {}


def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Return how far it is, for `jobs.js`."""
    study = study_of(request, pk)
    last = jobs.of(study, "publish").first()
    context = {"publishing": shown_jobs.state(request, last)} if last else {}
    return shown_jobs.answer(request, PUBLISHING, context, [last] if last else [])


def _context(model_admin, request: HttpRequest, study: models.Study, name: str) -> dict:
    transition = TRANSITIONS[name]
    problems = publishing.problems(study) if name == "publish" else []
    found = publishing.kept_audit(study) if name == "publish" and not problems else None
    return {
        **page_context(model_admin, request, transition.question.format(study=study), study),
        "study": study,
        "meaning": transition.meaning,
        "button": transition.button,
        "problems": problems,
        "to_accept": publishing.needs_consent(found) if found else [],
    }
