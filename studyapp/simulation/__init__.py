"""Bots that walk a study by plain functions, by HTTP or in a real browser; seeded, marked, never counted as people."""

from collections.abc import Callable, Iterator
from random import Random

from django.db.models import Count, Q

from studyapp import models
from studyapp.core.engine import answers, flow, skills
from studyapp.core.engine.kinds import kind
from studyapp.run import sessions

from .answering import SimulationError

Walk = Callable[[models.Study, str, Random], models.Participant]

__all__ = ["SimulationError", "by_level", "cells", "simulate"]


def simulate(study: models.Study, n: int, walk: Walk, *, skill: str = "random", seed: int = 0) -> Iterator:
    """Let `n` bots of a skill walk the study, one after another, and yield each one's run as it ends.

    `skill` is one that the kind's bots have (random, oracle, careless …) or the chance of a right answer, as in
    `p=0.7`. Raises `SimulationError` when a bot is not let in, gets stuck, or its answer is refused.
    """
    _check(study, skill)
    for number in range(n):
        try:
            yield walk(study, skill, Random(f"{seed}:{number}"))
        except sessions.NotOpen as closed:
            raise SimulationError(f"bot {number + 1} of {n} was not let in: the study is {closed.reason}") from closed


def by_level(study: models.Study, entries: list[str]) -> tuple[str, dict[tuple[str, str], str]]:
    """Return the skill of all bots, and by factor and level what replaces it: `["p=0.6", "heatmap=lrp:p=0.75"]`."""
    default, levels = "random", {}
    for entry in entries:
        level, colon, skill = entry.partition(":")
        if not colon:
            default = entry
            continue
        factor, _, name = level.partition("=")
        known = {str(condition.factors.get(factor)) for condition in study.conditions.all()}
        if name not in known:
            raise SimulationError(f"bot {entry!r}: no condition of this study has {level}")
        _check(study, skill)
        levels[factor, name] = skill
    return default, levels


def _check(study: models.Study, skill: str) -> None:
    try:
        skills.check(skill, answers.skills_of(kind(study.kind)))
    except ValueError as unknown:
        raise SimulationError(str(unknown)) from None


def cells(study: models.Study) -> list[tuple[str, int, int, int | None]]:
    """Return each condition's name, bots started, bots completed and quota."""
    bots = Q(participants__bot__gt="", participants__preview=False)
    counted = study.conditions.annotate(
        started=Count("participants", filter=bots),
        completed=Count("participants", filter=bots & Q(participants__status=flow.COMPLETED)),
    )
    return [(cell.name, cell.started, cell.completed, cell.quota) for cell in counted]
