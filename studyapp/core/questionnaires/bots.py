"""What bots answer to a questionnaire: at random, always the same, or carefully."""

from collections.abc import Collection
from dataclasses import replace
from random import Random
from typing import Any

from studyapp.core.engine.skills import NAMED, Skill, chance

from .items import Item, bounds, question, shown
from .pages import of_step

SPREAD = 0.12  # of a careful answer about what its scale is about, as a share of the range


def answer(
    step: dict[str, Any],
    skill: Skill,
    definition: dict[str, Any],
    rng: Random,
    named: Collection[str] = NAMED,
) -> dict[str, Any]:
    """Return a bot's answer to a questionnaire; items that aren't asked are missing.

    random: any answer. careless: the same on every item, which is straight-lining. oracle, or a chance of being right:
    as careful as that: checks are passed, and a scale's items agree, reverse-coded ones turned round.
    """
    items = of_step(definition, step)["items"]
    views: dict[str, float] = {}
    given: dict[str, Any] = dict.fromkeys(item["code"] for item in items)
    for item in items:
        given[item["code"]] = _answer(item, skill, views, rng, named)
    asked = shown(items, given)
    return {code: value if code in asked else None for code, value in given.items()}


def _answer(item: Item, skill: Skill, views: dict[str, float], rng: Random, named: Collection[str]) -> Any:
    careful = skill not in ("random", "careless") and rng.random() < chance(skill, 0.0, named)
    if careful and item["expected"] is not None:
        return item["expected"]
    if careful and item["scale"]:
        return _agreeing(item, views, rng)
    asked = replace(question(item), right=None)
    values = asked.possible({})
    if skill == "careless" and values:
        return asked.careless(values)
    return asked.of_bot("careless" if skill == "careless" else "random", {}, None, rng)


def _agreeing(item: Item, views: dict[str, float], rng: Random) -> Any:
    low, high = bounds(item) or (0, 1)
    view = min(max(views.setdefault(item["scale"], rng.random()) + rng.gauss(0, SPREAD), 0), 1)
    wanted = low + (1 - view if item["reverse"] else view) * (high - low)
    asked = question(item)
    values = asked.possible({}) or [min(max(round(wanted, None if item["whole"] else 3), low), high)]
    return min(values, key=lambda value: abs(value - wanted))
