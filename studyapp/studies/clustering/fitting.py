"""The largest design that a bundle can fill."""

import random

from .maps import NONE
from .stimuli import draw

LEAST_SIZE = 4


def fit(definition: dict, bundle) -> dict:
    """Return the parameters to change so that the bundle can fill the study: stages by its methods, fewer batches.

    Raises `ValueError` saying in a sentence what the bundle lacks.
    """
    present, has = definition["parameters"], bundle.offered("methods")
    stages = [stage for stage in present["stages"] if stage[1] == NONE or stage[1] in has]
    if not any(method != NONE for _, method in stages):
        stages = [*stages, *([bundle.method_title(method), method] for method in list(has)[:1])]
    for split in dict.fromkeys([present["split"], ""]):
        n = min(_sizes(bundle, split, present["datasets"]), default=0)
        for size in range(present["batch_size"], LEAST_SIZE - 1, -1):
            batches = min(present["batches"], (n - 1) // size)
            change = {"stages": stages, "split": split, "batch_size": size, "batches": batches}
            try:
                draw(definition | {"parameters": present | change}, bundle, random.Random(definition["seed"]))
            except ValueError:
                continue
            return {name: value for name, value in change.items() if value != present[name]}
    raise ValueError(
        f"The bundle has too few pictures: each data set needs a batch of at least {LEAST_SIZE} for each stage, and "
        "one picture more as a worked example."
    )


def _sizes(bundle, split: str, datasets: list[str]) -> list[int]:
    """Return how many pictures each of the data sets has."""
    found: dict[str, int] = {}
    for image in bundle.images.values():
        if not split or image.get("split") == split:
            found[image.get("dataset") or ""] = found.get(image.get("dataset") or "", 0) + 1
    return [n for name, n in found.items() if not datasets or name in datasets]
