"""The pages of one run in their order, and how the participant's choice of the first pair rearranges them."""

import random

from studyapp.core.engine.flow import step
from studyapp.core.engine.shared_pages import entrance

from .stimuli import PHASES, ROUNDS

PARTS = ("background", "classification", "training", "evaluation", "flow")


def build(definition: dict, condition: dict, order: int, rng: random.Random) -> list[dict]:
    """Return the steps of one run: two pairs at random, in either order until the participant chooses.

    `order` says nothing here: the paper assigns pairs at random. Every draw is by `rng` and stored in the steps.
    """
    pairs, method = rng.sample(definition["stimuli"]["pairs"], ROUNDS), condition["method"]
    asked = definition["parameters"]["group_source"] == "asked"
    return [
        *entrance("information", "consent"),
        *([step("group", "group")] if asked else []),
        *_guideline(definition, pairs, rng),
        step("choose", "choose", data={"pairs": [pair["name"] for pair in pairs]}),
        *_numbered([one for number, pair in enumerate(pairs, start=1) for one in _round(pair, number, method, rng)]),
    ]


def arrange(plan: list[dict], position: int, answer: dict) -> list[dict]:
    """Return the plan after the choice at `position`: the chosen pair's round comes first, numbered anew.

    What belongs to neither round, as a questionnaire before or after them, stays where it is.
    """
    later = plan[position + 1 :]
    places = [place for place, one in enumerate(later) if one.get("block")]
    rounds = sorted((later[place] for place in places), key=lambda one: one["block"] != answer["first"])
    moved = _numbered(rounds)
    for place, one in zip(places, moved, strict=True):
        later[place] = one
    return [*plan[: position + 1], *later]


def _guideline(definition: dict, pairs: list[dict], rng: random.Random) -> list[dict]:
    """Return the guideline's parts, with the worked example of a pair that isn't the participant's, if there is one."""
    stimuli, mine = definition["stimuli"], [pair["name"] for pair in pairs]
    others = [pair for pair in stimuli["pairs"] if pair["name"] not in mine]
    pair = stimuli.get("guideline") or rng.choice(others or pairs)
    worked = {"image": pair["worked"], "labels": pair["labels"]} | _drawn(pair["labels"], rng)
    return [
        step("guideline", f"guideline-{part}", phase="instructions", data={"part": part, "worked": worked})
        for part in PARTS
    ]


def _round(pair: dict, number: int, method: str, rng: random.Random) -> list[dict]:
    steps = []
    for phase in PHASES:
        images = sorted(pair[phase])
        rng.shuffle(images)
        where, key = {"block": pair["name"], "phase": phase}, f"pair-{number}-{phase}"
        steps.append(step(f"{phase}_start", key, data={"labels": pair["labels"], "n_images": len(images)}, **where))
        for place, image_id in enumerate(images, start=1):
            facts = {"pair": pair["name"], "labels": pair["labels"], "number": place, "n_images": len(images)}
            facts |= pair["facts"][image_id] | _drawn(pair["labels"], rng)
            shown = where | {"stimulus": image_id, "method": method}
            steps.append(step("guess", f"{key}-{place:02d}", data=facts, **shown))
            if phase == "training":
                steps.append(step("verify", f"{key}-{place:02d}-verify", data=facts, **shown))
    return steps


def _drawn(labels: list[str], rng: random.Random) -> dict:
    """Return what is drawn for one tree: the leaves' order and the tray's, and the seed of all other places."""
    return {
        "leaf_order": rng.sample(labels, len(labels)),
        "tray_order": rng.sample(labels, len(labels)),
        "arrangement": rng.randrange(2**31),
    }


def _numbered(steps: list[dict]) -> list[dict]:
    """Return the rounds' steps with round and trial numbered in their order; a verification has its guess's number."""
    blocks = list(dict.fromkeys(one["block"] for one in steps))
    numbered, trial = [], 0
    for one in steps:
        trial += one["page"] == "guess"
        data = one["data"] | {"round": blocks.index(one["block"]) + 1}
        place = {"trial_index": trial} if one.get("stimulus") else {}
        numbered.append(one | {"data": data} | place)
    return numbered
