"""Participants' pages. A view parses, calls one function, and renders or redirects."""

import json
import logging
from functools import cache, partial

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studyapp import models
from studyapp.access import roles
from studyapp.core.engine import flow
from studyapp.publishing import freeze, problems
from studyapp.run import endings, sessions, showing, visitors

logger = logging.getLogger(__name__)
MAX_EVENTS_BYTES = 200_000
MAX_NAME = 100  # longer than any stimulus's, shorter than what a file system refuses


@never_cache
@require_http_methods(["GET", "POST"])
def entry(request: HttpRequest, slug: str) -> HttpResponse:
    """The study's front door: nothing starts without a click, so link scanners start nothing."""
    study = get_object_or_404(models.Study.objects.select_related("current"), slug=slug)
    bot = visitors.bot_of(request)
    try:
        visitor = None if bot else visitors.visitor_of(request, study)
    except visitors.UnknownLink:
        return _problem(request, study, "unknown_link", 403)
    if request.method == "GET":
        return _door(request, study, visitor)
    if visitor is None and not bot:
        return _problem(request, study, "cookies", 400)
    try:
        participant = sessions.start(study.pk, visitor, bot=bot, group=visitors.group_of(request, study))
    except sessions.NotOpen as closed:
        return _problem(request, study, closed.reason, 403)
    response = redirect("run", slug)
    visitors.remember(request, response, slug, participant)
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def run(request: HttpRequest, slug: str) -> HttpResponse:
    """The participant's present step, always at the same address; a POST answers it."""
    if request.method == "POST":
        return _submit(request, slug)
    participant = visitors.participant_of(request, slug)
    if participant is None:
        return redirect("entry", slug)
    translation.activate(showing.language_of(participant))
    if participant.status != flow.ACTIVE:
        return render(request, "finished.html", endings.context(participant))
    return _step(request, participant)


@never_cache
@require_GET
def state(request: HttpRequest, slug: str) -> HttpResponse:
    """Where the run stands, and a fresh CSRF token: what the page asks when the network is back."""
    participant = visitors.participant_of(request, slug)
    if participant is None:
        raise Http404
    return JsonResponse(
        {
            "csrf": get_token(request),
            "token": sessions.token(participant, participant.position),
            "position": participant.position,
            "status": participant.status,
            "next": request.path.removesuffix("state/"),
        }
    )


@require_POST
def events(request: HttpRequest, slug: str) -> HttpResponse:
    """A batch of browser events."""
    try:
        batch = json.loads(request.body[:MAX_EVENTS_BYTES])
        token, rows = str(batch["token"]), [dict(event) for event in batch["events"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return JsonResponse({"error": "expected {token, events: [{name, t_ms, input_mode, data}]}"}, status=400)
    try:
        sessions.record_events(visitors.run_id(request, slug), token, rows)
    except models.Participant.DoesNotExist:
        raise Http404 from None
    return HttpResponse(status=204)


@never_cache
@require_GET
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """The instructions met so far, to read again."""
    participant = visitors.participant_of(request, slug)
    if participant is None or participant.status != flow.ACTIVE:
        raise Http404
    translation.activate(showing.language_of(participant))
    return render(request, "guide.html", showing.guide_context(participant))


@never_cache
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Pause or withdraw; what was given so far is kept or erased."""
    participant = visitors.participant_of(request, slug)
    if participant is None:
        return redirect("entry", slug)
    if request.method == "POST" and request.POST.get("choice") in ("keep", "erase"):
        sessions.withdraw(participant.pk, keep=request.POST["choice"] == "keep")
        return redirect("run", slug)
    if participant.status != flow.ACTIVE:
        return redirect("run", slug)
    translation.activate(showing.language_of(participant))
    return render(request, "leave.html", showing.common(participant))


@staff_member_required
def preview(request: HttpRequest, slug: str, condition: str) -> HttpResponse:
    """A researcher's own walk through one condition, as the study is now; it is never counted.

    A GET, as after having had to sign in anew, leads to the study's page and its buttons: it starts nothing.
    """
    study = get_object_or_404(roles.studies(request.user), slug=slug)
    if request.method != "POST":
        return redirect("admin:studyapp_study_change", study.pk)
    cell = get_object_or_404(study.conditions, name=condition)
    if found := problems(study):
        return render(request, "problem.html", {"reason": "not_ready", "problems": found, "study": study}, status=409)
    participant = sessions.start_preview(freeze(study, draft=True), cell)
    response = redirect("run", slug)
    visitors.remember(request, response, slug, participant)
    return response


@require_GET
def stimulus(request: HttpRequest, folder: str, name: str) -> HttpResponse:
    """An image under its opaque address; it never changes, so browsers keep it."""
    path = settings.STIMULI_ROOT / folder / name
    if len(folder + name) > MAX_NAME or not path.is_file():
        raise Http404
    response = FileResponse(path.open("rb"))
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@never_cache
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """Whether the app can reach its database."""
    models.Study.objects.exists()
    return JsonResponse({"status": "ok"})


def home(request: HttpRequest) -> HttpResponse:
    return redirect("admin:index")


def _door(request: HttpRequest, study: models.Study, visitor: sessions.Visitor | None) -> HttpResponse:
    known = sessions.find(study, visitor) if visitor else visitors.participant_of(request, study.slug)
    if known is None and study.status != models.Study.Status.OPEN:
        return _problem(request, study, "paused" if study.status == "paused" else "closed", 403)
    context = showing.entry_context(study, known)
    translation.activate(context["language"])
    response = render(request, "entry.html", context)
    visitors.remember_browser(request, response)
    return response


def _step(request: HttpRequest, participant: models.Participant, form=None, status: int = 200) -> HttpResponse:
    _, page, step = showing.step_of(participant)
    context = showing.step_context(participant)
    context["form"] = form or cache(partial(showing.form_of, page, step, participant))  # made where it is rendered
    return render(request, page.template, context, status=status)


def _submit(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        timing = json.loads(request.POST.get("timing") or "{}")
    except (ValueError, RecursionError):
        timing = {}
    try:
        receipt = sessions.submit(
            visitors.run_id(request, slug),
            request.POST.get("token", ""),
            partial(showing.validate, request.POST),
            timing if isinstance(timing, dict) else {},
        )
    except models.Participant.DoesNotExist:
        return redirect("entry", slug)
    if "application/json" in request.headers.get("Accept", ""):
        body = {"status": receipt.status, "next": request.path}
        if receipt.errors:
            return JsonResponse({**body, "errors": receipt.errors}, status=422)
        return JsonResponse(body)
    if receipt.errors:
        participant = visitors.participant_of(request, slug)
        translation.activate(showing.language_of(participant))
        _, page, step = showing.step_of(participant)
        return _step(request, participant, showing.form_of(page, step, participant, request.POST), 422)
    return redirect(request.path)


def _problem(request: HttpRequest, study: models.Study, reason: str, status: int) -> HttpResponse:
    translation.activate(study.language)
    context = {"reason": reason, "study_title": study.title, "language": study.language}
    return render(request, "problem.html", context, status=status)
