"""Storing what a participant does: the answer to a step, exactly once, and what the browser saw meanwhile."""

import json
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import answers, flow
from studyapp.core.engine.kinds import Page, load
from studyapp.core.questionnaires.pages import kind_of
from studyapp.core.storable import storable
from studyapp.publishing import frozen, read_by
from studyapp.run.sessions import places
from studyapp.run.sessions.ending import ERASED, finish
from studyapp.run.sessions.runs import locked, locked_holder, position_of, store

MAX_DRAFT, MAX_FIELDS = 60_000, 400  # characters and fields of a draft, several times what the longest page holds
TURNED = 1000  # more changes than a page's drafts count before the next page
MAX_EVENTS, MAX_OF_RUN = 500, 20_000  # events in a batch; in a run
MAX_DATA = 2_000  # characters of one event's data, and of what an answer's page tells of its showing


@dataclass(frozen=True)
class Receipt:
    """What became of a submission.

    accepted  stored now                         stored   stored before; nothing changed
    moved     not the run's present step         closed   the run has ended
    invalid   not stored; `errors` by field say why
    full      not stored: by the time of the consent, all places were taken
    turned    not stored: the step has more pages, and what it holds so far is kept as its draft
    """

    status: str
    errors: dict = field(default_factory=dict)
    run: models.Participant | None = None  # as it stands afterwards


class Unfinished(Exception):
    """More of a step is to be filled in; `fields`, `[[name, value]]`, is what it holds so far."""

    def __init__(self, fields: list):
        self.fields = fields


def submit(participant_id: int, submitted_token: str, validate, timing: dict) -> Receipt:
    """Store the answer to one step and move on, exactly once.

    `validate(participant, step) -> (answer, errors)` reads the answer once the run is locked and known to stand at
    the token's step; it raises `Unfinished` where the step has more pages. Repeated, late, parallel and out-of-order
    submissions change nothing.
    """
    with transaction.atomic():
        participant = locked(participant_id)
        return replace(_submitted(participant, submitted_token, validate, timing), run=participant)


def submit_held(tickets: list[str], submitted_token: str, validate, timing: dict) -> Receipt | None:
    """Do the same for the run that the token was made for among those a browser has tickets for; None where none is."""
    with transaction.atomic():
        participant = locked_holder(tickets, submitted_token)
        if participant is None:
            return None
        return replace(_submitted(participant, submitted_token, validate, timing), run=participant)


def _submitted(participant: models.Participant, submitted_token: str, validate, timing: dict) -> Receipt:
    position = position_of(participant, submitted_token)
    if position is None:
        return Receipt("moved")
    if position != participant.position or participant.status != flow.ACTIVE:
        if participant.responses.filter(position=position).exists():
            return Receipt("stored")
        return Receipt("moved" if participant.status == flow.ACTIVE else "closed")
    step = participant.plan.steps[position]
    try:
        answer, errors = validate(participant, step)
    except Unfinished as page:
        _turn(participant, page.fields)
        return Receipt("turned")
    if errors:
        return Receipt("invalid", errors)
    record = read_by(participant, step)
    study_kind = kind_of(record)
    scores = answers.score(study_kind, step, answer, record)
    _arrange(participant.plan, study_kind.page(step["page"]), position, answer)
    move = flow.advance(participant.plan.steps, position, flow.Submission(answer, scores))
    if study_kind.page(step["page"]).consents and move.status == flow.ACTIVE and not places.take(participant):
        return Receipt("full")
    store(participant, {**move.response, **_timing(timing)}, move.position)
    if move.status != flow.ACTIVE:
        finish(participant, move.status)
    return Receipt("accepted")


def earlier(run: models.Participant) -> int | None:
    """Return the position that a run may go back to; None where its design doesn't allow that.

    The earlier page can be met again and was the last answered, neither its answer nor its page decided the way, and
    the present one can be met again, too, or leads back by its declaration.
    """
    study_kind, steps = kind_of(frozen(run.version)), run.plan.steps
    here = run.position
    if run.status != flow.ACTIVE or here == 0:
        return None
    before = steps[here - 1]
    there, page = study_kind.page(before["page"]), study_kind.page(steps[here]["page"])
    free = there.can_be_met_again and there.arrange is None and not before.get("goto")
    return here - 1 if free and (page.can_be_met_again or page.back) else None


