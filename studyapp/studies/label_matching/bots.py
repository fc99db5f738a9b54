"""Answers as a participant of some skill might give them; plain functions, seeded by `rng`."""

import random

from studyapp.core.engine.skills import NAMED, chance

SKILLS = NAMED | {"learner": "right the more often, the more it has verified"}
LEARNT, PACE = 0.95, 0.75  # what a learner comes to, and what is left of the way there after each verification


def answer(step: dict, skill, definition: dict, rng: random.Random) -> dict:
    """Return what questions alone don't tell of a bot's answer to one step.

    `skill` is random, oracle (always right), careless (the same label always in the first box), learner (guesses at
    first, and is right more often after each verification of a round), or the chance of being right, as 0.7 or "p=0.7".
    """
    return _guess(step, skill, definition, rng) if step["page"] == "guess" else {}


def learnt(n_verified: int) -> float:
    """Return how likely a learner is right after so many verified examples of a pair: from chance to `LEARNT`."""
    return LEARNT - (LEARNT - 0.5) * PACE**n_verified


def _guess(step: dict, skill, definition: dict, rng: random.Random) -> dict:
    right = list(step["data"]["leaf_order"])
    if skill == "careless":
        return {"response": sorted(right), "moves": len(right)}
    second_thoughts = rng.random() < 0.2
    p = learnt(_n_verified(step, definition)) if skill == "learner" else chance(skill, 0.5, SKILLS)
    response = right if rng.random() < p else right[::-1]
    return {"response": response, "moves": len(right) + second_thoughts}


def _n_verified(step: dict, definition: dict) -> int:
    if step["phase"] == "training":
        return step["data"]["number"] - 1
    return definition["parameters"]["training_trials"]
