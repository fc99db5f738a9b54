"""Score a bundle's explanation networks, each as a whole over all its images: faithfulness, orthogonality, locality.

Maps are the bundle's; where it holds no raw ones the network makes them again. Parts are the bundle's `parts.csv`
(Voronoi cells in the box, and the context), else the true regions: one for each class that has any; where none is told
apart, inside and outside. Images without parts count in the other metrics only.
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from explainers import registry
from explainers.bundle import opaque, read_table, write_atomically
from explainers.datasets import BOX, open_picture
from explainers.errors import UserError
from explainers.metrics.faithfulness import faithfulness
from explainers.metrics.locality import locality, part_shares, voronoi_weights
from explainers.metrics.orthogonality import moments, orthogonality_of
from explainers.models import model_input
from explainers.run.job import Job
from explainers.xnn.activations import activations_of
from explainers.xnn.heatmaps import x_feature_maps
from explainers.xnn.storage import load
from explainers.xnn.training import apply


def networks_of(manifest: dict) -> list[dict]:
    """Return the manifest's methods that show an explanation network."""
    return [method for method in manifest["methods"] if method["method"] == "xnn"]


def network_rows(job: Job, folder: Path, manifest: dict, nodes: list[dict], names, masks: dict[str, Path], state):
    """Return the rows of dataset_metrics.csv for the named metrics, of every explanation network of the bundle.

    `state` changes with the masks.
    """
    parts = parts_of(folder, manifest, masks, job.config.model.height_width) if "locality" in names else {}
    state = (state, manifest["files"].get("parts.csv"))
    rows = []
    for method in networks_of(manifest):
        by_image = defaultdict(list)
        for node in nodes:
            if node["method"] == method["name"]:
                by_image[node["image_id"]].append(node)
        measured = _measured(job, folder, manifest, method, by_image, names, parts, state)
        for name, (count, values) in _aggregated(measured, names).items():
            directions = registry.DATASET_METRICS[name].directions
            rows += [
                {"method": method["name"], "metric": metric, "better": directions[metric], "n": count, "value": value}
                for metric, value in values.items()
            ]
    return rows


def _measured(job, folder, manifest, method, by_image, names, parts, state):
    """Return what each image gives to the metrics; kept in the work folder, so that an interrupted run continues."""
    config = next((one for one in job.config.methods if one.id == method["name"]), None)
    if config is None:
        raise UserError(f"{job.config.path}: there is no method {method['name']!r}, which {folder} was made with.")
    network = load(job.files_of(config)["network"])
    key = opaque(job.model_key, method["name"], method["parameters"], sorted(names), state)
    found = []
    for image_id, nodes in tqdm(by_image.items(), desc=method["name"], unit=" images", dynamic_ncols=True):
        stored = job.work / f"network-scores-{key}" / f"{image_id}.json"
        if not stored.exists():
            if image_id not in job.photographs:
                raise UserError(f"{job.config.path}: its photographs are not those of {folder}; {image_id} is missing.")
            image = model_input(open_picture(job.photographs[image_id].path), job.config.model)
            thresholds = _logits(manifest["model"]["thresholds"])
            values = _image_values(job.model, network, image, names, thresholds)
            if {"orthogonality", "locality"} & set(names):
                maps = _maps(job, folder, network, nodes, image, method["parameters"].get("layer"))
                values |= _map_values(maps, names, parts.get(image_id))
            write_atomically(stored, json.dumps(values).encode())
        found.append(json.loads(stored.read_bytes()))
    return found


def _image_values(model, network, image, names, thresholds):
    if "faithfulness" not in names:
        return {}
    activations, logits = activations_of(model, image[None], network.settings.layer, network.settings.space)
    approximations = apply(network, activations)[1]
    return {"faithfulness": faithfulness(approximations, logits, classes=network.classes, thresholds=thresholds)}


def _map_values(maps, names, weights):
    values = {}
    if "orthogonality" in names:
        values["orthogonality"] = moments(maps).tolist()
    if weights is not None:
        values["locality"] = part_shares(maps, weights()[None])[0].tolist()
    return values


def _maps(job, folder, network, nodes, image, layer):
    """Return the x-features' maps (1, n, H, W), by number."""
    if not nodes[0]["map_file"]:
        return x_feature_maps(job.model, network, image[None], layer)
    nodes = sorted(nodes, key=lambda node: int(node["node"]))
    raw = [np.load(folder / node["map_file"]).astype(np.float32) * np.float32(node["scale"]) for node in nodes]
    return torch.from_numpy(np.stack(raw))[None]


def _aggregated(measured, names):
    """Return of each metric how many images it is of, and its values; not of those that no image has anything for."""
    found = {}
    for name in names:
        values = [image[name] for image in measured if name in image]
        if not values:
            continue
        if name == "faithfulness":
            found[name] = len(values), {key: float(np.mean([one[key] for one in values])) for key in values[0]}
        elif name == "orthogonality":
            found[name] = len(values), orthogonality_of(torch.tensor(values, dtype=torch.double).sum(dim=0))
        else:
            found[name] = len(values), locality(torch.tensor(values, dtype=torch.double))
    return found


def _logits(thresholds):
    return None if thresholds is None else torch.logit(torch.tensor(thresholds)).tolist()


# --- parts --------------------------------------------------------------------------------------------------------


def parts_of(folder: Path, manifest: dict, masks: dict[str, Path], size: tuple[int, int]) -> dict:
    """Return of each image whose parts are known a function that gives their weights (P, H, W)."""
    if "parts.csv" in manifest["files"]:
        return _cells(read_table(folder, "parts"), size)
    return _regions(masks, size)


def _cells(rows, size):
    names = list(dict.fromkeys(row["part"] for row in rows))
    by_image = defaultdict(list)
    for row in rows:
        by_image[row["image_id"]].append(row)

    def weights(of_image):
        points = torch.full((len(names), 2), torch.nan)
        for row in of_image:
            points[names.index(row["part"])] = torch.tensor([float(row["x"]), float(row["y"])])
        return voronoi_weights(points, [float(of_image[0][edge]) for edge in BOX], size)

    return {image_id: lambda of_image=of_image: weights(of_image) for image_id, of_image in by_image.items()}


def _regions(masks, size):
    classes = sorted({name.split("-", 1)[1] for name in masks if "-" in name})

    def region(name):
        if name not in masks:
            return torch.zeros(size)
        picture = Image.open(masks[name]).convert("I").resize(size[::-1], Image.Resampling.NEAREST)
        return torch.from_numpy(np.array(picture) > 0).float()

    def weights(image_id):
        if classes:
            return torch.stack([region(f"{image_id}-{name}") for name in classes])
        inside = region(image_id)
        return torch.stack([inside, 1 - inside])

    images = sorted({name.split("-", 1)[0] for name in masks})
    return {image_id: lambda image_id=image_id: weights(image_id) for image_id in images}
