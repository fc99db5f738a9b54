"""Which metrics a bundle is scored by: those asked for, or all that have what they need and are quick enough."""

from pathlib import Path

from explainers import registry
from explainers.errors import UserError
from explainers.record import Metric
from explainers.scoring.explanation_networks import networks_of
from explainers.trees import LatentTree

ON_REQUEST = ("sanity",)  # explains every image anew several times


def chosen_metrics(
    folder: Path, names: list[str] | None, masks: dict[str, Path], tree: LatentTree | None
) -> dict[str, Metric]:
    """Return the metrics by file name: those asked for, or all that have what they need and are quick enough."""
    if names is None:
        missing = {"masks": not masks, "others": tree is None}
        lacking = {name for name, is_missing in missing.items() if is_missing}
        usable = {name for name, m in registry.METRICS.items() if not lacking & m.defaults.keys()}
        return {name: registry.METRICS[name] for name in sorted(usable - set(ON_REQUEST))}
    known = {name: registry.find(registry.METRICS | registry.DATASET_METRICS, name, "metric") for name in names}
    chosen = {name: metric for name, metric in known.items() if name in registry.METRICS}
    for name, metric in chosen.items():
        if "masks" in metric.defaults and not masks:
            raise UserError(f"--metrics: {name} needs true regions in {folder / 'masks'}, a PNG per image id.")
        if "others" in metric.defaults and tree is None:
            raise UserError(f"--metrics: {name} needs confusion clusters; give the bundle's methods a latent tree.")
    return chosen


def chosen_wholes(folder: Path, names: list[str] | None, masks: dict[str, Path], manifest: dict) -> list[str]:
    """Return the metrics of explanation networks: those asked for, or all that there is what they need for."""
    located, shown = bool(masks) or "parts.csv" in manifest["files"], bool(networks_of(manifest))
    if names is None:
        return [name for name in registry.DATASET_METRICS if shown and (located or name != "locality")]
    chosen = [name for name in names if name in registry.DATASET_METRICS]
    if chosen and not shown:
        raise UserError(f"--metrics: {chosen[0]} is of explanation networks; {folder} shows none.")
    if "locality" in chosen and not located:
        raise UserError(
            f"--metrics: locality needs true regions in {folder / 'masks'}, or part points ([images] parts)."
        )
    return chosen
