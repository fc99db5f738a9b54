"""Walk by plain functions: the engine and the pages' forms, without a server."""

from functools import partial
from random import Random

from django.db import transaction
from django.http import QueryDict

from studyapp import models
from studyapp.core.engine import flow
from studyapp.run import sessions, showing

from .answering import SimulationError, answer, timing

BY_CONDITION = "by condition"
CHANGING = ["status", "position", "summary", "ended_at"]


def walk(study: models.Study, skill: str, rng: Random) -> models.Participant:
    """Walk one bot from start to end."""
    return finish(lambda: sessions.start(study.pk, None, bot=skill), skill, rng)


def walk_by_condition(skills: dict[tuple[str, str], str]):
    """Return a walk whose bots have another skill where a factor has a level, so that a study of bots has effects."""

    def walk(study: models.Study, skill: str, rng: Random) -> models.Participant:
        with transaction.atomic():
            run = sessions.start(study.pk, None, bot=BY_CONDITION)
            factors = run.condition.factors.items() if run.condition else ()
            own = [skills[level] for level in factors if level in skills]
            return finish(lambda: run, own[-1] if own else skill, rng)

    return walk


def finish(start, skill: str, rng: Random) -> models.Participant:
    """Let a bot walk the run that `start()` begins, all in one transaction, so that the disk is waited for once."""
    with transaction.atomic():
        run = sessions.get(start().pk)
        while run.status == flow.ACTIVE:
            _answer_step(run, skill, rng)
            run.refresh_from_db(fields=CHANGING)
        return run


def _answer_step(run: models.Participant, skill: str, rng: Random) -> None:
    data = QueryDict(mutable=True)
    for name, value in answer(run, skill, rng):
        data.appendlist(name, value)
    token = sessions.token(run, run.position)
    receipt = sessions.submit(run.pk, token, partial(showing.validate, data), timing(run, rng))
    _, page, step = showing.step_of(run)
    if receipt.status != "accepted":
        raise SimulationError(
            f"the bot's answer to step {step['key']!r} was not accepted: {receipt.status} {receipt.errors}"
        )
    if page.arrange:
        run.plan.refresh_from_db()
