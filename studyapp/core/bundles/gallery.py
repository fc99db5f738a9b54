"""What a bundle holds, image by image and method by method, and what in it looks wrong."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .bundle import Bundle, Heatmap

OUTCOMES = ("TP", "FN", "FP", "TN")
MANY_CLASSES = 30


@dataclass(frozen=True)
class Cell:
    """One method's explanation of one image: its nodes in file order, its metrics, and what is wrong with it."""

    method: str
    nodes: list[Heatmap]
    metrics: dict[str, float]
    problem: str


@dataclass(frozen=True)
class Shown:
    """Which part of a bundle is looked at; an empty `class_name` is, for each image, the class explained first."""

    class_name: str = ""
    outcome: str = ""
    split: str = ""
    methods: tuple[str, ...] = ()
    problems_only: bool = False


def rows(bundle: Bundle, shown: Shown) -> list[tuple[str, str]]:
    """Return the images that fit, each with the class looked at, in file order.

    Where only what looks wrong is asked for, and of no one class, an image stands there once for each class of it.
    """

    def fits(image_id: str, class_name: str) -> bool:
        prediction = bundle.predictions.get(image_id, {}).get(class_name)
        if shown.class_name and prediction is None:
            return False
        if shown.outcome and (prediction is None or prediction.outcome != shown.outcome):
            return False
        if shown.split and bundle.images[image_id].get("split") != shown.split:
            return False
        explanations = cells(bundle, image_id, class_name, shown.methods) if shown.problems_only else ()
        return not shown.problems_only or any(cell.problem for cell in explanations)

    everything = shown.problems_only and not shown.class_name
    fitting = []
    for image_id in bundle.images:
        own = _flawed(bundle).get(image_id, []) if everything else [target_of(bundle, image_id, shown.class_name)]
        fitting += [(image_id, class_name) for class_name in own if fits(image_id, class_name)]
    return fitting


def cells(bundle: Bundle, image_id: str, class_name: str, methods: tuple[str, ...] = ()) -> list[Cell]:
    """Return an image's explanations of a class, and of the whole output, by some or all methods."""
    found = []
    for method in methods or tuple(bundle.methods):
        key = (image_id, method, "" if method in whole_output(bundle) else class_name)
        wrong = problems(bundle).get(key, "")
        found.append(Cell(method, bundle.nodes.get(key, []), bundle.metrics.get(key, {}), wrong))
    return found


def target_of(bundle: Bundle, image_id: str, class_name: str) -> str:
    """Return the class looked at: the one asked for, or the first of the image's that has an explanation."""
    return class_name or _explained(bundle).get(image_id, "")


def first_class(bundle: Bundle) -> str:
    """Return the class that is shown at first: the model's first, or each image's own where there are many."""
    return bundle.classes[0] if len(bundle.classes) <= MANY_CLASSES else ""


def splits(bundle: Bundle) -> list[str]:
    """Return the parts of the data set that the images come from."""
    return sorted({image.get("split") or "" for image in bundle.images.values()} - {""})


def tree_of(nodes: list[Heatmap]) -> list[dict[str, Any]]:
    """Return a tree's nodes as they hang together: `{"node", "branches"}` from the roots down."""
    below = defaultdict(list)
    for node in nodes:
        below[node.parent].append(node)

    def grown(parent: str) -> list[dict[str, Any]]:
        return [{"node": node, "branches": grown(node.node)} for node in below.get(parent, ())]

    return grown("")


def whole_output(bundle: Bundle) -> set[str]:
    """Return the methods that explain a whole output by one tree, not one class."""
    return _facts(bundle).whole


def problems(bundle: Bundle) -> dict[tuple[str, str, str], str]:
    """Return what is wrong by (image id, method, class), in words; bundles don't change: it is looked for once.

    An explanation is missing where its method explains the class for most images, or has nothing for this image; a map
    is suspect where its file has just what another's has.
    """
    return _facts(bundle).problems


@dataclass(frozen=True)
class _Facts:
    whole: set[str]
    explained: dict[str, str]
    flawed: dict[str, list[str]]
    problems: dict[tuple[str, str, str], str]


def _explained(bundle: Bundle) -> dict[str, str]:
    return _facts(bundle).explained


def _flawed(bundle: Bundle) -> dict[str, list[str]]:
    return _facts(bundle).flawed


def _facts(bundle: Bundle) -> _Facts:
    return _known(bundle.sha256, bundle)


@lru_cache(maxsize=8)
def _known(_sha256: str, bundle: Bundle) -> _Facts:
    explained: dict[str, str] = {}
    for image_id, _, target in bundle.nodes:
        if target:
            explained.setdefault(image_id, target)
    found = _missing(bundle, explained)
    found |= dict.fromkeys(_repeated(bundle), "the same map as another one, or both are empty")
    flawed: dict[str, list[str]] = {}
    for image_id, _, target in sorted(found):
        classes = flawed.setdefault(image_id, [])
        if (shown := target or explained.get(image_id, "")) not in classes:
            classes.append(shown)
    return _Facts({method for _, method, target in bundle.nodes if not target}, explained, flawed, found)


def _missing(bundle: Bundle, explained: dict[str, str]) -> dict[tuple[str, str, str], str]:
    covered = Counter((method, target) for _, method, target in bundle.nodes)
    has_any = {(image_id, method) for image_id, method, _ in bundle.nodes}
    found: dict[tuple[str, str, str], str] = {}
    for method in bundle.methods:
        counts = {target: count for (name, target), count in covered.items() if name == method}
        usual = [target for target, count in counts.items() if count > len(bundle.images) / 2]
        for image_id in bundle.images if counts else ():
            own = usual or ([] if (image_id, method) in has_any else [explained.get(image_id, "")])
            found |= {
                (image_id, method, target): "missing"
                for target in own
                if (image_id, method, target) not in bundle.nodes
            }
    return found


def _repeated(bundle: Bundle) -> list[tuple[str, str, str]]:
    """Return the explanations with a map whose file holds what another map's does."""
    files = bundle.manifest["files"]
    uses = Counter(files.get(node.map_file) for nodes in bundle.nodes.values() for node in nodes)
    return [key for key, nodes in bundle.nodes.items() if any(uses[files.get(node.map_file)] > 1 for node in nodes)]
