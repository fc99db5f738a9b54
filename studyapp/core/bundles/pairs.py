"""Pairs of classes that a model confuses: found in a bundle, ranked, and the images that qualify for each.

After Zhang et al., CWOX-2s, supplement, section B.3: a pair's classes stand under one level-1 variable of the latent
tree over the model's outputs, and an image qualifies where its truth is one of the pair and both are among the model's
top labels, whether or not the model was right.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .bundle import Bundle
from .map_tree import leaves, read_tree, whole_output_methods

SEPARATOR = " / "
COVERED, MOST = 0.95, 5  # top labels: the fewest whose probabilities sum to this, and never more
CRITERIA = ("familiar", "unambiguous", "non_specific")


@dataclass(frozen=True)
class Pair:
    """Two classes that are often among the top labels together.

    `images` are the qualifying ones in the bundle's order, `per_class` how many of them truly show either class.
    `latent` names the level-1 variable above both; empty where the bundle has no latent tree.
    """

    labels: tuple[str, str]
    images: tuple[str, ...]
    per_class: tuple[int, int]
    latent: str = ""

    @property
    def name(self) -> str:
        return name_of(self.labels)


def labels_of(name: str, classes: Iterable[str] = ()) -> list[str]:
    """Return the labels of a pair written as `cello / violin`; none where it can't be told which two they are.

    Labels may hold the separator themselves, as the class `crane / bird` does: the pair is cut where both sides are
    among the model's `classes`.
    """
    parts, known = [label.strip() for label in name.split(SEPARATOR)], set(classes)
    cuts = [[name_of(parts[:place]), name_of(parts[place:])] for place in range(1, len(parts))]
    fitting = [cut for cut in cuts if known.issuperset(cut)] or cuts
    return fitting[0] if len(fitting) == 1 else []


def name_of(labels: Iterable[str]) -> str:
    """Return a pair as it is written."""
    return SEPARATOR.join(labels)


def find_pairs(bundle: Bundle, *, methods: list[str] | None = None, split: str = "") -> list[Pair]:
    """Return the bundle's confusable pairs, those with most qualifying images first, evenly spread ones before others.

    `methods` and `split` limit which images qualify, as in a study that uses only these.
    """
    latents, place = latent_of(bundle), {name: number for number, name in enumerate(bundle.classes)}
    images: dict[tuple[str, str], list[str]] = {}
    per_class: Counter[tuple[tuple[str, str], str]] = Counter()
    for image_id, top in top_labels(bundle, methods=methods, split=split).items():
        truths = top.intersection(truths_of(bundle, image_id))
        for first, second in combinations(sorted(top, key=place.__getitem__), 2):
            labels = first, second
            if len(truths.intersection(labels)) == 1 and _siblings(latents, labels):
                images.setdefault(labels, []).append(image_id)
                per_class.update((labels, truth) for truth in truths.intersection(labels))
    pairs = [
        Pair(
            labels,
            tuple(qualifying),
            (per_class[labels, labels[0]], per_class[labels, labels[1]]),
            latents[labels[0]] if latents else "",
        )
        for labels, qualifying in images.items()
    ]
    return sorted(pairs, key=lambda pair: (-len(pair.images), -min(pair.per_class), [place[n] for n in pair.labels]))


def qualifying(bundle: Bundle, found: dict[str, set[str]], labels: Sequence[str]) -> list[str]:
    """Return the images that qualify for a pair; `found` is what `top_labels` returned."""
    return [
        image_id
        for image_id, top in found.items()
        if top.issuperset(labels) and len(set(labels).intersection(truths_of(bundle, image_id))) == 1
    ]


def truths_of(bundle: Bundle, image_id: str) -> list[str]:
    """Return the classes that an image truly shows."""
    return [name for name, prediction in bundle.predictions.get(image_id, {}).items() if prediction.truth]


def top_labels(bundle: Bundle, *, methods: list[str] | None = None, split: str = "") -> dict[str, set[str]]:
    """Return each image's top labels, by image id.

    They are the classes that all `methods` explain by a leaf of their own (default: every method of the bundle whose
    trees have leaves for several classes). Without any, the fewest classes whose probabilities sum to 0.95, at most
    five; of a multi-label model, the classes over their threshold.
    """
    methods = _telling_classes_apart(bundle) if methods is None else methods
    chosen = [image_id for image_id, image in bundle.images.items() if not split or image.get("split") == split]
    if not methods:
        return {image_id: _by_score(bundle, image_id) for image_id in chosen}
    return {
        image_id: set.intersection(*(set(leaves(read_tree(bundle, image_id, method))) for method in methods))
        for image_id in chosen
    }


def _telling_classes_apart(bundle: Bundle) -> list[str]:
    """Return the whole-output methods that explain classes, as XNN's maps of x-features don't."""
    trees = [(image_id, method) for image_id, method, target in bundle.nodes if not target]
    several = {method for image_id, method in trees if len(leaves(read_tree(bundle, image_id, method))) > 1}
    return [method for method in whole_output_methods(bundle) if method in several]


def latent_of(bundle: Bundle) -> dict[str, str]:
    """Return the level-1 variable of each class in the bundle's latent tree; nothing where it has none."""
    classes = bundle.classes
    latents: dict[str, str] = {}

    def look(node: dict[str, Any], latent: str) -> None:
        for child in node["children"]:
            if "class" in child:
                latents[classes[child["class"]]] = latent
            elif node["level"] > 1:
                look(child, str(child["id"]))
            else:
                look(child, latent)

    for root in bundle.latent_tree:
        look(root, str(root["id"]))
    return latents


def _siblings(latents: dict[str, str], labels: tuple[str, str]) -> bool:
    first, second = labels
    return not latents or (first in latents and latents[first] == latents.get(second))


def _by_score(bundle: Bundle, image_id: str) -> set[str]:
    predictions = bundle.predictions.get(image_id, {}).values()
    if bundle.manifest["model"].get("multilabel"):
        return {prediction.class_name for prediction in predictions if prediction.predicted}
    top, covered = set(), 0.0
    for prediction in sorted(predictions, key=lambda found: -found.score)[:MOST]:
        if covered >= COVERED:
            break
        top.add(prediction.class_name)
        covered += prediction.score
    return top
