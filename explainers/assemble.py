"""Put a bundle together from a finished work folder: tables, features, pictures, coloured overlays, manifest."""

import os
import shutil
from datetime import UTC, datetime

import numpy as np
from tqdm import tqdm

from explainers import registry
from explainers.bundle import opaque, replace_folder, seal, table_bytes, write_atomically
from explainers.config import MethodConfig
from explainers.job import Job, read_nodes, read_prediction, versions
from explainers.model_state import device_of
from explainers.predictions import prediction_rows, scores_of, thresholds_of
from explainers.render import colour_stops, colour_table, overlay, shared_scale


def assemble(job: Job, targets: dict[str, list[int]]) -> None:
    """Write the bundle beside its place and then put it there; nothing half-done is ever seen."""
    bundle = job.config.output.bundle
    new = bundle.with_name(f"{bundle.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    predictions = [read_prediction(job, name) for name in job.photographs]
    thresholds = _write_predictions(job, new, targets, np.stack([p["logits"] for p in predictions]))
    _save(new / "features.npy", np.stack([p["features"] for p in predictions]))
    _write_images(job, new)
    rows, methods = [], []
    for method in job.config.methods:
        method_rows, described = _write_method(job, new, method, targets)
        rows += method_rows
        methods.append(described)
    write_atomically(new / "nodes.csv", table_bytes("nodes", rows))
    seal(new, _manifest(job, methods, thresholds))
    replace_folder(new, bundle)


def _write_predictions(job, new, targets, logits):
    scores = scores_of(logits, job.config.model.multilabel)
    labels = [photograph.labels for photograph in job.photographs.values()]
    thresholds = job.config.model.thresholds
    if thresholds is None and job.config.model.multilabel:
        thresholds = thresholds_of(scores, labels)
    rows = []
    for name, image_scores, truth in zip(job.photographs, scores, labels, strict=True):
        rows += prediction_rows(name, image_scores, truth, job.classes, thresholds, targets[name])
    write_atomically(new / "predictions.csv", table_bytes("predictions", rows))
    return thresholds


def _write_images(job, new):
    height, width = job.config.output_size
    rows = []
    for name, photograph in job.photographs.items():
        _link(job.predictions_folder / f"{name}.webp", new / "images" / f"{name}.webp")
        labels = None if photograph.labels is None else "|".join(job.classes[k] for k in photograph.labels)
        row = {"image_id": name, "file": f"images/{name}.webp", "width": width, "height": height}
        rows.append({**row, "labels": labels, "split": photograph.split, "source": photograph.source})
    write_atomically(new / "images.csv", table_bytes("images", rows))


def _write_method(job: Job, new, method: MethodConfig, targets):
    folder = job.method_folder(method)
    records = {name: read_nodes(folder, name, targets[name]) for name in targets if targets[name]}
    vmin, vmax = shared_scale([n["peaks"] for r in records.values() for n in r["nodes"]], method.colormap)
    table = colour_table(method.colormap)
    per_map = job.config.output.scale == "per_map"
    rows = []
    for name, record in tqdm(records.items(), desc=f"{method.id} overlays", unit=" images", dynamic_ncols=True):
        for node in record["nodes"]:
            low, high = shared_scale([node["peaks"]], method.colormap) if per_map else (vmin, vmax)
            saliency = np.load(folder / f"{node['file']}.npy").astype(np.float32) * node["scale"]
            file = opaque(method.id, node["file"])
            picture = overlay(saliency, low, high, table, job.config.output_size)
            write_atomically(new / "overlays" / f"{file}.webp", picture)
            if job.config.output.maps:
                _link(folder / f"{node['file']}.npy", new / "maps" / f"{file}.npy")
            rows.append(_node_row(job, method, name, node, file, low, high))
    described = {
        "name": method.id,
        "method": method.name,
        "title": registry.METHODS[method.name].title,
        "paper": registry.METHODS[method.name].paper,
        "parameters": job.resolved(method),
        "seed": job.config.output.seed,
        "seconds": round(sum(record["seconds"] for record in records.values()), 3),
        "colormap": method.colormap,
        "stops": colour_stops(method.colormap),
        "scale": job.config.output.scale,
        "vmin": None if per_map else vmin,
        "vmax": None if per_map else vmax,
    }
    return rows, described


def _node_row(job, method, name, node, file, vmin, vmax):
    target = node["target"]
    return {
        "image_id": name,
        "method": method.id,
        "target": target,
        "node": "0",
        "parent": None,
        "classes": target,
        "label": job.classes[target],
        "score": node["score"],
        "raw_score": node["raw_score"],
        "map_file": f"maps/{file}.npy" if job.config.output.maps else None,
        "scale": node["scale"],
        "overlay_file": f"overlays/{file}.webp",
        "vmin": vmin,
        "vmax": vmax,
    }


def _manifest(job, methods, thresholds):
    model = job.config.model
    height, width = model.height_width
    return {
        "config": os.path.relpath(job.config.path, job.config.output.bundle),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": {
            "name": model.arch,
            "weights_sha256": job.weights_sha256,
            "input": {"height": height, "width": width},
            "preprocessing": {"resize": model.resize, "mean": list(model.mean), "std": list(model.std)},
            "classes": job.classes,
            "multilabel": model.multilabel,
            "thresholds": thresholds,
        },
        "dataset": {
            "name": job.config.images.name or job.config.images.folder.resolve().name,
            "images": len(job.photographs),
            "skipped": job.skipped,
        },
        "methods": methods,
        "versions": versions(),
        "device": str(device_of(job.model)),
    }


def _save(path, array):
    with open(path, "wb") as file:
        np.save(file, array)


def _link(source, destination):
    """Give a finished file a second name; copy it where the file system cannot."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, destination)
    except OSError:
        shutil.copyfile(source, destination)
