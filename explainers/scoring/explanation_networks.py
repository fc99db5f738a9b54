"""Score a bundle's explanation networks, each as a whole over all its images, by the metrics of a data set.

Maps are the bundle's; where it holds no raw ones the network makes them again. Images without parts count only in the
metrics that ask for none.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from explainers import registry
from explainers.bundles.bundle import opaque, write_atomically
from explainers.bundles.raw_maps import keeps_whole_maps, read_map
from explainers.datasets import open_picture
from explainers.errors import UserError
from explainers.models.building import model_input
from explainers.record import DatasetMetric
from explainers.run.job import Job
from explainers.scoring.parts import parts_of

_OBSERVERS = {name: record.observe for name, record in registry.OUTPUTS.items() if record.observe is not None}


def networks_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the manifest's methods that show an explanation network."""
    return [method for method in manifest["methods"] if method["method"] in _OBSERVERS]


def network_rows(
    job: Job,
    folder: Path,
    manifest: dict[str, Any],
    nodes: list[dict[str, Any]],
    names: Sequence[str],
    masks: dict[str, Path],
    state: object,
) -> list[dict[str, Any]]:
    """Return the rows of dataset_metrics.csv for the named metrics, of every explanation network of the bundle.

    `state` changes with the masks.
    """
    metrics = {name: registry.DATASET_METRICS[name] for name in names}
    located = any("weights" in metric.asks for metric in metrics.values())
    parts = parts_of(folder, manifest, masks, job.config.model.height_width) if located else {}
    state = (state, manifest["files"].get("parts.csv"))
    rows: list[dict[str, Any]] = []
    for method in networks_of(manifest):
        by_image: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for node in nodes:
            if node["method"] == method["name"]:
                by_image[node["image_id"]].append(node)
        measured = _measured(job, folder, manifest, method, by_image, metrics, parts, state)
        for name, metric in metrics.items():
            of_images = [image[name] for image in measured if name in image]
            values = metric.of_images(of_images) if of_images else {}
            rows += [
                {
                    "method": method["name"],
                    "metric": key,
                    "better": metric.directions[key],
                    "n": len(of_images),
                    "value": value,
                }
                for key, value in values.items()
            ]
    return rows


def _measured(
    job: Job,
    folder: Path,
    manifest: dict[str, Any],
    method: dict[str, Any],
    by_image: dict[str, list[dict[str, Any]]],
    metrics: Mapping[str, DatasetMetric],
    parts: Mapping[str, Callable[[], torch.Tensor]],
    state: object,
) -> list[dict[str, Any]]:
    """Return what each image gives to the metrics; kept in the work folder, so that an interrupted run continues."""
    config = next((one for one in job.config.methods if one.id == method["name"]), None)
    if config is None:
        raise UserError(f"{job.config.path}: there is no method {method['name']!r}, which {folder} was made with.")
    observe = _OBSERVERS[method["method"]](**method["parameters"] | job.files_of(config))
    key = opaque(job.model_key, method["name"], method["parameters"], sorted(metrics), state)
    measured = []
    for image_id, nodes in tqdm(by_image.items(), desc=method["name"], unit=" images", dynamic_ncols=True):
        stored = job.work / f"network-scores-{key}" / f"{image_id}.json"
        if not stored.exists():
            if image_id not in job.photographs:
                raise UserError(f"{job.config.path}: its photographs are not those of {folder}; {image_id} is missing.")
            image = model_input(open_picture(job.photographs[image_id].path), job.config.model)
            offered = observe(job.model, image)
            offered["thresholds"] = lambda: _logits(manifest["model"]["thresholds"])
            if keeps_whole_maps(manifest):
                offered["maps"] = partial(_stored_maps, folder, nodes)
            if image_id in parts:
                offered["weights"] = partial(_batch_of_one, parts[image_id])
            write_atomically(stored, json.dumps(_of_image(metrics, offered)).encode())
        measured.append(json.loads(stored.read_bytes()))
    return measured


def _of_image(metrics: Mapping[str, DatasetMetric], offered: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Return what an image adds to each metric, left out where the metric asks for what the image does not have."""
    made = {name: cache(make) for name, make in offered.items()}
    return {
        name: metric.of_image(**{asked: made[asked]() for asked in metric.asks})
        for name, metric in metrics.items()
        if made.keys() >= set(metric.asks)
    }


def _batch_of_one(weights: Callable[[], torch.Tensor]) -> torch.Tensor:
    return weights()[None]


def _stored_maps(folder: Path, nodes: list[dict[str, Any]]) -> torch.Tensor:
    """Return the x-features' maps (1, n, H, W), by number."""
    nodes = sorted(nodes, key=lambda node: int(node["node"]))
    raw = [read_map(folder, node) for node in nodes]
    return torch.from_numpy(np.stack(raw))[None]


def _logits(thresholds: list[float] | None) -> list[float] | None:
    return None if thresholds is None else torch.logit(torch.tensor(thresholds)).tolist()
