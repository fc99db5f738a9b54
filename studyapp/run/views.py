"""Participants' pages. A view parses, calls one function, and renders or redirects."""

import json
import logging
from functools import cache, partial

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studyapp import models, speaking
from studyapp.access import roles
from studyapp.core.engine import flow
from studyapp.core.engine.sizes import LARGEST_PX
from studyapp.core.languages.tags import matching
from studyapp.operations import routines
from studyapp.publishing import freeze, frozen, language_of, languages, problems
from studyapp.run import doors, endings, frames, sessions, showing, visitors

logger = logging.getLogger(__name__)
MAX_EVENTS_BYTES = 200_000
MAX_NUMBER = 2**31
MAX_NAME = 100  # longer than any stimulus's, shorter than what a file system refuses


@never_cache
@require_http_methods(["GET", "POST"])
def entry(request: HttpRequest, slug: str) -> HttpResponse:
    """The study's front door: nothing starts without a click, so link scanners start nothing."""
    study = _study(slug)
    bot = visitors.bot_of(request)
    try:
        visitor = None if bot else visitors.visitor_of(request, study)
    except visitors.BadLink as bad:
        return _problem(request, study, bad.reason, 403)
    if request.method == "GET":
        return _door(request, study, visitor)
    if visitor is None and not bot:
        return _problem(request, study, "cookies", 400)
    door = doors.door(request, study, visitor)
    if not bot and (door.fresh or not doors.suits(request, study, door)):
        return redirect(request.get_full_path()) if not door.fresh else redirect("entry", slug)
    participant = doors.known_run(request, study, visitor)
    try:
        participant = participant or sessions.start(
            study.pk,
            visitor,
            bot=bot,
            group=visitors.group_of(request, study),
            language=visitors.language_and_reason(request, frozen(study.current)) if study.current else ("", ""),
            address="" if bot else visitors.limited_address(request, study, visitor),
        )
    except sessions.NotOpen as closed:
        return _problem(request, study, closed.reason, 429 if closed.reason == "too_fast" else 403)
    plain = request.POST.get("plain") == "yes"
    return _entered(request, study, participant, named=doors.is_named(visitor), plain=plain)


@never_cache
@require_POST
def unsuitable(request: HttpRequest, slug: str) -> HttpResponse:
    """The way out for somebody whose device, browser or window the study refuses: nothing started, nothing is kept."""
    study = _study(slug)
    try:
        visitor = visitors.visitor_of(request, study)
    except visitors.BadLink as bad:
        return _problem(request, study, bad.reason, 403)
    if study.devices == models.Study.Devices.ANY or not doors.door(request, study, visitor).starts:
        return redirect(f"{reverse('entry', args=[slug])}?{request.GET.urlencode()}")
    if study.status != models.Study.Status.OPEN:
        return _problem(request, study, "paused" if study.status == "paused" else "closed", 403)
    language = _speak(request, study)
    return render(request, "finished.html", endings.unsuitable(study, visitor, language))


@never_cache
@require_http_methods(["GET", "POST"])
def run(request: HttpRequest, slug: str) -> HttpResponse:
    """The participant's present step, always at the same address; a POST answers it."""
    if request.method == "POST":
        return _submit(request, slug)
    found = visitors.run_of(request, slug)
    if found is None:
        return redirect("entry", slug)
    participant, held = found
    showing.speak(participant)
    if participant.status != flow.ACTIVE:
        own_tab = "of" in request.GET  # only the tab in which the run ended has this
        return render(request, "finished.html", endings.context(participant, with_code=held.named or own_tab))
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
    except (ValueError, KeyError, TypeError, RecursionError, RawPostDataException):
        return JsonResponse({"error": "expected {token, events: [{name, t_ms, input_mode, data}]}"}, status=400)
    writer = _writer(request, slug, token)
    if writer is None:
        return JsonResponse({"status": "foreign"}, status=409)
    sessions.record_events(writer, token, rows)
    return HttpResponse(status=204)


@require_POST
def draft(request: HttpRequest, slug: str) -> HttpResponse:
    """What the present step holds unanswered, sent while it is being filled in."""
    token = request.POST.get("token", "")
    try:
        number = int(request.POST.get("number", ""))
        fields = [[str(name), str(value)] for name, value in json.loads(request.POST.get("fields", ""))]
    except (ValueError, TypeError, RecursionError):
        number, fields = 0, []
    if not 1 <= number < MAX_NUMBER:
        return JsonResponse({"error": "expected token, number from 1 and fields, [[name, value]]"}, status=400)
    writer = _writer(request, slug, token)
    return JsonResponse({"status": "late" if writer is None else sessions.keep_draft(writer, token, number, fields)})