def go_back(participant_id: int, submitted_token: str, fields_of) -> models.Participant:
    """Let a run go back to the page before its present one, to be answered anew; return the run as it stands.

    What was answered there is begun again as a draft: `fields_of(run, step, answer)` gives the form's fields. That it
    was answered before, and in which time, stays among the events. A token of another page changes nothing.
    """
    with transaction.atomic():
        run = locked(participant_id)
        position = earlier(run)
        if position is None or position_of(run, submitted_token) != run.position:
            return run
        answered = run.responses.filter(position=position).first()
        if answered is None:
            return run
        before = {"from": run.plan.steps[run.position]["key"], "rt_ms": answered.rt_ms}
        fields = fields_of(run, run.plan.steps[position], answered.answer)
        run.position, run.seen_at = position, timezone.now()
        run.save(update_fields=["position", "seen_at"])
        answered.delete()
        models.Draft.objects.update_or_create(
            participant=run, defaults={"position": position, "number": 1, "fields": fields}
        )
        models.Event.objects.create(
            participant=run, position=position, name="went_back", data=before, received_at=timezone.now()
        )
        return run


def record_events(participant_id: int, submitted_token: str, events: list[dict]) -> None:
    """Store a batch of browser events of the token's step; never touches an answer.

    An event's `uid` makes a batch that is sent twice count once. What no page of ours sends, more events than fit in a
    run or longer data, is left out, so that nobody fills the disk. Nothing is stored of a run that was withdrawn or
    erased: the row is locked for the moment of the insert, so that erased events can't come back.
    """
    now = timezone.now()
    with transaction.atomic():
        participant = models.Participant.objects.select_for_update().get(pk=participant_id)
        position = position_of(participant, submitted_token)
        if position is None or participant.status in (ERASED, flow.WITHDRAWN, flow.NO_CONSENT):
            return
        room = max(0, min(MAX_EVENTS, MAX_OF_RUN - participant.events.count()))
        rows = [_event(participant, position, event, now) for event in events[:room]]
        models.Event.objects.bulk_create(rows, ignore_conflicts=True)
        if participant.status == flow.ACTIVE:
            participant.seen_at = now
            participant.save(update_fields=["seen_at"])


def keep_draft(participant_id: int, submitted_token: str, number: int, fields: list) -> str:
    """Keep what the run's present step holds unanswered: `[[name, value]]`, by the `number` of its changes.

    Return kept; older where a later draft is here; late where the step was answered or the run ended, so that nothing
    comes back; large where it is more than any page holds.
    """
    fields = storable(fields)
    if len(fields) > MAX_FIELDS or len(json.dumps(fields)) > MAX_DRAFT:
        return "large"
    with transaction.atomic():
        participant = models.Participant.objects.select_for_update().get(pk=participant_id)
        position = position_of(participant, submitted_token)
        if position != participant.position or participant.status != flow.ACTIVE:
            return "late"
        known = models.Draft.objects.filter(participant=participant, position=position).first()
        if known and known.number >= number:
            return "older"
        models.Draft.objects.update_or_create(
            participant=participant, defaults={"position": position, "number": number, "fields": fields}
        )
        participant.seen_at = timezone.now()
        participant.save(update_fields=["seen_at"])
        return "kept"


def _turn(participant: models.Participant, fields: list) -> None:
    """Keep a step's pages so far; drafts that were sent before are older, whenever they arrive."""
    known = models.Draft.objects.filter(participant=participant, position=participant.position).first()
    kept = {
        "position": participant.position,
        "number": (known.number if known else 0) + TURNED,
        "fields": storable(fields),
    }
    models.Draft.objects.update_or_create(participant=participant, defaults=kept)
    participant.seen_at = timezone.now()
    participant.save(update_fields=["seen_at"])


def _arrange(plan: models.Plan, page: Page, position: int, answer: dict) -> None:
    if page.arrange:
        plan.steps = load(page.arrange)(plan.steps, position, answer)
        plan.save(update_fields=["steps"])


def _event(participant: models.Participant, position: int, event: dict, now) -> models.Event:
    event = storable(event)
    data = event.get("data")
    return models.Event(
        participant=participant,
        position=position,
        name=str(event.get("name", ""))[:40],
        t_ms=_number(event.get("t_ms")),
        input_mode=str(event.get("input_mode", ""))[:10],
        data=data if isinstance(data, dict) and _fits(data) else {},
        uid=str(event["uid"])[:40] if event.get("uid") else None,
        received_at=now,
    )


def _timing(timing: dict) -> dict:
    timing = storable(timing)
    shown = {key: timing[key] for key in ("shown_at", "screen") if key in timing}
    return {
        "rt_ms": _number(timing.get("rt_ms")),
        "hidden_ms": _number(timing.get("hidden_ms")),
        "input_mode": str(timing.get("input_mode") or "")[:10],
        "timing": (shown if _fits(shown) else {}) | _times_of(timing.get("items")),
    }


def _times_of(items) -> dict:
    """Return when a page's single items were answered, by item."""
    known = items if isinstance(items, dict) else {}
    found = {str(code)[:40]: ms for code, given in known.items() if (ms := _number(given)) is not None}
    return {"items": dict(list(found.items())[:MAX_FIELDS])} if found else {}


def _fits(data: dict) -> bool:
    return len(json.dumps(data)) <= MAX_DATA


def _number(value) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e12 else None
