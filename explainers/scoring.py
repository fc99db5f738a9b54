"""Score a bundle's maps: every metric on every map, into the bundle's metrics.csv and dataset_metrics.csv.

The model and the photographs are those of the configuration that the bundle was made from. True regions are read from
`masks/<image_id>.png`, or `masks/<image_id>-<class index>.png` for one class; pixels above 0 are true. Masks drawn
later lie in a folder of their own, which comes first: a bundle is not changed by hand.

Of trees of maps those for single classes are scored; explanation networks as wholes, over all images, by
`network_scores`. What a class is contrasted with (CAUC) are the image's other explained classes in its cluster, by the
bundle's latent tree. Finished images are kept in the work folder, so an interrupted run continues, and of a further
method or metric only that is computed.
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from explainers import registry
from explainers.bundle import opaque, read_bundle, read_table, seal, write_atomically, write_table
from explainers.config import Config, load_config
from explainers.contrast_report import write_report
from explainers.datasets import open_picture
from explainers.errors import UserError
from explainers.graph import optimised
from explainers.job import Job, model_input, prepare, seeded_generator
from explainers.network_scores import network_rows, networks_of
from explainers.ranking import salient
from explainers.record import Metric
from explainers.trees import clusters, read_tree

ON_REQUEST = ("sanity",)  # explains every image anew several times


def score_bundle(
    folder: Path,
    names: list[str] | None,
    config: Config | Path | None,
    device: str,
    drawn: Path | None = None,
    report: Path | None = None,
) -> dict[str, int]:
    """Write the metrics' values; return how many maps, or whole networks, each metric scored, by file name.

    `drawn`: a folder of masks; `report`: where the table and the figures of contrastive faithfulness go.
    """
    manifest, tables = read_bundle(folder)
    if not isinstance(config, Config):
        config = load_config(config or folder / manifest["config"])
    job = prepare(config, device, None)
    if job.weights_sha256 != manifest["model"]["weights_sha256"]:
        raise UserError(f"{config.path}: [model] weights are not those that {folder} was made with.")
    masks = _masks(folder, drawn)
    tree = read_tree(folder / "tree.json") if "tree.json" in manifest["files"] else None
    metrics, wholes = _chosen(folder, names, masks, tree), _chosen_wholes(folder, names, masks, manifest)
    by_image = defaultdict(list)
    for node in _of_single_classes(tables["nodes"], manifest["methods"]) if metrics else ():
        if not node["map_file"]:
            raise UserError(f"{folder}: holds no raw maps; make it with [output] maps = true to score it.")
        by_image[node["image_id"]].append(node)
    rows, work = [], job.work / f"scores-{job.model_key}"
    for image_id, nodes in tqdm(by_image.items(), desc="scores", unit=" images", dynamic_ncols=True):
        rows += _image_rows(job, folder, manifest, metrics, image_id, nodes, work, masks, tree)
    whole_rows = network_rows(job, folder, manifest, tables["nodes"], wholes, masks, _state(masks))
    _write(folder, manifest, rows, set(_names_of(metrics)), whole_rows)
    if report is not None:
        write_report(job, folder, report, {name: _contrasted(folder, nodes, tree) for name, nodes in by_image.items()})
    scored = {name: sum(row["metric"] in metric.directions for row in rows) for name, metric in metrics.items()}
    of_wholes = {name: registry.DATASET_METRICS[name].directions for name in wholes}
    return scored | {name: sum(row["metric"] in ways for row in whole_rows) for name, ways in of_wholes.items()}


def _of_single_classes(nodes, methods):
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


def _masks(folder, drawn) -> dict[str, Path]:
    """Return the true regions by name: drawn ones before the bundle's."""
    if drawn is not None and not drawn.is_dir():
        raise UserError(f"--masks: {drawn} is not a folder.")
    places = [place for place in (folder / "masks", drawn) if place is not None]
    return {path.stem: path for place in places for path in sorted(place.glob("*.png"))}


def _state(masks):
    return [(name, path.stat().st_mtime_ns, path.stat().st_size) for name, path in masks.items()]


def _chosen(folder, names, masks, tree) -> dict[str, Metric]:
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


def _chosen_wholes(folder, names, masks, manifest) -> list[str]:
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


def _names_of(metrics):
    return [name for metric in metrics.values() for name in metric.directions]


def _image_rows(job, folder, manifest, metrics, image_id, nodes, work, masks, tree):
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
        kept |= _computed(job, folder, missing, image_id, _contrasted(folder, nodes, tree), masks)
        write_atomically(stored, json.dumps(kept).encode())
    return [row for piece in pieces for row in kept[piece]]


