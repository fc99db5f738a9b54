"""A clustering study made by hand, without a database: a bundle of two data sets, its definition and plans."""

import csv
import hashlib
import io
import json
from pathlib import Path
from random import Random

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.sets import open_bundle
from studyapp.core.engine import answers, flow
from studyapp.core.engine.kinds import kind
from studyapp.core.engine.run import Answered, Run
from studyapp.core.heatmaps import displays
from tests.bundles import SIDE_PX, grey_map, node_row, picture

KIND = kind("clustering")
CLASSES = {
    "cells": ("actin edge", "bleb", "lamellipodium", "small bleb"),
    "gulls": ("california gull", "herring gull", "slaty-backed gull", "western gull"),
}
N_FEATURES = 7
COMPLEMENTARY = next(start for start in KIND.starts if start.name == "complementary").parameters


def write_bundle(folder: Path, *, per_dataset: int = 60, seed: int = 5, size: int = SIDE_PX) -> Path:
    """Write a folder with two data sets, explained by `c_mwp`, `deeplift` (the predicted class) and `xnn`.

    What is predicted for a picture is drawn by `seed`; all else, files and maps included, is the same for every seed.
    """
    for dataset, classes in CLASSES.items():
        _write(folder / dataset, dataset, classes, per_dataset, Random(seed), size)
    return folder


def _write(folder: Path, dataset: str, classes, n: int, rng: Random, size: int) -> None:
    files, images, predictions, nodes = {}, [], [], []
    for number in range(n):
        image_id = _hash(dataset, number)
        files[f"images/{image_id}.webp"] = picture(number, size)
        images.append({"image_id": image_id, "file": f"images/{image_id}.webp", "width": size, "height": size,
                       "labels": classes[number % 4], "split": "test"})  # fmt: skip
        predicted = rng.randrange(4)
        for index, name in enumerate(classes):
            predictions.append(
                {"image_id": image_id, "class_index": index, "class_name": name, "threshold": "",
                 "score": 0.85 if index == predicted else 0.05, "truth": str(name == classes[number % 4]).lower(),
                 "predicted": str(index == predicted).lower(), "outcome": ""}
            )  # fmt: skip
        for method in ("c_mwp", "deeplift"):
            nodes.append(_node(files, image_id, method, str(predicted), "0", 0.85))
        for feature in range(N_FEATURES):
            score = (-1) ** feature * (feature + 1) / 28
            nodes.append(_node(files, image_id, "xnn", "", str(feature), score))
    files |= {"images.csv": _csv(images), "predictions.csv": _csv(predictions), "nodes.csv": _csv(nodes)}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    titles = {"c_mwp": "C-MWP", "xnn": "Explanation network"}  # deeplift has none: bundles from elsewhere may lack them
    methods = [
        {"name": name} | ({"title": titles[name]} if name in titles else {}) for name in ("c_mwp", "deeplift", "xnn")
    ]
    manifest = {
        "schema_version": 2,
        "model": {"name": f"{dataset} by hand", "classes": list(classes), "multilabel": False},
        "methods": methods,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _node(files: dict, image_id: str, method: str, target: str, node: str, score: float) -> dict:
    file = f"maps/{_hash(image_id, method, node)}.png"
    files[file] = grey_map(len(files))
    return node_row(image_id, method, target, node, file, score=score)


def _hash(*parts) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _csv(rows: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def make_bundle(folder: Path, **options) -> Bundle:
    return open_bundle(write_bundle(folder, **options))


def unfrozen(**parameters) -> dict:
    """Return a definition whose stimuli aren't drawn yet."""
    return {
        "kind": KIND.name,
        "title": "Look-alikes",
        "parameters": KIND.defaults() | parameters,
        "texts": KIND.texts(),
        "conditions": [{"name": "main", "factors": {}}],
        "payment": {"currency": "GBP", "reward_base": "8.00", "reward_bonus": "0.50", "reward_partial": "0"},
    }


def make_definition(bundle: Bundle, seed: int = 1, **parameters) -> dict:
    """Return a frozen definition, its stimuli drawn with `seed`."""
    definition = unfrozen(**parameters)
    definition["display"] = displays.described(bundle, {}, KIND.usual_display(definition["parameters"]))
    return definition | {"stimuli": KIND.part("stimuli:draw")(definition, bundle, Random(seed))}


def make_plan(definition: dict, order: int = 0, seed: int = 2) -> list[dict]:
    return KIND.part("plan:build")(definition, {}, order, Random(seed))


def sorts(plan: list[dict]) -> list[dict]:
    return [step for step in plan if step["page"] == "sort"]


def answer_all(plan: list[dict], definition: dict, skill="oracle", seed: int = 3) -> list[Answered]:
    """Return a bot's stored answers on its way through a plan."""
    rng, answered, position = Random(seed), [], 0
    while True:
        step = plan[position]
        answer = answers.of_bot(KIND, step, skill, definition, rng)
        answered.append(Answered(step, answer, answers.score(KIND, step, answer, definition)))
        move = flow.advance(plan, position, flow.Submission(answer, answered[-1].scores))
        if move.status != flow.ACTIVE:
            return answered
        position = move.position


def make_run(definition, bundle) -> Run:
    return Run(
        definition=definition,
        factors={},
        bundle=bundle,
        stimulus_url=lambda path: f"/stimuli/{path}",
        heatmap_address=lambda node, level: f"/stimuli/{node.map_file}",
        answered=list,
    )
