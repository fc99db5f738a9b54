"""A forward-simulation study made by hand, without a database."""

from pathlib import Path
from random import Random

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.engine import answers
from studyapp.core.engine.kinds import kind
from studyapp.core.engine.run import Answered, Run
from studyapp.core.heatmaps import displays
from tests.bundles import write_bundle

KIND = kind("forward_simulation")
CONDITIONS = [
    {"heatmap": heatmap, "scores": scores}
    for heatmap in ("none", "lrp", "multiscale_occlusion")
    for scores in ("shown", "hidden")
]
FULL = {"heatmap": "lrp", "scores": "shown"}
BARE = {"heatmap": "none", "scores": "hidden"}


def make_bundle(folder: Path, **options) -> Bundle:
    return Bundle(write_bundle(folder, **{"per_outcome": {"TP": 14, "FP": 10, "FN": 8, "TN": 4}} | options))


def unfrozen(**parameters) -> dict:
    """Return a definition whose stimuli aren't drawn yet."""
    return {
        "kind": KIND.name,
        "title": "How it decides",
        "parameters": KIND.defaults() | parameters,
        "texts": KIND.texts(),
        "conditions": [
            {"name": f"{factors['heatmap']}-{factors['scores']}", "factors": factors} for factors in CONDITIONS
        ],
        "payment": {"currency": "GBP", "reward_base": "8.00", "reward_bonus": "0.50", "reward_partial": "0"},
    }


def make_definition(bundle: Bundle, seed: int = 1, **parameters) -> dict:
    """Return a frozen definition, its stimuli drawn with `seed`."""
    definition = unfrozen(**parameters)
    definition["display"] = displays.described(bundle, {}, KIND.usual_display(definition["parameters"]))
    return definition | {"stimuli": KIND.part("stimuli:draw")(definition, bundle, Random(seed))}


def make_plan(definition: dict, factors: dict = FULL, order: int = 0, seed: int = 2) -> list[dict]:
    return KIND.part("plan:build")(definition, factors, order, Random(seed))


def trials(plan: list[dict]) -> list[dict]:
    return [step for step in plan if step["page"] == "trial"]


def answer_all(plan: list[dict], definition: dict, skill="oracle", seed: int = 3) -> list[Answered]:
    """Return a bot's stored answers to every step of a plan."""
    rng = Random(seed)
    answered = []
    for step in plan:
        answer = answers.of_bot(KIND, step, skill, definition, rng)
        answered.append(Answered(step, answer, answers.score(KIND, step, answer, definition)))
    return answered


def make_run(definition, bundle, factors=FULL, answered=()) -> Run:
    return Run(
        definition=definition,
        factors=factors,
        bundle=bundle,
        stimulus_url=lambda path: f"/stimuli/{path}",
        heatmap_address=lambda node, level: f"/stimuli/{node.map_file}",
        answered=lambda: list(answered),
    )
