"""Carry out an order for bots that was placed at the desk, telling after each how far it is."""

from functools import partial
from random import Random

from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow
from studyapp.publishing import freeze
from studyapp.run import sessions

from . import SimulationError, by_functions, simulate


def carry_out(order: models.BotRun) -> None:
    """Let the order's bots walk: a published study as participants would, a draft through each condition in turn."""
    study = order.study
    walk = by_functions.walk if study.current else partial(_walk_draft, freeze(study, draft=True), iter(_turns(study)))
    try:
        for run in simulate(study, order.n_bots, walk, skill=order.skill, seed=order.pk):
            order.done += 1
            order.n_completed += run.status == flow.COMPLETED
            order.seen_at = timezone.now()
            order.save(update_fields=["done", "n_completed", "seen_at"])
    except SimulationError as stuck:
        order.error = str(stuck)
    except Exception as unforeseen:
        order.error = f"{type(unforeseen).__name__}: {unforeseen}"
        raise
    finally:
        order.ended_at = timezone.now()
        order.save(update_fields=["error", "ended_at"])


def _turns(study: models.Study):
    cells = list(study.conditions.filter(open=True))
    while True:
        yield from cells


def _walk_draft(version: models.Version, turns, study: models.Study, skill: str, rng: Random) -> models.Participant:
    """Walk one bot through a draft as a preview: it is never counted, and shows that every page can be answered."""
    return by_functions.finish(lambda: sessions.start_preview(version, next(turns), bot=skill), skill, rng)
