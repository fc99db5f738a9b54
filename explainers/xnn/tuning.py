"""Choose an explanation network's parameters by cross-validation on the training examples.

The paper tunes "to the optimal parameters by cross-validation" without saying by which measure. Faithfulness alone
would always choose no reconstruction and no pull-away; so, ours: of the settings whose held-out F_reg is within
`tolerance` of the best, that with the fewest degenerate x-features, and of those the most orthogonal on held-out
examples. For the lasso: the most faithful of those that keep no more dimensions than there may be x-features.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import torch

from explainers.config import are_numbers, expects, is_filled_list
from explainers.parameters import Progress
from explainers.xnn.examples import Examples
from explainers.xnn.loss import pull_away
from explainers.xnn.settings import Settings
from explainers.xnn.training import apply, train

TUNED = {"srae": ("q", "beta", "eta"), "sae": ("beta",), "cae": ("beta",), "lasso": ("alpha",), "nn": ()}


def _are_values(value: object) -> bool:
    return is_filled_list(value) and are_numbers(value) and min(value) > 0


def _is_several(value: object) -> bool:
    return isinstance(value, int) and value >= 2


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The table [tune]: values to try for each parameter; what is left out keeps its value."""

    folds: int = field(default=3, metadata=expects("a whole number from 2 up", _is_several))
    tolerance: float = field(default=0.3, metadata=expects("a number above 0", lambda value: _are_values([value])))
    q: Sequence[float] = field(default=(), metadata=expects("a list of numbers above 0", _are_values))
    beta: Sequence[float] = field(default=(), metadata=expects("a list of numbers above 0", _are_values))
    eta: Sequence[float] = field(default=(), metadata=expects("a list of numbers above 0", _are_values))
    alpha: Sequence[float] = field(default=(), metadata=expects("a list of numbers above 0", _are_values))


def candidates(settings: Settings, tuning: Tuning) -> list[Settings]:
    """Return all combinations of the values to try of the parameters that this kind of network has."""
    names = [name for name in TUNED[settings.kind] if getattr(tuning, name)]
    combinations = product(*(getattr(tuning, name) for name in names))
    return [replace(settings, **dict(zip(names, values, strict=True))) for values in combinations]


def tune(
    settings: Settings,
    classes: list[int],
    examples: Examples,
    tuning: Tuning,
    progress: Progress = None,
) -> tuple[Settings, list[dict[str, Any]]]:
    """Return the chosen settings, and of each candidate its values and means over the folds."""
    tried = candidates(settings, tuning)
    if len(tried) == 1:
        return settings, []
    order = torch.randperm(len(examples), generator=torch.Generator().manual_seed(settings.seed))
    rows = [_tried(one, classes, examples, order.chunk(tuning.folds), progress) for one in tried]
    return tried[choose(rows, settings, tuning.tolerance)], rows


def _tried(
    settings: Settings, classes: list[int], examples: Examples, folds: Sequence[torch.Tensor], progress: Progress
) -> dict[str, Any]:
    measured = []
    for held_out in folds:
        inside = torch.ones(len(examples), dtype=torch.bool)
        inside[held_out] = False
        network, report = train(settings, classes, examples.part(inside), progress)
        seen, approximations = apply(network, examples.activations[held_out])
        error = (approximations - examples.logits[held_out]).abs().mean()
        features = network.features_of(seen)
        measured.append((error, pull_away(features), len(report.degenerate), network.n_features))
    means = torch.tensor(measured, dtype=torch.float64).mean(dim=0).tolist()
    values = {name: getattr(settings, name) for name in TUNED[settings.kind]}
    return values | dict(zip(("f_reg", "pull_away", "degenerate", "features"), means, strict=True))


def choose(rows: list[dict[str, Any]], settings: Settings, tolerance: float) -> int:
    """Return the number of the chosen row."""
    if settings.kind == "lasso":
        few = [row["features"] <= settings.features for row in rows]
        if not any(few):
            return min(range(len(rows)), key=lambda i: rows[i]["features"])
        return min((i for i in range(len(rows)) if few[i]), key=lambda i: rows[i]["f_reg"])
    limit = (1 + tolerance) * min(row["f_reg"] for row in rows)
    eligible = [i for i, row in enumerate(rows) if row["f_reg"] <= limit]
    if settings.kind == "cae":
        return min(eligible, key=lambda i: rows[i]["f_reg"])
    return min(eligible, key=lambda i: (rows[i]["degenerate"], rows[i]["pull_away"]))
