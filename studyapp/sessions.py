"""The only writer of participants' state: start, submit, record events, withdraw, erase, expire.

Every change is one short transaction that first locks the row it changes and only then reads it; so two requests
about the same run, in whatever order they arrive, behave as if one came after the other. A response is also unique
per (participant, step) in the database itself.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from studyapp import models
from studyapp.core import flow, quality
from studyapp.core.assignment import Cell, choose_condition, choose_order
from studyapp.core.kinds import Page, kind, load
from studyapp.core.run import Answered
from studyapp.core.storable import storable
from studyapp.publishing import frozen, read_version

ERASED = "erased"
MAX_EVENTS = 500


class NotOpen(Exception):
    """Nobody can start now; `reason` is paused, closed or full."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Visitor:
    """Who starts a run: the name a recruiter, link or browser gives them."""

    source: str
    external_id: str
    details: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """What became of a submission.

    accepted  stored now                         stored   stored before; nothing changed
    moved     not the run's present step         closed   the run has ended
    invalid   not stored; `errors` by field say why
    """

    status: str
    errors: dict = field(default_factory=dict)


def token(participant: models.Participant, position: int) -> str:
    """Return the token that lets this participant answer this one step."""
    return f"{position}-{salted_hmac('studyapp.step', f'{participant.code}:{position}').hexdigest()[:32]}"


def find(study: models.Study, visitor: Visitor) -> models.Participant | None:
    """Return the run that a visitor has in a study, if any."""
    identity = models.Identity.objects.filter(study=study, source=visitor.source, external_id=visitor.external_id)
    return models.Participant.objects.filter(identity__in=identity).first()


def start(study_id: int, visitor: Visitor | None, *, bot: str = "", group: str = "") -> models.Participant:
    """Start a run, or return the one that the visitor has: condition, order and whole plan in one transaction.

    Raises `NotOpen` when the study takes nobody. The study's row is locked, so starts follow one another and
    every one sees the assignments before it.
    """
    with transaction.atomic():
        study = models.Study.objects.select_for_update().get(pk=study_id)
        if visitor and (known := find(study, visitor)):
            return known
        if study.status != models.Study.Status.OPEN:
            raise NotOpen("paused" if study.status == models.Study.Status.PAUSED else "closed")
        counted = study.participants.filter(preview=False, bot__gt="") if bot else _people(study)
        tally, conditions = _tally(study, counted), {cell.pk: cell for cell in study.conditions.all()}
        rng = Random(f"{study.seed}:{'bot' if bot else 'person'}:{sum(row['started'] for row in tally)}")
        chosen = choose_condition([_cell(condition, tally) for condition in conditions.values()], rng)
        if chosen is None:
            raise NotOpen("full")
        taken = _orders_taken(conditions[chosen], tally)
        participant = _begin(read_version(study.current_id), conditions[chosen], taken, rng, bot=bot, group=group)
        if visitor:
            models.Identity.objects.create(
                study=study,
                participant=participant,
                source=visitor.source,
                external_id=visitor.external_id,
                details=visitor.details,
            )
        return participant


def start_preview(version: models.Version, condition: models.Condition, *, bot: str = "") -> models.Participant:
    """Start a researcher's own walk, or a bot's, through one condition; it is never counted, nor exported."""
    with transaction.atomic():
        return _begin(version, condition, {}, Random(), preview=True, bot=bot)


def submit(participant_id: int, submitted_token: str, validate, timing: dict) -> Receipt:
    """Store the answer to one step and move on, exactly once.

    `validate(participant, step) -> (answer, errors)` reads the answer once the run is locked and known to stand at
    the token's step. Repeated, late, parallel and out-of-order submissions change nothing.
    """
    with transaction.atomic():
        participant = _locked(participant_id)
        position = _position(participant, submitted_token)
        if position is None:
            return Receipt("moved")
        if position != participant.position or participant.status != flow.ACTIVE:
            if participant.responses.filter(position=position).exists():
                return Receipt("stored")
            return Receipt("moved" if participant.status == flow.ACTIVE else "closed")
        step = participant.plan.steps[position]
        answer, errors = validate(participant, step)
        if errors:
            return Receipt("invalid", errors)
        record = frozen(participant.version)
        its_kind = kind(record["kind"])
        scores = its_kind.part("scoring:score")(step, answer, record)
        _arrange(participant.plan, its_kind.page(step["page"]), position, answer)
        move = flow.advance(participant.plan.steps, position, flow.Submission(answer, scores))
        models.Response.objects.create(
            participant=participant,
            position=position,
            submitted_at=timezone.now(),
            **move.response,
            **_timing(timing),
        )
        _move(participant, move, record)
        return Receipt("accepted")


