"""Walk by plain functions: the engine and the pages' forms, without a server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from random import Random
from time import monotonic, sleep

from django.db import transaction
from django.http import QueryDict

from studyapp import models
from studyapp.core.engine import flow
from studyapp.run import sessions, showing

from .answering import SimulationError, answer, timing

HELD_S, FREE_S = 0.2, 0.05
BY_CONDITION = "by condition"
CHANGING = ["status", "position", "summary", "ended_at"]


def walk(study: models.Study, skill: str, rng: Random) -> models.Participant:
    """Walk one bot from start to end."""
    return finish(lambda: sessions.start(study.pk, None, bot=skill), skill, rng)


def walk_by_condition(skills: dict[tuple[str, str], str]):
    """Return a walk whose bots have another skill where a factor has a level, so that a study of bots has effects."""

    def walk(study: models.Study, skill: str, rng: Random) -> models.Participant:
        run = sessions.start(study.pk, None, bot=BY_CONDITION)
        factors = run.condition.factors.items() if run.condition else ()
        own = [skills[level] for level in factors if level in skills]
        return finish(lambda: run, own[-1] if own else skill, rng)

    return walk


def finish(start, skill: str, rng: Random) -> models.Participant:
    """Let a bot walk the run that `start()` begins, several steps to a transaction: the disk is seldom waited for.

    A transaction takes no longer than HELD_S, and others get their turn after it: participants and the desk write into
    the same database.
    """
    run = sessions.get(start().pk)
    while run.status == flow.ACTIVE:
        with transaction.atomic(), TURNS.held():
            while True:
                _answer_step(run, skill, rng)
                run.refresh_from_db(fields=CHANGING)
                if run.status != flow.ACTIVE or TURNS.is_over():
                    break
        TURNS.let_others()
    return run


class Turns:
    """How long bots have held the database since others could have it."""

    def __init__(self, clock: Callable[[], float] = monotonic, rest: Callable[[float], None] = sleep):
        self.clock, self.rest, self.taken = clock, rest, 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Count the time of one transaction."""
        self.since = self.clock()
        try:
            yield
        finally:
            self.taken += self.clock() - self.since

    def is_over(self) -> bool:
        """Return whether the transaction under way has taken long enough."""
        return self.taken + self.clock() - self.since >= HELD_S

    def let_others(self) -> None:
        """Rest, once enough was taken: SQLite's writers look every tenth of a second whether they may."""
        if self.taken >= HELD_S:
            self.rest(FREE_S)
            self.taken = 0.0


TURNS = Turns()


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
