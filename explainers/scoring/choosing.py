"""Which metrics a bundle is scored by: those asked for, or all that have what they need and are quick enough."""

from pathlib import Path
from typing import Any

from explainers import registry
from explainers.errors import UserError
from explainers.record import Metric
from explainers.scoring.explanation_networks import networks_of
from explainers.trees import LatentTree


def chosen_metrics(
    folder: Path, names: list[str] | None, masks: dict[str, Path], tree: LatentTree | None
) -> dict[str, Metric]:
    """Return the metrics by file name: those asked for, or all that have what they need and are quick enough."""
    if names is None:
        missing = {"masks": not masks, "others": tree is None}
        lacking = {name for name, is_missing in missing.items() if is_missing}
        usable = {name: m for name, m in registry.METRICS.items() if not lacking & m.defaults.keys()}
        return {name: metric for name, metric in sorted(usable.items()) if not metric.on_request}
    every = {**registry.METRICS, **registry.DATASET_METRICS}
    known = {name: registry.find(every, name, "metric") for name in names}
    chosen = {name: metric for name, metric in known.items() if name in registry.METRICS}
    for name, metric in chosen.items():
        if "masks" in metric.defaults and not masks:
            raise UserError(f"--metrics: {name} needs true regions in {folder / 'masks'}, a PNG per image id.")
        if "others" in metric.defaults and tree is None:
            raise UserError(f"--metrics: {name} needs confusion clusters; give the bundle's methods a latent tree.")
    return chosen


def chosen_wholes(folder: Path, names: list[str] | None, masks: dict[str, Path], manifest: dict[str, Any]) -> list[str]:
    """Return the metrics of explanation networks: those asked for, or all that there is what they need for."""
    located, shown = bool(masks) or "parts.csv" in manifest["files"], bool(networks_of(manifest))
    lacking = [name for name, metric in registry.DATASET_METRICS.items() if "weights" in metric.asks and not located]
    if names is None:
        return [name for name in registry.DATASET_METRICS if shown and name not in lacking]
    chosen = [name for name in names if name in registry.DATASET_METRICS]
    if chosen and not shown:
        raise UserError(f"--metrics: {chosen[0]} is of explanation networks; {folder} shows none.")
    for name in chosen:
        if name in lacking:
            raise UserError(
                f"--metrics: {name} needs true regions in {folder / 'masks'}, or part points ([images] parts)."
            )
    return chosen
