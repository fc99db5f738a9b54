"""The largest design that a bundle can fill."""

import random

from studyapp.core.bundles.pairs import find_pairs
from studyapp.core.engine.kinds import methods_of

from .stimuli import ROUNDS, draw


def fit(definition: dict, bundle) -> dict:
    """Return the parameters to change so that the bundle can fill the study: its pairs, and fewer trials.

    Training and evaluation get equally many. Raises `ValueError` saying in a sentence what the bundle lacks.
    """
    present, methods = definition["parameters"], methods_of(definition)
    usual = max(present["training_trials"], present["evaluation_trials"])
    for split in dict.fromkeys([present["split"], ""]):
        pairs = find_pairs(bundle, methods=methods, split=split)
        enough = sorted((len(pair.images) for pair in pairs), reverse=True)[ROUNDS - 1 : ROUNDS]
        for n in range(min([usual, *((most - 1) // 2 for most in enough)]), 0, -1):
            change = {"split": split, "pairs": [], "training_trials": n, "evaluation_trials": n}
            try:
                draw(definition | {"parameters": present | change}, bundle, random.Random(definition["seed"]))
            except ValueError:
                continue
            return {name: value for name, value in change.items() if value != present[name]}
    raise ValueError(
        f"The bundle has no {ROUNDS} pairs of classes that the model confuses, with at least 3 pictures each whose "
        "maps explain both; it takes a method that explains the whole output by a tree of maps."
    )
