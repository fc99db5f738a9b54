"""The pages of one run in their order: stages one after the other, the data sets alternating within and between."""

import random
from itertools import permutations

from studyapp.core.engine.flow import step
from studyapp.core.engine.shared_pages import entrance

from .maps import NONE


def n_orders(definition: dict) -> int:
    """Return in how many orders stages and data sets can follow each other: the first stage stays the first."""
    return len(_stage_orders(definition)) * len(_dataset_orders(definition))


def within(parameters: dict) -> dict[str, list[str]]:
    """Return what varies within each participant: the method, from stage to stage."""
    return {"method": list(dict.fromkeys(method for _, method in parameters["stages"]))}


def build(definition: dict, condition: dict, order: int, rng: random.Random) -> list[dict]:
    """Return the steps of one run.

    `order` says in which order the stages after the first, and the data sets, follow each other; the data sets' order
    is the same in every stage, so that they alternate throughout. By `rng`, the participant gets one batch of each
    data set for each stage, none twice, its pictures in random order.
    """
    stage_orders, dataset_orders = _stage_orders(definition), _dataset_orders(definition)
    stages = stage_orders[order % len(stage_orders)]
    datasets = dataset_orders[order // len(stage_orders) % len(dataset_orders)]
    drawn = {
        name: rng.sample(range(len(dataset["batches"])), len(stages))
        for name, dataset in sorted(definition["stimuli"]["datasets"].items())
    }
    return [
        *entrance("information", "consent"),
        step("demographics", "demographics"),
        step("task", "task", phase="instructions"),
        *(
            one
            for number, stage in enumerate(stages)
            for one in _stage(definition, stage, number, datasets, drawn, rng)
        ),
        *_agents(definition, stages),
        step("closing", "closing"),
    ]


def _stage_orders(definition: dict) -> list[list[dict]]:
    first, *others = definition["stimuli"]["stages"]
    return [[first, *order] for order in permutations(others)]


def _dataset_orders(definition: dict) -> list[tuple[str, ...]]:
    return list(permutations(definition["stimuli"]["datasets"]))


def _stage(definition: dict, stage: dict, number: int, datasets, drawn: dict, rng: random.Random) -> list[dict]:
    where = {"block": stage["name"], "method": stage["method"]}
    facts = {"stage": stage["name"], "help": stage["help"], "part": number + 1}
    facts |= {"n_parts": len(definition["stimuli"]["stages"]), "n_datasets": len(datasets)}
    steps = [
        step(
            "stage",
            f"part-{number + 1}",
            phase="instructions",
            data=facts | {"dataset": datasets[0], "n_maps": stage["n_maps"]},
            **where,
        )
    ]
    for place, name in enumerate(datasets):
        trial = number * len(datasets) + place + 1
        shown = where | {"phase": "sorting", "trial_index": trial}
        batch = _batch(definition["stimuli"]["datasets"][name], drawn[name][number], rng)
        data = facts | {"dataset": name, "number": place + 1} | batch
        label = f"{name}-{data['batch']}"
        steps.append(step("sort", f"sort-{trial}", data=data, stimulus=label, **shown))
        steps.append(step("confidence", f"confidence-{trial}", data=facts, stimulus=label, **shown))
    return steps


def _batch(dataset: dict, index: int, rng: random.Random) -> dict:
    images = rng.sample(dataset["batches"][index], len(dataset["batches"][index]))
    prediction = {image_id: dataset["prediction"][image_id] for image_id in images}
    return {"batch": index + 1, "images": images, "prediction": prediction}


def _agents(definition: dict, stages: list[dict]) -> list[dict]:
    """Return the page that asks for ratings of the agents in the order in which they were met; none where unasked."""
    met = [
        {"stage": stage["name"], "help": stage["help"], "part": number, "n_maps": stage["n_maps"]}
        for number, stage in enumerate(stages, start=1)
        if stage["help"] != NONE
    ]
    asked = definition["parameters"]["agent_ratings"] and met
    return [step("agents", "agents", data={"agents": met})] if asked else []
