"""Train the networks of one data set, one class each, and measure them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import torch
from tqdm import tqdm

import explainers
from benchmarks.xnn.data import DataSet
from explainers.metrics.faithfulness import faithfulness
from explainers.metrics.locality import locality, part_shares
from explainers.metrics.orthogonality import orthogonality
from explainers.xnn.activations import activations_of
from explainers.xnn.examples import Examples
from explainers.xnn.heatmaps import dimension_maps, x_feature_maps
from explainers.xnn.run import groups_of
from explainers.xnn.settings import KINDS, Settings
from explainers.xnn.training import apply, train
from explainers.xnn.tuning import Tuning, tune

EPOCHS, STEPS = 40, 10  # of Adam in an epoch, however many training pictures there are
SEEDS = (0, 1, 2)
N_MAPPED = 24  # test images of a class whose maps are measured
TUNING = Tuning(folds=2, beta=[1, 10], eta=[1, 10], alpha=[0.003, 0.01, 0.03, 0.1, 0.3, 1, 3])


class Cached:
    """A data set's activations at its layer and logits, for training and test images."""

    def __init__(self, data: DataSet, layer: str | None = None, space: str = "mean"):
        self.layer, self.space = layer or data.layer, space
        parts = [self._of(data, images) for images in (data.train, data.test)]
        (self.train, self.train_logits), (self.test, self.test_logits) = parts

    def _of(self, data, images):
        found = [activations_of(data.model, part, self.layer, self.space) for part in images.split(32)]
        return tuple(torch.cat(column) for column in zip(*found, strict=True))

    def examples(self, data: DataSet, target: int) -> Examples:
        groups = groups_of(self.train_logits, data.train_labels, [target])
        return Examples(self.train, self.train_logits[:, [target]], groups)


def tuned(data: DataSet, cached: Cached) -> dict[str, Settings]:
    """Return each kind's settings, chosen by cross-validation on the first class's training examples."""
    examples, chosen = cached.examples(data, data.explained[0]), {}
    for kind in tqdm(KINDS, desc=f"{data.name}: tuning", unit=" kinds", dynamic_ncols=True):
        batch_size = max(1, len(data.train) // STEPS)
        start = Settings(layer=data.layer, kind=kind, epochs=EPOCHS, batch_size=batch_size, remedies=0)
        settings, _ = tune(start, [data.explained[0]], examples, TUNING)
        chosen[kind] = replace(settings, remedies=2)
    return chosen


def trained(data: DataSet, cached: Cached, settings: dict[str, Settings]):
    """Return {(kind, class, seed): (network, report)}; the lasso draws nothing and has the first seed only."""
    wanted = [
        (kind, target, seed)
        for target in data.explained
        for kind in settings
        for seed in (SEEDS[:1] if kind == "lasso" else SEEDS)
    ]
    found = {}
    for kind, target, seed in tqdm(wanted, desc=f"{data.name}: training", unit=" networks", dynamic_ncols=True):
        chosen = replace(settings[kind], seed=seed)
        found[kind, target, seed] = train(chosen, [target], cached.examples(data, target))
    return found


def mapped_images(data: DataSet, target: int) -> list[int]:
    """The test images on which a class's maps are measured: its own with known parts; all with known parts if few."""
    own = [i for i in data.located if target in data.test_labels[i]]
    return (own if len(own) >= 10 else data.located)[:N_MAPPED]


def map_measures(data: DataSet, maps: torch.Tensor, chosen: list[int]) -> dict[str, float]:
    weights = torch.stack([data.weights(i) for i in chosen])
    several = orthogonality(maps) if maps.shape[1] > 1 else {"o1": float("nan"), "o2": float("nan")}
    return {**several, **locality(part_shares(maps, weights))}


def measures(data: DataSet, cached: Cached, network, target: int) -> dict[str, float]:
    """Return F_reg and F_cls in training and test, O₁, O₂ and locality of one network."""
    row = {}
    for part, activations, logits in (
        ("train", cached.train, cached.train_logits),
        ("test", cached.test, cached.test_logits),
    ):
        _, approximations = apply(network, activations)
        found = faithfulness(approximations, logits, classes=[target], thresholds=data.thresholds)
        row |= {f"F_reg {part}": found["f_reg"], f"F_cls {part}": found["f_cls"]}
    chosen = mapped_images(data, target)
    maps = x_feature_maps(data.model, network, data.test[chosen], data.map_layer)
    found = map_measures(data, maps, chosen)
    return row | {"O1": found["o1"], "O2": found["o2"], "locality": found["locality"], "x-features": network.n_features}


def heatmap_measures(data: DataSet, target: int, settings: Settings) -> dict[str, dict]:
    """Return the locality of Z, of all or a sample of its dimensions, and of the single heatmap of the class."""
    chosen = mapped_images(data, target)
    images = data.test[chosen]
    every = dimension_maps(data.model, settings, images, data.map_layer, data.dimensions)
    single = explainers.explain("c_mwp", data.model, images, [target] * len(chosen), layer=data.map_layer)
    return {
        "Z": {"locality": map_measures(data, every, chosen)["locality"]},
        "1-Heatmap": {"locality": map_measures(data, single, chosen)["locality"]},
    }


def main_table(data: DataSet, cached: Cached, networks: dict, settings: dict) -> list[dict]:
    """Return tables 1 and 2: a row per method, averaged over the classes.

    A column with "± " before its name is the standard deviation of that average over the trainings' seeds.
    """
    by_method = defaultdict(lambda: defaultdict(list))
    title = f"{data.name}: measuring"
    for (kind, target, seed), (network, _) in tqdm(networks.items(), desc=title, dynamic_ncols=True):
        by_method[kind.upper()][seed].append(measures(data, cached, network, target))
    for target in tqdm(data.explained, desc=f"{data.name}: Z and 1-Heatmap", dynamic_ncols=True):
        for method, row in heatmap_measures(data, target, settings["srae"]).items():
            by_method[method][SEEDS[0]].append(row)
    columns = list(next(iter(by_method.values()))[SEEDS[0]][0])
    return [{"method": method} | averaged(list(by_seed.values()), columns) for method, by_seed in by_method.items()]


def averaged(seeds: list[list[dict]], columns: list[str]) -> dict[str, float | None]:
    """Return each column's mean over the rows of all seeds, and how the seeds' own means deviate."""
    found = {}
    for column in columns:
        means = [float(np.mean([row.get(column, np.nan) for row in rows])) for rows in seeds]
        measured = not np.isnan(means).all()
        found[column] = float(np.mean(means)) if measured else None
        found[f"± {column}"] = float(np.std(means, ddof=1)) if measured and len(means) > 1 else None
    return found


def degeneration_table(networks: dict) -> list[dict]:
    """Return how many networks of each kind have degenerate x-features, and of what sort (figure .12)."""
    by_kind = defaultdict(list)
    for (kind, *_), (_, report) in networks.items():
        if kind != "lasso":
            by_kind[kind].append(report)
    sorts = ("dead", "constant", "duplicate", "idle")
    rows = []
    for kind, reports in by_kind.items():
        degenerate = [what.split()[0] for report in reports for what in report.degenerate.values()]
        before = [len(r.remedies[0]) if r.remedies else len(r.degenerate) for r in reports]
        rows.append(
            {
                "method": kind.upper(),
                "networks": len(reports),
                "with degenerate x-features": sum(bool(report.degenerate) for report in reports),
                **{sort: degenerate.count(sort) for sort in sorts},
                "degenerate before remedies": sum(before),
                "remedies tried": sum(len(report.remedies) for report in reports),
            }
        )
    return rows
