"""The largest design that a bundle can fill."""

import random
from itertools import combinations, product

from .stimuli import OUTCOMES, check_methods, draw, needed

MOST_CLASSES = 8  # those with most pictures, of which any two are tried
MOST_ASKED, MOST_EXAMPLES = 4, 4  # of each outcome


def fit(definition: dict, bundle) -> dict:
    """Return the parameters to change so that the bundle can fill the study: classes and split, or numbers too.

    The numbers stay where two classes have enough pictures for them. Else each outcome is asked about, and shown as an
    example, equally often, so that “yes” is right as often as “no”, and as often as there are pictures for.
    Raises `ValueError` saying in a sentence what the bundle lacks for any design.
    """
    present = definition["parameters"]
    splits = dict.fromkeys([present["split"], "", *(image.get("split") or "" for image in bundle.images.values())])
    designs = [{}, *_balanced(present)]
    for split, design in product(splits, designs):
        for pair in _pairs(present | {"split": split} | design, bundle):
            change = {"classes": list(pair), "split": split} | design
            if _can_be_drawn(definition | {"parameters": present | change}, bundle):
                return {name: value for name, value in change.items() if value != present[name]}
    raise ValueError(
        "No two classes of the bundle have a decision threshold, heatmaps, and a few pictures each that the model "
        "recognises, misses and falsely reports, to ask about and as examples."
    )


def _balanced(parameters: dict) -> list[dict]:
    """Return designs with every outcome equally often, the largest first."""
    shown = [outcome for outcome, count in parameters["examples"].items() if count]
    sizes = sorted(
        product(range(1, MOST_ASKED + 1), range(1, MOST_EXAMPLES + 1)), key=lambda size: (-sum(size), -size[0])
    )
    return [
        {
            "queries_per_class": dict.fromkeys(parameters["queries_per_class"], asked),
            "examples": dict.fromkeys(parameters["examples"], 0) | dict.fromkeys(shown, examples),
        }
        for asked, examples in sizes
    ]


def _pairs(parameters: dict, bundle) -> list[tuple[str, str]]:
    """Return the pairs of classes with enough pictures, those of the study first, then those with most."""
    most = {}
    for name, counts in bundle.outcome_counts(parameters["split"]).items():
        least = min(counts[outcome] - needed(parameters, 1, outcome) for outcome in OUTCOMES)
        if least >= 0 and all(one.threshold is not None for one in _judged(bundle, name)):
            most[name] = (name in parameters["classes"], least)
    best = sorted(most, key=lambda name: most[name], reverse=True)[:MOST_CLASSES]
    own = [name for name in parameters["classes"] if name in best]
    ordered = [*own, *(name for name in best if name not in own)]
    return list(combinations(ordered, 2))


def _judged(bundle, name: str) -> list:
    return [found[name] for found in bundle.predictions.values() if name in found]


def _can_be_drawn(definition: dict, bundle) -> bool:
    """Return whether there are pictures for all purposes, and maps of them by those methods that the bundle has."""
    try:
        stimuli = draw(definition, bundle, random.Random(definition["seed"]))
    except ValueError:
        return False
    there = [cell for cell in definition["conditions"] if cell["factors"]["heatmap"] in bundle.methods]
    return not check_methods({"conditions": there}, stimuli, bundle)
