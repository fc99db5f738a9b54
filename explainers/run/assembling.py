"""Put a bundle together from a finished work folder: tables, features, pictures, raw maps, manifest.

Image by image, so that memory does not hold what thousands of images have.
"""

import json
import os
import platform
import shutil
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from tqdm import tqdm

from explainers import registry
from explainers._torchvision import torchvision
from explainers.bundles.bundle import opaque, replace_folder, seal, write_atomically, write_table
from explainers.bundles.predictions import prediction_rows, thresholds_of
from explainers.bundles.raw_maps import FORMATS, reduced, say_flat, stored
from explainers.config import MethodConfig
from explainers.errors import UserError
from explainers.networks.internals.layers import layer_name
from explainers.networks.state import device_of, untouched
from explainers.run.explaining import read_nodes, targets_for
from explainers.run.job import Job
from explainers.run.predicting import class_scores, read_prediction
from explainers.run.reading import inputs_of
from explainers.run.truth import write_masks, write_parts
from explainers.trees import as_tree

_Row: TypeAlias = dict[str, Any]  # of a table, or a part of the manifest


def assemble(job: Job, targets: dict[str, list[int]]) -> list[str]:
    """Write the bundle beside its place and then put it there; nothing half-done is ever seen.

    Returns what there is to say of the maps, in sentences.
    """
    bundle = job.config.output.bundle
    new = bundle.with_name(f"{bundle.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    thresholds = _write_predictions(job, new, targets)
    _write_features(job, new / "features.npy")
    _write_images(job, new)
    write_masks(job, new)
    write_parts(job, new)
    methods, sentences = list[_Row](), list[str]()

    def nodes() -> Iterator[_Row]:
        for method in job.config.methods:
            described, remarks = yield from _write_method(job, new, method, targets)
            methods.append(described)
            sentences.extend(remarks)

    write_table(new / "nodes.csv", nodes())
    _write_tree(job, new)
    seal(new, _manifest(job, methods, thresholds))
    replace_folder(new, bundle)
    return sentences


def _write_predictions(job: Job, new: Path, targets: dict[str, list[int]]) -> list[float] | None:
    """Write every image's rows and return the classes' thresholds, if any."""

    def scores(name: str) -> np.ndarray:
        return class_scores(job, read_prediction(job, name))

    labels = {name: photograph.labels for name, photograph in job.photographs.items()}
    thresholds = job.config.model.thresholds
    if thresholds is None and job.config.model.multilabel:
        thresholds = thresholds_of(np.stack([scores(name) for name in labels]), list(labels.values()))
    of_images = (
        prediction_rows(name, scores(name), truth, job.classes, thresholds, targets[name])
        for name, truth in labels.items()
    )
    write_table(new / "predictions.csv", chain.from_iterable(of_images))
    return thresholds


def _write_features(job: Job, path: Path) -> None:
    """Write what `np.save` would of all images' features (N, d)."""
    with open(path, "wb") as file:
        for index, name in enumerate(job.photographs):
            features = read_prediction(job, name)["features"]
            if index == 0:
                header = np.lib.format.header_data_from_array_1_0(features)
                header["shape"] = (len(job.photographs), *features.shape)
                np.lib.format.write_array_header_1_0(file, header)
            file.write(features.tobytes())


def _write_images(job: Job, new: Path) -> None:
    height, width = job.config.output_size

    def rows() -> Iterator[_Row]:
        for name, photograph in job.photographs.items():
            _link(job.predictions_folder / f"{name}.webp", new / "images" / f"{name}.webp")
            labels = None if photograph.labels is None else "|".join(job.classes[k] for k in photograph.labels)
            row = {"image_id": name, "file": f"images/{name}.webp", "width": width, "height": height}
            yield {**row, "labels": labels, "split": photograph.split, "source": photograph.source}

    write_table(new / "images.csv", rows())


def _write_method(
    job: Job, new: Path, method: MethodConfig, targets: dict[str, list[int]]
) -> Generator[_Row, None, tuple[_Row, list[str]]]:
    """Write a method's maps, yield its rows of nodes.csv; return what the manifest says of it, and what to say."""
    folder, explained = job.method_folder(method), targets_for(method, targets)
    seconds, n_maps, flat = 0.0, 0, list[str]()
    bar = tqdm(explained.items(), f"{method.id} maps", unit=" images", dynamic_ncols=True)
    for name, chosen in bar:
        record = read_nodes(folder, name, chosen)
        if record is None:
            raise UserError(f"{folder}: the maps of {name} are gone or are of other classes; run again.")
        seconds += record["seconds"]
        for node in record["nodes"]:
            n_maps += 1
            if node.get("flat"):
                flat.append(job.photographs[name].source)
            yield _node_row(job, method, name, node, _write_map(job, new, method, folder, node))
    known = registry.explainer(method.name)
    described = {
        "name": method.id,
        "method": method.name,
        "title": known.title,
        "short": known.short or known.title,
        "paper": known.paper,
        "signed": known.signed,
        "pixelwise": known.pixelwise,
        "parameters": job.resolved(method),
        "layer": _layer_of(job, method),
        "seed": job.config.output.seed,
        "seconds": round(seconds, 3),
        **({"code": known.code} if known.code else {}),
    }
    return described, say_flat(method.id, flat, n_maps)


def _layer_of(job: Job, method: MethodConfig) -> str | None:
    """Return the name of the layer that is explained, given or found; None of a method without one."""
    found_by = registry.explainer(method.name).finds_layer
    if found_by is None:
        return None
    given: str | None = job.resolved(method)["layer"]
    if given is not None:
        return given
    with untouched(job.model):
        images = inputs_of(job, [next(iter(job.photographs))])
        return layer_name(job.model, found_by(job.model, None, images))


def _write_map(job: Job, new: Path, method: MethodConfig, folder: Path, node: _Row) -> _Row:
    """Put a map into the bundle, and return what nodes.csv says of its file."""
    output, source = job.config.output, folder / f"{node['file']}.npy"
    file = f"maps/{opaque(method.id, node['file'])}{FORMATS[output.maps]}"
    if output.maps == "npy" and output.map_size is None:
        _link(source, new / file)
        return {"map_file": file, "scale": node["scale"], "low": None, "high": None}
    saliency = np.load(source).astype(np.float32) * np.float32(node["scale"])
    content, values = stored(reduced(saliency, output.map_size), output.maps)
    write_atomically(new / file, content)
    return {"map_file": file, **values}


def _node_row(job: Job, method: MethodConfig, name: str, node: _Row, file: _Row) -> _Row:
    return {
        "image_id": name,
        "method": method.id,
        "target": node["target"],
        "node": node["node"],
        "parent": node["parent"],
        "classes": "|".join(map(str, node["classes"])),
        "label": node["label"] or ", ".join(job.classes[index] for index in node["classes"]),
        "score": node["score"],
        "raw_score": node["raw_score"],
        "reference": node.get("reference", 0.0),
        **file,
    }


def _write_tree(job: Job, new: Path) -> None:
    """Put the latent tree into the bundle, with the model's own class names, if its methods were given just one."""
    trees = {}
    for method in job.config.methods:
        given = job.files_of(method).get("tree", method.parameters.get("tree"))
        if given is not None:
            tree = replace(as_tree(given), class_names=tuple(job.classes))
            trees[json.dumps(tree.as_dict())] = tree
    if len(trees) == 1:
        next(iter(trees.values())).write(new / "tree.json")


def _manifest(job: Job, methods: list[_Row], thresholds: list[float] | None) -> _Row:
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
        "maps": {"format": job.config.output.maps, "size": job.config.output.map_size},
        "methods": methods,
        "versions": _versions(),
        "device": str(device_of(job.model)),
    }


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "numpy": np.__version__,
    }


def _link(source: Path, destination: Path) -> None:
    """Give a finished file a second name; copy it where the file system cannot."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, destination)
    except OSError:
        shutil.copyfile(source, destination)
