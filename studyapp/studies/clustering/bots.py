"""Answers as a participant of some skill might give them; plain functions, seeded by `rng`."""

import random

from studyapp.core.engine.skills import NAMED, chance

from .groups import group_names
from .maps import FEATURES, NONE, SINGLE

SKILLS = NAMED | {"helped": "sees the groups the better, the more the heatmaps show"}
RIGHT = {NONE: 0.35, SINGLE: 0.5, FEATURES: 0.7}  # how often a helped bot sees where a picture belongs

THINKS = 0.3  # how often a bot writes what it thinks of an agent


def answer(step: dict, skill, definition: dict, rng: random.Random) -> dict:
    """Return what questions alone don't tell of a bot's answer to one step.

    `skill` is random, oracle (groups are the predicted classes), careless (everything in the first group), helped
    (right more often the more help a stage gives), or the chance of seeing where a picture belongs, as in "p=0.7".
    """
    data, parameters = step["data"], definition["parameters"]
    match step["page"]:
        case "sort":
            placement = _placement(data, skill, group_names(definition), rng)
            return {"placement": placement, "moves": len(placement) + rng.randint(0, 3)}
        case "confidence":
            return {"level": _point(len(parameters["confidence_labels"]), data["help"], skill, rng)}
        case "agents":
            points = len(parameters["rating_labels"])
            rated = {agent["stage"]: _point(points, agent["help"], skill, rng) for agent in data["agents"]}
            return {"ratings": rated, "thoughts": {stage: "It helped." for stage in rated if rng.random() < THINKS}}
    return {}


def _placement(data: dict, skill, groups: list[str], rng: random.Random) -> dict[str, str]:
    """Return a group for each picture: that of its predicted class where the bot sees it, else any."""
    if skill == "careless":
        return dict.fromkeys(data["images"], groups[0])
    classes = sorted(set(data["prediction"].values()))
    chosen = rng.sample(groups, len(groups))
    belongs = {name: chosen[number % len(chosen)] for number, name in enumerate(classes)}
    sees = RIGHT[data["help"]] if skill == "helped" else chance(skill, 0.0, SKILLS)
    return {
        image_id: belongs[data["prediction"][image_id]] if rng.random() < sees else rng.choice(groups)
        for image_id in data["images"]
    }


def _point(points: int, visual_help: str, skill, rng: random.Random) -> int:
    """Return a point of a scale, 1 … `points`; a helped bot's is higher the more help there was."""
    if skill in ("oracle", "careless"):
        return points
    if skill != "helped":
        return rng.randint(1, points)
    middle = 1 + RIGHT[visual_help] * (points - 1)
    return min(points, max(1, round(rng.gauss(middle, 0.8))))
