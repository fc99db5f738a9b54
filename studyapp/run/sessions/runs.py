"""Reading and locking a run, its tokens, and the trace that every change of its status leaves."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from studyapp import models
from studyapp.core.engine.run import Answered
from studyapp.publishing import read_version


def get(participant_id: int) -> models.Participant:
    """Return a run with its plan, condition, version, bundle and draft, and its study's `slug`, in one query."""
    return _whole(participant_id, _WHOLE + "run.id = %s")


def get_by_ticket(ticket: str) -> models.Participant:
    """Return the same of the run that a browser's cookie names."""
    return _whole(ticket, _WHOLE + "run.ticket = %s")


def locked(participant_id: int) -> models.Participant:
    """Return the same, as it is once its rows are locked until the transaction ends."""
    return _whole(participant_id, _WHOLE + "run.id = %s" + _lock())


def locked_holder(tickets: list[str], submitted: str) -> models.Participant | None:
    """Return, locked, which of the runs that a browser has tickets for a step's token was made for; None for none."""
    if len(tickets) != 1:
        found = holder(tickets, submitted) if tickets else None
        return None if found is None else locked(found)
    try:
        run = _whole(tickets[0], _WHOLE + "run.ticket = %s" + _lock())
    except models.Participant.DoesNotExist:
        return None
    return None if position_of(run, submitted) is None else run


def stand_at(run: models.Participant, position: int) -> None:
    """Let a locked run stand at a step from now on."""
    run.position, run.seen_at = position, timezone.now()
    seen_at = connection.ops.adapt_datetimefield_value(run.seen_at)
    _write("UPDATE studyapp_participant SET position = %s, seen_at = %s WHERE id = %s", [position, seen_at, run.pk])


def drop_draft(run: models.Participant) -> None:
    """Forget what a locked run's present step held unanswered."""
    _write("DELETE FROM studyapp_draft WHERE participant_id = %s", [run.pk])


def _write(statement: str, values: list) -> None:
    with _preparing(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def _preparing() -> AbstractContextManager[None]:
    """Let PostgreSQL plan what is asked meanwhile once for each connection."""
    return connection.preparing() if connection.vendor == "postgresql" else nullcontext()  # type: ignore[attr-defined]


def _lock() -> str:
    return " FOR UPDATE OF run, plan" if connection.features.has_select_for_update_of else ""


# Every page and every answer asks this. Django would build the statement anew each time, and look up anew how to read
# each column, at four times the cost; it would build those by which an answer is written, too.
_FIELDS = models.Participant._meta.concrete_fields
_BESIDE = {
    "plan_steps": "plan.steps",
    "cell_name": "cell.name",
    "cell_factors": "cell.factors",
    "slug": "study.slug",
    "draft_position": "draft.position",
    "draft_number": "draft.number",
    "draft_fields": "draft.fields",
}
_WHOLE = f"""
    SELECT {", ".join([*(f'run."{field.column}"' for field in _FIELDS), *_BESIDE.values()])}
    FROM studyapp_participant run
    JOIN studyapp_plan plan ON plan.participant_id = run.id
    JOIN studyapp_study study ON study.id = run.study_id
    LEFT JOIN studyapp_condition cell ON cell.id = run.condition_id
    LEFT JOIN studyapp_draft draft ON draft.participant_id = run.id
    WHERE """


def _whole(named: int | str, statement: str) -> models.Participant:
    with _preparing(), connection.cursor() as cursor:
        cursor.execute(statement, [named])
        row = cursor.fetchone()
    if row is None:
        raise models.Participant.DoesNotExist("there is no such run")
    run: Any = models.Participant.from_db(connection.alias, [field.attname for field in _FIELDS], _read(row))
    run.__dict__ |= zip(_BESIDE, row[len(_FIELDS) :], strict=True)
    run.plan = _loaded(models.Plan, participant_id=run.pk, steps=json.loads(run.plan_steps))
    if run.condition_id is not None:
        factors = json.loads(run.cell_factors)
        run.condition = _loaded(models.Condition, id=run.condition_id, name=run.cell_name, factors=factors)
    run.version = read_version(run.version_id)
    return run


def _read(row: Sequence[Any]) -> list[Any]:
    """Return the values of a run's own columns as its fields hold them."""
    values = list(row[: len(_FIELDS)])
    for place, column, readings in _readings(connection.vendor):
        for reading in readings:
            values[place] = reading(values[place], column, connection)
    return values


@cache
def _readings(_vendor: str) -> list[tuple[int, Any, list[Callable[..., Any]]]]:
    """Return the columns whose values are read otherwise than the database gives them, by place, and how."""
    columns = [field.cached_col for field in _FIELDS]
    readings = ((one, connection.ops.get_db_converters(one) + one.get_db_converters(connection)) for one in columns)
    return [(place, *one) for place, one in enumerate(readings) if one[1]]


def _loaded(model, **values):
    return model.from_db(connection.alias, list(values), list(values.values()))


def answered(participant: models.Participant) -> list[Answered]:
    """Return the run's responses in order, each with its step."""
    steps = participant.plan.steps
    return [Answered(steps[row.position], row.answer, row.scores) for row in participant.responses.all()]


def draft_of(participant: models.Participant) -> dict:
    """Return the draft of a run's present step, as it was when the run was read: its number, from 1, and fields."""
    read: Any = participant  # with the columns of the statement that it was read by
    if read.draft_position != participant.position:
        return {"number": 0, "fields": []}
    return {"number": read.draft_number, "fields": json.loads(read.draft_fields)}


def token(participant: models.Participant, position: int) -> str:
    """Return the token that lets this participant answer this one step."""
    return f"{position}-{salted_hmac('studyapp.step', f'{participant.code}:{position}').hexdigest()[:32]}"


def browser_key(participant: models.Participant) -> str:
    """Return the name under which a browser keeps what it couldn't send yet of this run; it lets nobody answer."""
    return salted_hmac("studyapp.browser", participant.code).hexdigest()[:12]


def holder(tickets: list[str], submitted: str) -> int | None:
    """Return which of the runs that a browser has tickets for a step's token was made for, by its number; or None."""
    runs = models.Participant.objects.filter(ticket__in=tickets).only("pk", "code")
    return next((run.pk for run in runs if position_of(run, submitted) is not None), None)


def ticket_of(tickets: list[str], key: str) -> str | None:
    """Return the ticket, among those a browser has, of the run with a `key`; None where there is none."""
    runs = models.Participant.objects.filter(ticket__in=tickets).only("ticket", "code")
    return next((run.ticket for run in runs if constant_time_compare(browser_key(run), key)), None)


def position_of(participant: models.Participant, submitted: str) -> int | None:
    head, _, _ = submitted.partition("-")
    if not submitted.isascii() or not head.isdecimal() or len(head) > 6:
        return None
    position = int(head)
    return position if constant_time_compare(submitted, token(participant, position)) else None


def trace(participant: models.Participant, name: str) -> None:
    models.Event.objects.create(
        participant=participant, position=participant.position, name=name, received_at=timezone.now()
    )
