"""What each page shows. Before a verification nothing in it depends on which label belongs to which heatmap."""

from collections.abc import Callable
from functools import partial
from random import Random

from studyapp.core.bundles.map_tree import Node, leaves, read_tree
from studyapp.core.engine.payment import money
from studyapp.core.engine.run import called
from studyapp.core.texts import Kept

from .boxes import box_names, letter
from .scoring import agreements
from .stimuli import ROUNDS
from .tree import arranged, pruned


def fillings(run) -> dict:
    """Return what all texts can say of the study's design and of what can be earned."""
    payment, parameters = run.definition["payment"], run.parameters
    n_training, n_evaluation = parameters["training_trials"], parameters["evaluation_trials"]
    return {
        "n_rounds": ROUNDS,
        "n_training": n_training,
        "n_evaluation": n_evaluation,
        "n_examples": ROUNDS * (n_training + n_evaluation),
        "bonus": money(payment["reward_bonus"], payment["currency"]),
    }


def entry(definition: dict) -> dict:
    """Return what can stand in the text of the front door: the labels of the study's first pair."""
    return _named(definition["stimuli"]["pairs"][0], partial(called, definition))


def guideline(step: dict, run) -> dict:
    """Return one part of the guideline; two of them come with the worked example."""
    data = step["data"]
    worked, part = data["worked"], data["part"]
    labels = {"labels": worked["labels"]}
    told = _named(labels, run.called) | {"reading": run.reading(run.factors["method"])}
    shown = {"name": part, "body": run.text(f"guideline_{part}", **told)}
    if part == "classification":
        shown["single"] = _single(worked, run)
        shown["caption"] = run.text("caption_single", **told)
        shown["legend"] = run.legend(run.factors["method"])
    if part == "training":
        shown["tree"] = _tree(
            worked["image"], worked, run, {label: {"truth": run.called(label)} for label in worked["labels"]}
        )
        shown["caption"] = run.text("caption_tree", **told)
    return {"part": shown}


def start(step: dict, run) -> dict:
    """Return what comes before the training or the evaluation of a pair."""
    return {"body": run.text(step["page"], **_named(step["data"], run.called))}


def guess(step: dict, run) -> dict:
    """Return the tree with an empty box under each of the pair's leaves, and the labels to put there."""
    data = step["data"]
    boxes = {
        label: {"name": name, "letter": letter(number)}
        for number, (label, name) in enumerate(zip(data["leaf_order"], box_names(data["leaf_order"]), strict=True), 1)
    }
    return {
        "heading": run.text("guess", **_named(data, run.called)),
        "hint": run.text(f"guess_{step['phase']}", **_named(data, run.called)),
        "where": _where(step),
        "labels": [{"value": label, "name": run.called(label)} for label in data["tray_order"]],
        "tree": _tree(step["stimulus"], data, run, boxes),
        "legend": run.legend(step["method"]),
    }


def verify(step: dict, run) -> dict:
    """Return the tree with true and own labels. Without an own answer yet (asked for its images), with none."""
    data = step["data"]
    own = _own(step, run)
    agree = agreements(data, own) if own else [None] * len(data["leaf_order"])
    boxes = {
        label: {"truth": run.called(label), "own": placed and run.called(placed), "right": right}
        for label, placed, right in zip(data["leaf_order"], own or agree, agree, strict=True)
    }
    verdict = "right" if all(agree) else "wrong"
    return {
        "verdict": verdict,
        "body": run.text(f"verify_{verdict}", **_named(data, run.called)),
        "where": _where(step),
        "tree": _tree(step["stimulus"], data, run, boxes),
        "legend": run.legend(step["method"]),
    }


def _own(step: dict, run) -> list[str] | None:
    place = step["trial_index"]
    found = [row.answer for row in run.answered() if row.step["page"] == "guess" and row.step["trial_index"] == place]
    return found[-1]["response"] if found else None


def _where(step: dict) -> dict:
    data = step["data"]
    return {
        "round": data["round"],
        "n_rounds": ROUNDS,
        "phase": step["phase"],
        "number": data["number"],
        "n_images": data["n_images"],
    }


def _single(worked: dict, run) -> dict:
    """Return one photo with the heatmap of one label, for the first explanation of what a heatmap is."""
    label = worked["labels"][0]
    leaf = leaves(read_tree(run.bundle, worked["image"], run.factors["method"]))[label]
    return {"label": run.called(label), "image": run.image(worked["image"]), "overlay": run.heatmap_url(leaf.heatmap)}


def _tree(image_id: str, drawn: dict, run, boxes: dict[str, dict]) -> dict:
    """Return a tree ready to draw: the image and its branches.

    `boxes` says by label what stands under the pair's leaves. No other node has a name.
    """
    nodes = read_tree(run.bundle, image_id, run.factors["method"])
    if run.parameters["other_nodes"] == "hidden":
        nodes = pruned(nodes, drawn["leaf_order"])
    nodes = arranged(nodes, drawn["leaf_order"], Random(drawn["arrangement"]))
    image = run.image(image_id)
    return {
        "image": image,
        "branches": [_branch(node, image, run, boxes) for node in nodes],
    }


def _branch(node: Node, image: dict, run, boxes: dict[str, dict]) -> dict:
    shown = run.parameters["probabilities"] and node.score is not None
    return {
        "image": image,
        "overlay": run.heatmap_url(node.heatmap),
        "probability": f"{node.score:.0%}" if shown else "",
        "box": boxes.get(node.label),
        "branches": [_branch(child, image, run, boxes) for child in node.children],
    }


def _named(data: dict, name_of: Callable[[str], str]) -> dict:
    """Return a step's data with the labels as the texts name them, in the order in which the pair is written."""
    names = [Kept(name_of(label)) for label in data.get("labels", ())]
    labels = dict(zip(("first_label", "second_label"), names, strict=False))
    return {name: value for name, value in data.items() if isinstance(value, str | int)} | labels
