"""A label-matching study made by hand, without a database: a bundle with trees of maps, its definition and plans."""

import csv
import hashlib
import io
import json
from pathlib import Path
from random import Random

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.engine import answers, flow
from studyapp.core.engine.kinds import kind
from studyapp.core.engine.run import Answered, Run
from studyapp.core.heatmaps import displays
from tests.bundles import SIDE_PX, grey_map, node_row, picture

KIND = kind("label_matching")
CLASSES = ("cello", "violin", "ambulance", "police van", "banjo", "oboe", "clarinet")
PAIRS = [("cello", "violin"), ("ambulance", "police van")]
BANJO = 4
METHODS = ("cwox_2s", "swox")
STAGED = {"method": "cwox_2s"}
FLAT = {"method": "swox"}


def leaf(index):
    """Return a class of a latent tree, by its place in `CLASSES`."""
    return {"class": index}


def latent(name, level, *children):
    """Return a variable of a latent tree."""
    return {"id": name, "level": level, "children": list(children)}


# Cello and violin under one variable, the vehicles under another, the banjo one level above the instruments.
FOREST = [
    latent("Z3", 2, latent("Z1", 1, leaf(0), leaf(1)), leaf(BANJO)),
    latent("Z2", 1, leaf(2), leaf(3)),
]


def write_bundle(
    folder: Path, *, pairs=PAIRS, per_pair: int = 20, swap: bool = False, size: int = SIDE_PX, tree: bytes | None = None
) -> Path:
    """Write a bundle in which `per_pair` images of each of `pairs` are explained by both methods; return its folder.

    `cwox_2s` puts the pair into one cluster, beside a lone class; every third image has the pair's classes in two
    clusters. `swox` has one map per class. With `swap` every map of one class of the pair explains the other one:
    all else, files and scores of places included, is the same. `tree` is the content of its tree.json.
    """
    files, images, predictions, nodes = {"tree.json": tree} if tree else {}, [], [], []
    for labels in pairs:
        for number in range(per_pair):
            image_id = _hash(labels, number)
            files[f"images/{image_id}.webp"] = picture(len(files), size)
            images.append({"image_id": image_id, "file": f"images/{image_id}.webp", "width": size, "height": size,
                           "labels": labels[number % 2], "split": "val"})  # fmt: skip
            predictions += [_prediction(image_id, name, labels, number) for name in CLASSES]
            shown = labels[::-1] if swap else labels
            for method in METHODS:
                nodes += _rows(files, image_id, method, shown, number)
    files |= {"images.csv": _csv(images), "predictions.csv": _csv(predictions), "nodes.csv": _csv(nodes)}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    manifest = {
        "schema_version": 2,
        "model": {"name": "made by hand", "classes": list(CLASSES), "multilabel": False},
        "methods": [{"name": method} for method in METHODS],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _prediction(image_id: str, name: str, labels, number: int) -> dict:
    score = {labels[0]: 0.55, labels[1]: 0.35, "banjo": 0.06}.get(name, 0.01)
    return {"image_id": image_id, "class_index": CLASSES.index(name), "class_name": name, "score": score,
            "threshold": "", "truth": str(name == labels[number % 2]).lower(),
            "predicted": str(name == labels[0]).lower(), "outcome": ""}  # fmt: skip


def _rows(files: dict, image_id: str, method: str, labels, number: int) -> list[dict]:
    first, second = (CLASSES.index(label) for label in labels)
    banjo = CLASSES.index("banjo")
    if method == "swox":
        tree = [("0", "", str(first), 0.55), ("1", "", str(second), 0.35), ("2", "", str(banjo), 0.06)]
    elif number % 3:
        tree = [("0", "", f"{first}|{second}", 0.9), ("0.0", "0", str(first), 0.55),
                ("0.1", "0", str(second), 0.35), ("1", "", str(banjo), 0.06)]  # fmt: skip
    else:
        tree = [("0", "", str(first), 0.55), ("1", "", f"{second}|{banjo}", 0.41),
                ("1.0", "1", str(second), 0.35), ("1.1", "1", str(banjo), 0.06)]  # fmt: skip
    return [_row(files, image_id, method, *node) for node in tree]


def _row(files: dict, image_id: str, method: str, node: str, parent: str, classes: str, score: float) -> dict:
    file = f"maps/{_hash(image_id, method, node)}.png"
    files[file] = grey_map(len(files))
    return node_row(image_id, method, "", node, file, parent=parent, classes=classes, score=score)


def _hash(*parts) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _csv(rows: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def make_bundle(folder: Path, **options) -> Bundle:
    return Bundle(write_bundle(folder, **options))


def unfrozen(methods=METHODS, **parameters) -> dict:
    """Return a definition whose stimuli aren't drawn yet."""
    return {
        "kind": KIND.name,
        "title": "Look-alikes",
        "parameters": KIND.defaults() | parameters,
        "texts": KIND.texts(),
        "conditions": [{"name": method, "factors": {"method": method}} for method in methods],
        "payment": {"currency": "GBP", "reward_base": "8.00", "reward_bonus": "0.50", "reward_partial": "0"},
    }


def make_definition(bundle: Bundle, seed: int = 1, **parameters) -> dict:
    """Return a frozen definition, its stimuli drawn with `seed`."""
    definition = unfrozen(**parameters)
    definition["display"] = displays.described(bundle, {}, KIND.usual_display(definition["parameters"]))
    return definition | {"stimuli": KIND.part("stimuli:draw")(definition, bundle, Random(seed))}


def make_plan(definition: dict, factors: dict = STAGED, seed: int = 2) -> list[dict]:
    return KIND.part("plan:build")(definition, factors, 0, Random(seed))


def guesses(plan: list[dict], phase: str = "") -> list[dict]:
    return [step for step in plan if step["page"] == "guess" and phase in ("", step["phase"])]


def answer_all(plan: list[dict], definition: dict, skill="oracle", seed: int = 3, **chosen) -> list[Answered]:
    """Return a bot's stored answers on its way through a plan; `chosen` replaces its answers by page."""
    rng, answered, position = Random(seed), [], 0
    while True:
        step = plan[position]
        answer = chosen.get(step["page"]) or answers.of_bot(KIND, step, skill, definition, rng)
        answered.append(Answered(step, answer, answers.score(KIND, step, answer, definition)))
        if arrange := KIND.page(step["page"]).arrange:
            plan = KIND.part(arrange.removeprefix(f"{KIND.module}."))(plan, position, answer)
        move = flow.advance(plan, position, flow.Submission(answer, answered[-1].scores))
        if move.status != flow.ACTIVE:
            return answered
        position = move.position


def make_run(definition, bundle, factors=STAGED, answered=()) -> Run:
    return Run(
        definition=definition,
        factors=factors,
        bundle=bundle,
        stimulus_url=lambda path: f"/stimuli/{path}",
        heatmap_address=lambda node, level: f"/stimuli/{node.map_file}",
        answered=lambda: list(answered),
    )
