"""One run step by step as its participant saw it: the step's own page, read-only, and its events along a time line."""

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from studyapp import models
from studyapp.access import roles
from studyapp.core import timeline
from studyapp.core.engine import flow
from studyapp.desk.pages import page_context
from studyapp.run import sessions, showing
from studyapp.simulation.answering import submitted

from .replay import event_row, items

MAX_EVENTS = 2000


def urls(model_admin) -> list:
    """Return the addresses of a step's replay and of the page in its frame."""
    signed_in = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/replay/<int:position>/", signed_in(_replay(model_admin)), name="replay"),
        path("<int:pk>/replay/<int:position>/page/", signed_in(_page), name="replay_page"),
    ]


def met(run: models.Participant) -> list[int]:
    """Return the positions of the steps that a run has met: those answered, and the present one."""
    positions = list(run.responses.values_list("position", flat=True))
    return [*positions, run.position] if run.status == flow.ACTIVE and run.plan.steps else positions


def _run(request: HttpRequest, pk: int, position: int) -> tuple[models.Participant, list[int]]:
    found = get_object_or_404(models.Participant, pk=pk, study__in=roles.studies(request.user))
    run = sessions.get(found.pk)
    positions = met(run)
    if position not in positions:
        raise Http404
    return run, positions


def _replay(model_admin):
    @require_GET
    def replay(request: HttpRequest, pk: int, position: int) -> HttpResponse:
        run, positions = _run(request, pk, position)
        answers = {row.position: row for row in run.responses.all()}
        response, here = answers.get(position), positions.index(position)
        step = run.plan.steps[position]
        rows = list(run.events.filter(position=position).order_by("pk")[:MAX_EVENTS])
        events = [{"name": e.name, "t_ms": e.t_ms, "input_mode": e.input_mode, "data": e.data} for e in rows]
        context = {
            **page_context(model_admin, request, f"Replay: {run.code}"),
            "run": run,
            "step": step,
            "position": position,
            "number": here + 1,
            "n_met": len(positions),
            "before": positions[here - 1] if here else None,
            "after": positions[here + 1] if here + 1 < len(positions) else None,
            "steps": [_tile(run, other, answers.get(other)) for other in positions],
            "response": response,
            "answered_s": f"{response.rt_ms / 1000:.1f}" if response and response.rt_ms is not None else "",
            "answer": items(response.answer) if response else [],
            "scores": items(response.scores) if response else [],
            "line": timeline.drawn(events, response.rt_ms if response else None),
            "events": [event_row(row) for row in rows],
            "screen": (response.timing.get("screen") or {}) if response else {},
            "hesitation_s": timeline.HESITATION_MS // 1000,
        }
        return TemplateResponse(request, "admin/studyapp/participant/replay.html", context)

    return replay


def _tile(run: models.Participant, position: int, response) -> dict:
    step = run.plan.steps[position]
    return {
        "position": position,
        "key": step["key"],
        "s": f"{response.rt_ms / 1000:.1f}" if response and response.rt_ms is not None else "",
        "correct": response.scores.get("correct") if response else None,
    }


@never_cache
@require_GET
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})  # type: ignore[arg-type]  # its type leaves out what a view takes further
def _page(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """Return the step's own page as it was left: it can send nothing, keeps nothing and records nothing."""
    run, _ = _run(request, pk, position)
    response = run.responses.filter(position=position).first()
    run.position = position
    _, page, step = showing.step_of(run)
    form = showing.form_of(page, step, run)
    if form is not None and response is not None:
        data = QueryDict(mutable=True)
        for name, value in submitted(form, response.answer):
            data.appendlist(name, value)
        form = showing.form_of(page, step, run, data)
    with showing.speaking_as(run):
        context = showing.step_context(run)
        del context["same"]  # this page is like no participant's: nothing of it is kept, nor taken from theirs
        addresses = ("submit", "events", "state", "draft", "guide", "leave", "run", "back")
        nothing = {"token": "", "key": "", "draft": None, **{f"{name}_url": "" for name in addresses}}
        return render(
            request,
            page.template,
            {**context, **nothing, "form": form, "replay": True, "can_go_back": False, "next_images": []},
        )
