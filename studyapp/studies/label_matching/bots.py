"""Answers as a participant of some skill might give them; plain functions, seeded by `rng`."""

import random

SKILLS = ("random", "oracle", "careless")


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


def chance(skill) -> float:
    """Return how likely a bot of this skill is to match all labels."""
    known = {"random": 0.5, "careless": 0.5, "oracle": 1.0}
    if skill in known:
        return known[skill]
    try:
        p = float(str(skill).removeprefix("p="))
    except ValueError:
        p = -1.0
    if not 0 <= p <= 1:
        raise ValueError(f"bot skill: expected {', '.join(SKILLS)} or p=0…1, found {skill!r}")
    return p


def _guess(data: dict, skill, rng: random.Random) -> dict:
    right = list(data["leaf_order"])
    if skill == "careless":
        return {"response": sorted(right), "moves": len(right)}
    second_thoughts = rng.random() < 0.2
    response = right if rng.random() < chance(skill) else right[::-1]
    return {"response": response, "moves": len(right) + second_thoughts}
