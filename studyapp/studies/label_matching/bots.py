"""Answers as a participant of some skill might give them; plain functions, seeded by `rng`."""

import random

from studyapp.core.skills import NAMED, chance

SKILLS = NAMED


def answer(step: dict, skill, definition: dict, rng: random.Random) -> dict:
    """Return an answer to one step, as its form would clean it.

    `skill` is random, oracle (always right), careless (the same label always in the first box), or the chance of
    being right, as 0.7 or "p=0.7".
    """
    match step["page"]:
        case "consent":
            return {"consent": True}
        case "group":
            return {"group": rng.choice([name for name, _ in definition["parameters"]["groups"]])}
        case "choose":
            return {"first": rng.choice(step["data"]["pairs"])}
        case "guess":
            return _guess(step["data"], skill, rng)
    return {}


def _guess(data: dict, skill, rng: random.Random) -> dict:
    right = list(data["leaf_order"])
    if skill == "careless":
        return {"response": sorted(right), "moves": len(right)}
    second_thoughts = rng.random() < 0.2
    response = right if rng.random() < chance(skill, 0.5) else right[::-1]
    return {"response": response, "moves": len(right) + second_thoughts}
