"""Answers as a participant of some skill might give them; plain functions, seeded by `rng`."""

import random

from studyapp.core.engine.skills import NAMED, chance

from .scoring import right_answers

SKILLS = NAMED
SALIENT = ("ears", "eyes", "tail", "legs", "mane", "neck", "whiskers", "face", "nose", "body", "fur", "head")
GENERAL = ("background", "grass", "image quality", "colours", "lighting", "fence", "size", "pose", "sky", "contrast")


def answer(step: dict, skill, definition: dict, rng: random.Random) -> dict:
    """Return what questions alone don't tell of a bot's answer to one step.

    `skill` is random, oracle (always right), careless (the same answer throughout, screening guessed), or the
    chance of being right, as 0.7 or "p=0.7".
    """
    match step["page"]:
        case "screening":
            return {field: _judge(right, skill, rng) for field, right in right_answers(step["data"]).items()}
        case "trial":
            named = {"sensitive_to": _features(rng, skill), "ignores": _features(rng, skill)}
            return named | ({"response": True} if skill == "careless" else {})
        case "closing":
            return {"learned": f"It looks at the {_features(rng, skill)}."}
    return {}


def _judge(right: bool, skill, rng: random.Random) -> bool:
    return right if rng.random() < chance(skill, 0.5) else not right


def _features(rng: random.Random, skill) -> str:
    if skill == "careless":
        return "everything"
    named = rng.sample(SALIENT, rng.randint(1, 2)) + rng.sample(GENERAL, rng.randint(0, 1))
    return ", ".join(named)