def _piece(job, manifest, metric_name, method, image_id, nodes, masks):
    """Return a name for a metric's values on a method's maps that changes with whatever they depend on."""
    metric, files = registry.METRICS[metric_name], manifest["files"]
    compared = nodes if "others" in metric.defaults else [n for n in nodes if n["method"] == method["name"]]
    parts = [metric_name, method["name"], job.config.output.seed]
    parts += [(node["method"], node["target"], files[node["map_file"]]) for node in compared]
    if "others" in metric.defaults:
        parts.append(files["tree.json"])
    if "masks" in metric.defaults:
        parts.append(_state({name: path for name, path in masks.items() if name.startswith(image_id)}))
    if "explainer" in metric.defaults:
        parts.append((method["method"], method["parameters"]))
    return opaque(*parts)


def _computed(job, folder, pieces, image_id, nodes, masks):
    if image_id not in job.photographs:
        raise UserError(f"{job.config.path}: its photographs are not those of {folder}; {image_id} is missing.")
    image = model_input(open_picture(job.photographs[image_id].path), job.config.model)
    found = {}
    for piece, (metric, method) in pieces.items():
        own = [node for node in nodes if node["method"] == method["name"]]
        maps = torch.stack([_raw_map(folder, node) for node in own]) if own else torch.empty(0)
        found[piece] = _metric_rows(job, metric, method, image, own, maps, masks)
    return found


def _contrasted(folder, nodes, tree):
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


def _raw_map(folder, node):
    return torch.from_numpy(np.load(folder / node["map_file"]).astype(np.float32) * np.float32(node["scale"]))


def _metric_rows(job: Job, metric, method, image, nodes, maps, true_regions):
    parameters = {}
    if "masks" in metric.defaults:
        masks = [_mask(true_regions, node, image.shape[-2:]) for node in nodes]
        known = [i for i, mask in enumerate(masks) if mask is not None]
        nodes, maps = [nodes[i] for i in known], maps[known]
        parameters["masks"] = torch.stack([masks[i] for i in known]) if known else None
    if "others" in metric.defaults:  # a class alone in its cluster is contrasted with nothing
        known = [i for i, node in enumerate(nodes) if node["others"]]
        nodes, maps = [nodes[i] for i in known], maps[known]
        parameters["others"] = [node["others"] for node in nodes]
        parameters["n_pixels"] = torch.tensor([node["n_pixels"] for node in nodes])
    if not nodes:
        return []
    if "output" in metric.defaults:
        parameters["output"] = "sigmoid" if job.config.model.multilabel else "softmax"
    if "generator" in metric.defaults:
        parameters["generator"] = seeded_generator(job, metric.title, nodes[0]["image_id"])
    if "explainer" in metric.defaults:
        if registry.explains_output(method["method"]):
            raise UserError(f"--metrics: {metric.title} is not defined for {method['name']}, a tree of maps.")
        parameters["explainer"] = _explainer(job, method, nodes[0]["image_id"])
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


def _mask(masks, node, size):
    """Return the true region of a node's class or image, at the map's size; None when there is none."""
    for name in (f"{node['image_id']}-{node['target']}", node["image_id"]):
        if name in masks:
            picture = Image.open(masks[name]).convert("I").resize(size[::-1], Image.Resampling.NEAREST)
            return torch.from_numpy(np.array(picture) > 0)
    return None


def _explainer(job, method, image_id):
    """The bundle's method, as the sanity check calls it: on another model, for the same images and targets."""
    name, defaults = method["method"], registry.METHODS[method["method"]].defaults
    parameters = dict(method["parameters"])
    parameters |= {key: getattr(job.config.model, key) for key in ("mean", "std") if key in defaults}

    def explain(model, images, targets):
        if "generator" in defaults:
            parameters["generator"] = seeded_generator(job, name, image_id)
        return registry.explain(name, model, images, targets, **parameters)[:, 0]

    return explain


def _write(folder, manifest, rows, scored, whole_rows):
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


def _means(rows):
    """Return each method's and metric's mean over all maps, with the direction that is better."""
    directions = {name: way for metric in registry.METRICS.values() for name, way in metric.directions.items()}
    values = defaultdict(list)
    for row in rows:
        values[row["method"], row["metric"]].append(float(row["value"]))
    return [
        {"method": method, "metric": metric, "better": directions.get(metric), "n": len(found), "value": np.mean(found)}
        for (method, metric), found in values.items()
    ]
