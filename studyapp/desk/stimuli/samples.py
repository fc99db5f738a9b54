"""Some of a study's own stimuli to look at: the same pictures by every method that participants can meet."""

import json
from typing import Any

from studyapp import models, publishing
from studyapp.bundles.stimuli import reader
from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.tables import Heatmap

N = 8
MOST = 12  # maps of a row


def of(study: models.Study) -> list[dict[str, Any]]:
    """Return a row per method, `{"method", "title", "maps": [{"key", "alt"}]}`: those of the study's stimuli.

    While these can't be drawn yet, pictures of the bundle stand for them. Of a tree, the columns show one node each.
    """
    bundle = reader(study.required_bundle)
    trees = _met(study, bundle)
    rows = []
    for method in (name for name in bundle.methods if name in trees):
        found = trees[method]
        chosen = _evenly(sorted(found))
        maps = [found[target][place % len(found[target])] for place, target in enumerate(chosen)]
        titles = [{"key": _key(node), "alt": _in_words(bundle, node)} for node in maps]
        rows.append({"method": method, "title": bundle.method_title(method), "maps": titles})
    return rows


def node(bundle: Bundle, method: str, key: str) -> Heatmap | None:
    """Return the map that a key of `of` names; None where there is none."""
    try:
        image_id, target, name = json.loads(key)
        tree = bundle.nodes.get((image_id, method, target), [])
    except (ValueError, TypeError, RecursionError):
        return None
    return next((one for one in tree if one.node == name), None)


def _met(study: models.Study, bundle: Bundle) -> dict[str, dict[tuple[str, str], list[Heatmap]]]:
    """Return by method, then by image and class explained, the nodes that participants can meet."""
    nodes = [] if publishing.problems(study) else _of_stimuli(study)
    found: dict[str, dict[tuple[str, str], list[Heatmap]]] = {}
    for one in nodes or [node for tree in bundle.nodes.values() for node in tree]:
        found.setdefault(one.method, {}).setdefault((one.image_id, one.target), []).append(one)
    return found


def _of_stimuli(study: models.Study) -> list[Heatmap]:
    definition = publishing.definition(study)
    met = [publishing.met_in(definition, study.required_bundle, cell) for cell in definition["conditions"]]
    return list({node.key: node for pairs in met for node, _ in pairs}.values())


def _evenly(targets: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return some of the targets, spread over all, each of another image where there are enough."""
    by_image: dict[str, tuple[str, str]] = {}
    for target in targets:
        by_image.setdefault(target[0], target)
    pool = list(by_image.values()) if len(by_image) >= N else targets
    return [pool[place * len(pool) // N] for place in range(N)] if len(pool) > N else pool


def _key(one: Heatmap) -> str:
    return json.dumps([one.image_id, one.target, one.node])


def _in_words(bundle: Bundle, one: Heatmap) -> str:
    names = ", ".join(bundle.classes[place] for place in one.classes)
    return f"Image {one.image_id}: {names or one.label or one.target or one.node}"
