"""Score a bundle's maps: every metric on every map, into the bundle's metrics.csv and dataset_metrics.csv.

The model and the photographs are those of the configuration that the bundle was made from. True regions are read from
`masks/<image_id>.png`, or `masks/<image_id>-<class index>.png` for one class; pixels above 0 are true. Masks drawn
later lie in a folder of their own, which comes first: a bundle is not changed by hand.

Of trees of maps those for single classes are scored; explanation networks as wholes, over all images. What a class is
contrasted with are the image's other explained classes in its cluster, by the
bundle's latent tree. Finished images are kept in the work folder, so an interrupted run continues, and of a further
method or metric only that is computed.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from tqdm import tqdm

from explainers import registry
from explainers.bundles.bundle import read_bundle, read_table, seal, write_atomically, write_table
from explainers.bundles.raw_maps import keeps_whole_maps
from explainers.config import Config, load_config
from explainers.errors import UserError
from explainers.record import Metric
from explainers.run.job import prepare
from explainers.scoring.choosing import chosen_metrics, chosen_wholes
from explainers.scoring.explanation_networks import network_rows
from explainers.scoring.images import contrasted, image_rows, state_of
from explainers.scoring.reports import write_reports
from explainers.trees import read_tree

Row: TypeAlias = dict[str, Any]


def score_bundle(
    folder: Path,
    names: list[str] | None,
    config: Config | Path | None,
    device: str,
    drawn: Path | None = None,
    report: Path | None = None,
) -> dict[str, int]:
    """Write the metrics' values; return how many maps, or whole networks, each metric scored, by file name.

    `drawn`: a folder of masks; `report`: where the metrics' tables and figures go.
    """
    manifest, tables = read_bundle(folder)
    if not isinstance(config, Config):
        config = load_config(config or folder / manifest["config"])
    job = prepare(config, device, None)
    if job.weights_sha256 != manifest["model"]["weights_sha256"]:
        raise UserError(f"{config.path}: [model] weights are not those that {folder} was made with.")
    masks = _masks(folder, drawn)
    tree = read_tree(folder / "tree.json") if "tree.json" in manifest["files"] else None
    metrics, wholes = chosen_metrics(folder, names, masks, tree), chosen_wholes(folder, names, masks, manifest)
    by_image = defaultdict(list)
    if metrics and not keeps_whole_maps(manifest):
        raise UserError(
            f'{folder}: its maps are stored small or in 8 bits; make it with [output] maps = "npy" and without '
            "map_size to score it."
        )
    for node in _of_single_classes(tables["nodes"], manifest["methods"]) if metrics else ():
        by_image[node["image_id"]].append(node)
    rows: list[Row] = []
    work = job.work / f"scores-{job.model_key}"
    for image_id, nodes in tqdm(by_image.items(), desc="scores", unit=" images", dynamic_ncols=True):
        rows += image_rows(job, folder, manifest, metrics, image_id, nodes, work, masks, tree)
    whole_rows = network_rows(job, folder, manifest, tables["nodes"], wholes, masks, state_of(masks))
    _write(folder, manifest, rows, set(_names_of(metrics)), whole_rows)
    if report is not None:
        write_reports(job, folder, report, {name: contrasted(folder, nodes, tree) for name, nodes in by_image.items()})
    scored = {name: sum(row["metric"] in metric.directions for row in rows) for name, metric in metrics.items()}
    of_wholes = {name: registry.DATASET_METRICS[name].directions for name in wholes}
    return scored | {name: sum(row["metric"] in ways for row in whole_rows) for name, ways in of_wholes.items()}


def _of_single_classes(nodes: list[Row], methods: list[dict[str, Any]]) -> list[Row]:
    """Return the nodes that explain one class, with the class as their target; x-features explain none."""
    named = {method["name"]: method["method"] for method in methods}
    found = []
    for node in nodes:
        known = registry.explainer(named[node["method"]])
        if node["target"]:
            found.append(node)
        elif "one_label" in known.needs and "|" not in node["classes"]:
            found.append({**node, "target": node["classes"]})
    return found


def _masks(folder: Path, drawn: Path | None) -> dict[str, Path]:
    """Return the true regions by name: drawn ones before the bundle's."""
    if drawn is not None and not drawn.is_dir():
        raise UserError(f"--masks: {drawn} is not a folder.")
    places = [place for place in (folder / "masks", drawn) if place is not None]
    return {path.stem: path for place in places for path in sorted(place.glob("*.png"))}


def _names_of(metrics: Mapping[str, Metric]) -> list[str]:
    return [name for metric in metrics.values() for name in metric.directions]


def _write(folder: Path, manifest: dict[str, Any], rows: list[Row], scored: set[str], whole_rows: list[Row]) -> None:
    """Put the values beside those of other metrics; the manifest never vouches for a file that is being changed."""
    if (folder / "metrics.csv").is_file():  # whole, also where a run was killed before the manifest vouched for it
        rows = [row for row in read_table(folder, "metrics") if row["metric"] not in scored] + rows
    if "dataset_metrics.csv" in manifest["files"]:
        rescored, wholes = {row["metric"] for row in whole_rows}, _names_of(registry.DATASET_METRICS)
        earlier = [row for row in read_table(folder, "dataset_metrics") if row["metric"] in wholes]
        whole_rows = [row for row in earlier if row["metric"] not in rescored] + whole_rows
    open_manifest = {**manifest, "files": {k: v for k, v in manifest["files"].items() if "metrics.csv" not in k}}
    write_atomically(folder / "manifest.json", json.dumps(open_manifest, indent=1, ensure_ascii=False).encode())
    if rows:
        write_table(folder / "metrics.csv", rows)
    write_table(folder / "dataset_metrics.csv", _means(rows) + whole_rows)
    seal(folder, manifest)


def _means(rows: list[Row]) -> list[Row]:
    """Return each method's and metric's mean over all maps, with the direction that is better."""
    directions = {name: way for metric in registry.METRICS.values() for name, way in metric.directions.items()}
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        values[row["method"], row["metric"]].append(float(row["value"]))
    return [
        {"method": method, "metric": metric, "better": directions.get(metric), "n": len(found), "value": np.mean(found)}
        for (method, metric), found in values.items()
    ]