@require_POST
def back(request: HttpRequest, slug: str) -> HttpResponse:
    """Back to the page before, where the design allows it; what was answered there is begun again."""
    token = request.POST.get("token", "")
    writer = visitors.writer_of(request, slug, token)
    if writer is None:
        return redirect("run", slug)
    participant = sessions.go_back(writer, token, showing.fields_of)
    return redirect(_address(reverse("run", args=[slug]), participant, "of" in request.GET))


@never_cache
@require_GET
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """The instructions met so far, to read again."""
    participant = visitors.participant_of(request, slug)
    if participant is None or participant.status != flow.ACTIVE:
        raise Http404
    showing.speak(participant)
    return render(request, "guide.html", showing.guide_context(participant))


@never_cache
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Pause or withdraw; what was given so far is kept or erased."""
    participant = visitors.participant_of(request, slug)
    if participant is None:
        return redirect("entry", slug)
    ended = redirect(_address(reverse("run", args=[slug]), participant, True))
    if request.method == "POST" and request.POST.get("choice") in ("keep", "erase"):
        sessions.withdraw(participant.pk, keep=request.POST["choice"] == "keep")
        return ended
    if participant.status != flow.ACTIVE:
        return redirect("run", slug)
    showing.speak(participant)
    return render(request, "leave.html", showing.common(participant) | showing.own_addresses(participant))


@never_cache
@require_http_methods(["GET", "POST"])
def next_person(request: HttpRequest, slug: str) -> HttpResponse:
    """A fresh start on this device, for the next person in a laboratory; only where the study is in lab mode."""
    study = _study(slug)
    if not study.lab_mode:
        raise Http404
    if request.method == "POST":
        response = redirect("entry", study.slug)
        visitors.forget(request, response, study)
        return response
    present = visitors.participant_of(request, slug)
    language = _speak(request, study)
    return render(request, "next_person.html", showing.next_person_context(study, present, language))


@staff_member_required
def preview(request: HttpRequest, slug: str, condition: str) -> HttpResponse:
    """A researcher's own walk through one condition, as the study is now; it is never counted.

    A GET, as after having had to sign in anew, leads to the study's page and its buttons: it starts nothing.
    """
    study = _study(slug, roles.studies(request.user))
    if request.method != "POST":
        return redirect("admin:studyapp_study_change", study.pk)
    cell = get_object_or_404(study.conditions, name=condition)
    if found := problems(study):
        return render(request, "problem.html", {"reason": "not_ready", "problems": found, "study": study}, status=409)
    version = freeze(study, draft=True)
    language = matching(request.POST.get("language", ""), languages(frozen(version)))
    participant = sessions.start_preview(version, cell, language=language)
    return _entered(request, study, participant, named=True)


@require_GET
def sizes(request: HttpRequest, photo: int, heatmap: int) -> HttpResponse:
    """A style sheet with a study's sizes, from which pages lay out their stimuli; it never changes."""
    if not 0 < photo <= LARGEST_PX or not 0 < heatmap <= LARGEST_PX:
        raise Http404
    style = f":root {{ --photo: {photo}px; --map: {heatmap}px; --tile: {max(photo, heatmap)}px; }}\n"
    response = HttpResponse(style, content_type="text/css")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_GET
def stimulus(request: HttpRequest, folder: str, name: str) -> FileResponse:
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
    """Whether the app can reach its database, and which daily routines are late; those fail it where `?daily` asks."""
    models.Study.objects.exists()
    late = [routine.command for routine in routines.late()]
    return JsonResponse({"status": "ok", "late": late}, status=503 if late and "daily" in request.GET else 200)


def home(request: HttpRequest) -> HttpResponse:
    return redirect("admin:index")


def _study(slug: str, studies=None) -> models.Study:
    """Return the study that has, or once had, a short name."""
    study = models.study_at(slug, models.Study.objects.select_related("current") if studies is None else studies)
    if study is None:
        raise Http404
    return study


