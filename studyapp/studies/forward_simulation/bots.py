"""Answers as a participant of some skill might give them; plain functions, seeded by `rng`."""

import random

from studyapp.core.engine.skills import NAMED, chance

from .scoring import right_answers

SKILLS = NAMED
SALIENT = ("ears", "eyes", "tail", "legs", "mane", "neck", "whiskers", "face", "nose", "body", "fur", "head")
GENERAL = ("background", "grass", "image quality", "colours", "lighting", "fence", "size", "pose", "sky", "contrast")


def answer(step: dict, skill, definition: dict, rng: random.Random) -> dict:
    """Return an answer to one step, as its form would clean it.

    `skill` is random, oracle (always right), careless (the same answer throughout, screening guessed), or the
    chance of being right, as 0.7 or "p=0.7".
    """
    match step["page"]:
        case "eligibility":
            return {"eligible": True, "unmet": ""}
        case "consent":
            return {"consent": True}
        case "screening":
            return {field: _judge(right, skill, rng) for field, right in right_answers(step["data"]).items()}
        case "attention":
            right = _judge(True, skill, rng)
            return {
                "choice": step["data"]["asked"] if right else 1 + step["data"]["asked"] % len(step["data"]["labels"])
            }
        case "trial":
            return _trial(step, skill, definition, rng)
        case "closing":
            asked = step["data"]["asked"]
            useful = {
                f"useful_{part}": rng.random() < 0.6 if part in asked else None
                for part in ("outcomes", "heatmaps", "scores")
            }
            return useful | {"learned": f"It looks at the {_features(rng, skill)}."}
    return {}


def _judge(right: bool, skill, rng: random.Random) -> bool:
    return right if rng.random() < chance(skill, 0.5) else not right


def _trial(step: dict, skill, definition: dict, rng: random.Random) -> dict:
    points = len(definition["parameters"]["confidence_labels"])
    careless = skill == "careless"
    return {
        "sensitive_to": _features(rng, skill),
        "ignores": _features(rng, skill),
        "response": careless or _judge(step["data"]["model_answer"], skill, rng),
        "confidence": points if careless else rng.randint(1, points),
    }


def _features(rng: random.Random, skill) -> str:
    if skill == "careless":
        return "everything"
    named = rng.sample(SALIENT, rng.randint(1, 2)) + rng.sample(GENERAL, rng.randint(0, 1))
    return ", ".join(named)