def record_events(participant_id: int, submitted_token: str, events: list[dict]) -> None:
    """Store a batch of browser events of the token's step; never touches an answer.

    An event's `uid` makes a batch that is sent twice count once. Nothing is stored of a run that was withdrawn or
    erased: the row is locked for the moment of the insert, so that erased events can't come back.
    """
    now = timezone.now()
    with transaction.atomic():
        participant = models.Participant.objects.select_for_update().get(pk=participant_id)
        position = _position(participant, submitted_token)
        if position is None or participant.status in (ERASED, flow.WITHDRAWN, flow.NO_CONSENT):
            return
        rows = [_event(participant, position, event, now) for event in events[:MAX_EVENTS]]
        models.Event.objects.bulk_create(rows, ignore_conflicts=True)
        if participant.status == flow.ACTIVE:
            participant.seen_at = now
            participant.save(update_fields=["seen_at"])


def withdraw(participant_id: int, *, keep: bool) -> models.Participant:
    """End a run at the participant's wish; what was given so far is kept or erased. A second call changes nothing."""
    with transaction.atomic():
        participant = _locked(participant_id)
        if participant.status != flow.ACTIVE:
            return participant
        _end(participant, flow.WITHDRAWN, {} if not keep else _summary(participant))
        if not keep:
            _forget(participant)
        return participant


def erase(participant_id: int) -> models.Participant:
    """Erase a person's answers, events, plan and identity; a tombstone without personal data stays."""
    with transaction.atomic():
        participant = _locked(participant_id)
        _forget(participant)
        models.Identity.objects.filter(participant=participant).delete()
        participant.status, participant.summary, participant.quality, participant.position = ERASED, {}, {}, 0
        participant.ended_at = participant.ended_at or timezone.now()
        participant.save(update_fields=["status", "summary", "quality", "position", "ended_at"])
        return participant


def discard_trial_runs(study: models.Study) -> None:
    """Delete a study's previews and bots with all they left; people's runs stay."""
    study.participants.filter(Q(preview=True) | Q(bot__gt="")).delete()


def expire(study: models.Study) -> int:
    """End the study's unfinished runs whose last sign of life is older than it allows; return how many."""
    if study.expire_hours is None:
        return 0
    before = timezone.now() - timedelta(hours=study.expire_hours)
    stale = study.participants.filter(status=flow.ACTIVE, seen_at__lt=before)
    return sum(_expire(pk, before) for pk in stale.values_list("pk", flat=True))


def apply_retention(study: models.Study) -> int:
    """Erase the recruitment ids of runs last seen longer ago than the study keeps them; return how many."""
    if study.retention_days is None:
        return 0
    before = timezone.now() - timedelta(days=study.retention_days)
    return models.Identity.objects.filter(study=study, participant__seen_at__lt=before).delete()[0]


def answered(participant: models.Participant) -> list[Answered]:
    """Return the run's responses in order, each with its step."""
    steps = participant.plan.steps
    return [Answered(steps[row.position], row.answer, row.scores) for row in participant.responses.all()]


def get(participant_id: int) -> models.Participant:
    """Return a run with its plan, condition, version and bundle, in one query."""
    return _whole(participant_id, _WHOLE)


def _locked(participant_id: int) -> models.Participant:
    """Return the same, as it is once its rows are locked until the transaction ends."""
    lock = " FOR UPDATE OF run, plan" if connection.features.has_select_for_update_of else ""
    return _whole(participant_id, _WHOLE + lock)


# Every page and every answer asks this. Django would build the statement anew each time, at three times the cost.
_WHOLE = """
    SELECT run.*, plan.steps AS plan_steps, cell.name AS cell_name, cell.factors AS cell_factors
    FROM studyapp_participant run
    JOIN studyapp_plan plan ON plan.participant_id = run.id
    LEFT JOIN studyapp_condition cell ON cell.id = run.condition_id
    WHERE run.id = %s"""


def _whole(participant_id: int, statement: str) -> models.Participant:
    found = list(models.Participant.objects.raw(statement, [participant_id]))
    if not found:
        raise models.Participant.DoesNotExist(f"there is no run {participant_id}")
    run = found[0]
    run.plan = _loaded(models.Plan, participant_id=run.pk, steps=json.loads(run.plan_steps))
    if run.condition_id is not None:
        factors = json.loads(run.cell_factors)
        run.condition = _loaded(models.Condition, id=run.condition_id, name=run.cell_name, factors=factors)
    run.version = read_version(run.version_id)
    return run


def _loaded(model, **values):
    return model.from_db(connection.alias, list(values), list(values.values()))


def _people(study: models.Study):
    return study.participants.filter(preview=False, bot="")


def _tally(study: models.Study, counted) -> list[dict]:
    """Count started, completed and active runs by condition and order, in one pass over the study's runs."""
    recent = timezone.now() - timedelta(minutes=study.active_minutes)
    by_cell = counted.order_by().values("condition", "order")
    return list(
        by_cell.annotate(
            started=Count("pk"),
            completed=Count("pk", filter=Q(status=flow.COMPLETED)),
            active=Count("pk", filter=Q(status=flow.ACTIVE, seen_at__gte=recent)),
        )
    )