def _entered(
    request: HttpRequest, study: models.Study, participant: models.Participant, *, named: bool, plain: bool = False
) -> HttpResponse:
    """Lead a browser into a run, and let it come back; one without scripts, a `plain` one, by the run's own address."""
    others = [one for one in visitors.held(request, study.slug) if one.ticket != participant.ticket]
    response = redirect(_address(reverse("run", args=[study.slug]), participant, plain or bool(others)))
    visitors.remember(request, response, study, participant, named=named)
    return response


def _address(path: str, participant: models.Participant, several: bool) -> str:
    """Return where a run goes on; said to be whose where the browser has several, so that no tab shows another's."""
    return f"{path}?of={sessions.browser_key(participant)}" if several else path


def _writer(request: HttpRequest, slug: str, token: str) -> int | None:
    """Return the run whose page sends something, None where it is none of the browser's; 404 where that has no run."""
    if not visitors.held(request, slug):
        raise Http404
    return visitors.writer_of(request, slug, token)


def _door(request: HttpRequest, study: models.Study, visitor: sessions.Visitor | None) -> HttpResponse:
    door = doors.door(request, study, visitor)
    if door.starts and study.status != models.Study.Status.OPEN:
        return _problem(request, study, "paused" if study.status == "paused" else "closed", 403)
    record = frozen(showing.version_at(study, door))
    language = language_of(door.run) if door.run else visitors.language_of(request, record)
    speaking.activate(record, language)
    context = showing.entry_context(study, door, language, request.GET.urlencode())
    response = render(request, "entry.html", context)
    if door.fresh:
        visitors.forget(request, response, study)
    else:
        visitors.remember_browser(request, response, study)
    return response


def _step(request: HttpRequest, participant: models.Participant, form=None, status: int = 200) -> HttpResponse:
    _, page, step = showing.step_of(participant)
    context = showing.step_context(participant)
    form = form or showing.begun_form_of(page, step, participant)
    context["form"] = form or cache(partial(showing.form_of, page, step, participant))  # made where it is rendered
    if form is None and context["kept_as"]:
        return HttpResponse(frames.page(request, page.template, context))
    return render(request, page.template, context, status=status)


def _submit(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        timing = json.loads(request.POST.get("timing") or "{}")
    except (ValueError, RecursionError):
        timing = {}
    held, token = visitors.held(request, slug), request.POST.get("token", "")
    wants_json = "application/json" in request.headers.get("Accept", "")
    receipt = sessions.submit_held(
        [one.ticket for one in held],
        token,
        partial(showing.validate, request.POST),
        timing if isinstance(timing, dict) else {},
    )
    if receipt is None:
        return _foreign(request, slug, wants_json) if visitors.run_of(request, slug) else redirect("entry", slug)
    participant = receipt.run
    if participant is None:
        return redirect("entry", slug)
    if receipt.status == "full":
        return JsonResponse({"status": "full"}, status=409) if wants_json else _full(request, participant)
    named = not wants_json or len(held) > 1 or participant.status != flow.ACTIVE
    following = _address(request.path, participant, named)
    if wants_json:
        body = {"status": receipt.status, "next": following}
        if receipt.errors:
            return JsonResponse({**body, "errors": receipt.errors}, status=422)
        return JsonResponse(body)
    if receipt.errors:
        showing.speak(participant)
        _, page, step = showing.step_of(participant)
        return _step(request, participant, showing.form_of(page, step, participant, request.POST), 422)
    return redirect(following)


def _foreign(request: HttpRequest, slug: str, wants_json: bool) -> HttpResponse:
    """Refuse, in words, the answer on a page of somebody whose run this browser has no longer; the page keeps it."""
    if wants_json:
        return JsonResponse({"status": "foreign"}, status=409)
    return _problem(request, _study(slug), "foreign", 409)


def _full(request: HttpRequest, participant: models.Participant) -> HttpResponse:
    """Say that all places were taken before somebody consented; their page stays, to be sent again later."""
    return _problem(request, participant.study, "full_meanwhile", 409)


def _problem(request: HttpRequest, study: models.Study, reason: str, status: int) -> HttpResponse:
    language = _speak(request, study)
    context = {"reason": reason, "study_title": endings.title_of(study, language), "language": language}
    return render(request, "problem.html", context, status=status)


def _speak(request: HttpRequest, study: models.Study) -> str:
    """Let the page speak the visitor's language, of those that the study has, and return it."""
    if study.current is None:
        translation.activate(study.language)
        return study.language
    record = frozen(study.current)
    language = visitors.language_of(request, record)
    speaking.activate(record, language)
    return language
