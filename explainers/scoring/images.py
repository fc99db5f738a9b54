"""One image's scores: every metric of every method's maps, each kept by itself under a name of what it depends on."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image

from explainers import registry
from explainers.bundles.bundle import opaque, write_atomically
from explainers.bundles.raw_maps import read_map
from explainers.config import MethodConfig
from explainers.datasets import open_picture
from explainers.errors import UserError
from explainers.maps.ranking import salient
from explainers.models.building import model_input
from explainers.networks.rewriting.optimised import optimised
from explainers.record import Metric
from explainers.run.job import Job
from explainers.run.supplying import arguments_of, supplied
from explainers.trees import LatentTree, clusters

Node: TypeAlias = dict[str, Any]  # a row of nodes.csv, and what it is contrasted with


def image_rows(
    job: Job,
    folder: Path,
    manifest: dict[str, Any],
    metrics: Mapping[str, Metric],
    image_id: str,
    nodes: list[Node],
    work: Path,
    masks: Mapping[str, Path],
    tree: LatentTree | None,
) -> list[dict[str, Any]]:
    """Return the image's values. What an earlier run found is kept: each metric of each method's maps by itself."""
    stored = work / f"{image_id}.json"
    kept = json.loads(stored.read_bytes()) if stored.exists() else {}
    pieces = {
        _piece(job, manifest, name, method, image_id, nodes, masks): (metric, method)
        for name, metric in metrics.items()
        for method in manifest["methods"]
    }
    missing = {piece: named for piece, named in pieces.items() if piece not in kept}
    if missing:
        kept |= _computed(job, folder, missing, image_id, contrasted(folder, nodes, tree), masks)
        write_atomically(stored, json.dumps(kept).encode())
    return [row for piece in pieces for row in kept[piece]]


def _piece(
    job: Job,
    manifest: dict[str, Any],
    metric_name: str,
    method: dict[str, Any],
    image_id: str,
    nodes: list[Node],
    masks: Mapping[str, Path],
) -> str:
    """Return a name for a metric's values on a method's maps that changes with whatever they depend on."""
    metric, files = registry.METRICS[metric_name], manifest["files"]
    compared = nodes if "others" in metric.defaults else [n for n in nodes if n["method"] == method["name"]]
    parts = [metric_name, method["name"], job.config.output.seed]
    parts += [(node["method"], node["target"], files[node["map_file"]]) for node in compared]
    if "others" in metric.defaults:
        parts.append(files["tree.json"])
    if "masks" in metric.defaults:
        parts.append(state_of({name: path for name, path in masks.items() if name.startswith(image_id)}))
    if "explainer" in metric.defaults:
        parts.append((method["method"], method["parameters"]))
    return opaque(*parts)


def _computed(
    job: Job,
    folder: Path,
    pieces: Mapping[str, tuple[Metric, dict[str, Any]]],
    image_id: str,
    nodes: list[Node],
    masks: Mapping[str, Path],
) -> dict[str, list[dict[str, Any]]]:
    if image_id not in job.photographs:
        raise UserError(f"{job.config.path}: its photographs are not those of {folder}; {image_id} is missing.")
    image = model_input(open_picture(job.photographs[image_id].path), job.config.model)
    found = {}
    for piece, (metric, method) in pieces.items():
        own = [node for node in nodes if node["method"] == method["name"]]
        maps = torch.stack([_raw_map(folder, node) for node in own]) if own else torch.empty(0)
        found[piece] = _metric_rows(job, metric, method, image, own, maps, masks)
    return found


def contrasted(folder: Path, nodes: list[Node], tree: LatentTree | None) -> list[Node]:
    """Return the nodes with the other classes of their cluster, and the fewest salient pixels any method gives them."""
    if tree is None:
        return nodes
    explained = sorted({int(node["target"]) for node in nodes})
    others = {c: [o for o in cluster if o != c] for cluster in clusters(explained, tree) for c in cluster}
    fewest: dict[str, int] = {}
    for node in nodes:
        n = int(salient(_raw_map(folder, node)[None]).sum())
        fewest[node["target"]] = min(n, fewest.get(node["target"], n))
    return [{**node, "others": others[int(node["target"])], "n_pixels": fewest[node["target"]]} for node in nodes]


def _raw_map(folder: Path, node: Node) -> torch.Tensor:
    return torch.from_numpy(read_map(folder, node))


def _metric_rows(
    job: Job,
    metric: Metric,
    method: dict[str, Any],
    image: torch.Tensor,
    nodes: list[Node],
    maps: torch.Tensor,
    true_regions: Mapping[str, Path],
) -> list[dict[str, Any]]:
    masks: list[torch.Tensor] = []
    if "masks" in metric.defaults:
        height, width = image.shape[-2:]
        regions = [_mask(true_regions, node, (height, width)) for node in nodes]
        known, masks = [i for i, one in enumerate(regions) if one is not None], [m for m in regions if m is not None]
        nodes, maps = [nodes[i] for i in known], maps[known]
    if "others" in metric.defaults:  # a class alone in its cluster is contrasted with nothing
        known = [i for i, node in enumerate(nodes) if node["others"]]
        nodes, maps = [nodes[i] for i in known], maps[known]
    if not nodes:
        return []
    parameters = supplied(
        job, metric, metric.title, nodes[0]["image_id"],
        output=lambda: job.output,
        masks=lambda: torch.stack(masks),
        others=lambda: [node["others"] for node in nodes],
        n_pixels=lambda: torch.tensor([node["n_pixels"] for node in nodes]),
        explainer=lambda: _explainer(job, metric, method, nodes[0]["image_id"]),
    )  # fmt: skip
    images, targets = image.expand(len(nodes), -1, -1, -1), [int(node["target"]) for node in nodes]
    model = optimised(job.model) if "perturbs" in metric.needs else job.model
    values = registry.scores(metric, model, images, targets, maps, **parameters)
    return [
        {
            "image_id": node["image_id"],
            "method": method["name"],
            "target": node["target"],
            "metric": name,
            "value": value,
        }
        for name, column in values.items()
        for node, value in zip(nodes, column.tolist(), strict=True)
    ]


def _mask(masks: Mapping[str, Path], node: Node, size: tuple[int, int]) -> torch.Tensor | None:
    """Return the true region of a node's class or image, at the map's size; None when there is none."""
    for name in (f"{node['image_id']}-{node['target']}", node["image_id"]):
        if name in masks:
            picture = Image.open(masks[name]).convert("I").resize(size[::-1], Image.Resampling.NEAREST)
            return torch.from_numpy(np.array(picture) > 0)
    return None


def _explainer(
    job: Job, metric: Metric, method: dict[str, Any], image_id: str
) -> Callable[[torch.nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]:
    """The bundle's method, as a check of it calls it: on another model, for the same images and targets."""
    name = method["method"]
    if registry.explains_output(name):
        raise UserError(f"--metrics: {metric.title} is not defined for {method['name']}, a tree of maps.")
    config = MethodConfig(name=name, id=method["name"], parameters=method["parameters"])

    def explain(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return registry.explain(name, model, images, targets, **arguments_of(job, config, image_id))[:, 0]

    return explain


def state_of(masks: Mapping[str, Path]) -> list[tuple[str, int, int]]:
    return [(name, path.stat().st_mtime_ns, path.stat().st_size) for name, path in masks.items()]