def _cell(condition: models.Condition, tally: list[dict]) -> Cell:
    rows = [row for row in tally if row["condition"] == condition.pk]
    completed, active = sum(row["completed"] for row in rows), sum(row["active"] for row in rows)
    return Cell(condition.pk, completed, active, condition.quota, condition.open)


def _orders_taken(condition: models.Condition, tally: list[dict]) -> dict[int, int]:
    return {row["order"]: row["completed"] + row["active"] for row in tally if row["condition"] == condition.pk}


def _begin(
    version: models.Version, condition: models.Condition, taken: dict[int, int], rng: Random, **flags
) -> models.Participant:
    record = frozen(version)
    its_kind = kind(record["kind"])
    order = choose_order(taken, its_kind.n_orders(record), rng)
    seed = rng.randrange(2**31)
    steps = its_kind.part("plan:build")(record, condition.factors, order, Random(seed))
    now = timezone.now()
    participant = models.Participant.objects.create(
        study_id=version.study_id,
        version=version,
        condition=condition,
        order=order,
        seed=seed,
        seen_at=now,
        **flags,
    )
    models.Plan.objects.create(participant=participant, steps=steps)
    _trace(participant, "started")
    return participant


def _expire(participant_id: int, before) -> bool:
    with transaction.atomic():
        participant = _locked(participant_id)
        if participant.status != flow.ACTIVE or participant.seen_at >= before:
            return False
        _end(participant, flow.EXPIRED, _summary(participant))
        return True


def _position(participant: models.Participant, submitted: str) -> int | None:
    head, _, _ = submitted.partition("-")
    if not head.isdecimal() or len(head) > 6:
        return None
    position = int(head)
    return position if constant_time_compare(submitted, token(participant, position)) else None


def _arrange(plan: models.Plan, page: Page, position: int, answer: dict) -> None:
    if page.arrange:
        plan.steps = load(page.arrange)(plan.steps, position, answer)
        plan.save(update_fields=["steps"])


def _move(participant: models.Participant, move: flow.Move, record: dict) -> None:
    participant.position, participant.seen_at = move.position, timezone.now()
    if move.status == flow.ACTIVE:
        participant.save(update_fields=["position", "seen_at"])
        return
    if move.status == flow.COMPLETED:
        _require_whole(participant)
    refused = move.status == flow.NO_CONSENT
    _end(participant, move.status, {} if refused else _summary(participant))
    if refused:
        _forget(participant)
        models.Identity.objects.filter(participant=participant).delete()


def _require_whole(participant: models.Participant) -> None:
    stored = dict(participant.responses.values_list("position", "scores"))
    missing = [position for position in flow.expected(participant.plan.steps, stored) if position not in stored]
    if missing:
        raise RuntimeError(f"run {participant.code} would complete without steps {missing}")


def _summary(participant: models.Participant) -> dict:
    record = frozen(participant.version)
    return kind(record["kind"]).part("scoring:summary")(answered(participant), record)


def _quality(participant: models.Participant) -> dict:
    steps = participant.plan.steps
    answers = [
        quality.Answer(steps[row.position], row.answer, row.scores, row.rt_ms, row.hidden_ms)
        for row in participant.responses.all()
    ]
    return quality.measures(answers, kind(frozen(participant.version)["kind"]))


def _end(participant: models.Participant, status: str, summary: dict) -> None:
    participant.status, participant.summary = status, summary
    participant.quality = _quality(participant) if status == flow.COMPLETED else {}
    participant.ended_at = timezone.now()
    participant.save(update_fields=["status", "summary", "quality", "position", "ended_at", "seen_at"])
    _trace(participant, status)


def _forget(participant: models.Participant) -> None:
    participant.responses.all().delete()
    participant.events.filter(t_ms__isnull=False).delete()
    models.Plan.objects.filter(participant=participant).update(steps=[])


def _trace(participant: models.Participant, name: str) -> None:
    models.Event.objects.create(
        participant=participant, position=participant.position, name=name, received_at=timezone.now()
    )


def _event(participant: models.Participant, position: int, event: dict, now) -> models.Event:
    event = storable(event)
    return models.Event(
        participant=participant,
        position=position,
        name=str(event.get("name", ""))[:40],
        t_ms=_number(event.get("t_ms")),
        input_mode=str(event.get("input_mode", ""))[:10],
        data=event.get("data") if isinstance(event.get("data"), dict) else {},
        uid=str(event["uid"])[:40] if event.get("uid") else None,
        received_at=now,
    )


def _timing(timing: dict) -> dict:
    timing = storable(timing)
    return {
        "rt_ms": _number(timing.get("rt_ms")),
        "hidden_ms": _number(timing.get("hidden_ms")),
        "input_mode": str(timing.get("input_mode") or "")[:10],
        "timing": {key: timing[key] for key in ("shown_at", "screen") if key in timing},
    }


def _number(value) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e12 else None
