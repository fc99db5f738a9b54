"""Reading and locking a run, its tokens, and the trace that every change of its status leaves."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
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


def store(run: models.Participant, given: Mapping[str, Any], position: int) -> None:
    """Store a locked run's answer to its present step, forget the step's draft, and let the run stand at `position`.

    `given` has answer, scores and timing, which are JSON, and rt_ms, hidden_ms and input_mode.
    """
    values = [json.dumps(given[name]) for name in _JSON] + [given[name] for name in _PLAIN]
    now = timezone.now()
    answered, moved = [run.pk, run.position, _time(now), *values], [position, _time(now), run.pk]
    if connection.vendor == "postgresql":  # in one way there and back
        _carried_out(f"WITH stored AS ({_STORE}), dropped AS ({_DROP}) {_MOVE}", [*answered, run.pk, *moved])
    else:
        for statement, parameters in ((_STORE, answered), (_DROP, [run.pk]), (_MOVE, moved)):
            _carried_out(statement, parameters)
    run.position, run.seen_at = position, now


_JSON, _PLAIN = ("answer", "scores", "timing"), ("rt_ms", "hidden_ms", "input_mode")
_COLUMNS = ("participant_id", "position", "submitted_at", *_JSON, *_PLAIN)
_STORE = f"INSERT INTO studyapp_response ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"
_DROP = "DELETE FROM studyapp_draft WHERE participant_id = %s"
_MOVE = "UPDATE studyapp_participant SET position = %s, seen_at = %s WHERE id = %s"


def _time(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _carried_out(statement: str, values: list) -> list[tuple]:
    """Carry out a written-out statement, on PostgreSQL by the shortest way, and return its rows."""
    if connection.vendor == "postgresql":
        return connection.carried_out(statement, values)  # type: ignore[attr-defined, no-any-return]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


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
    rows = _carried_out(statement, [named])
    if not rows:
        raise models.Participant.DoesNotExist("there is no such run")
    row = rows[0]
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
