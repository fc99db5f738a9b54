"""The second step of a run: every method's maps of every image that does not have them yet."""

import io
import json
import time
from pathlib import Path

import numpy as np
import torch

from explainers import registry
from explainers.bundle import opaque, write_atomically
from explainers.config import MethodConfig
from explainers.errors import UserError
from explainers.networks.graph import optimised
from explainers.render import peaks
from explainers.run.job import Job, seeded_generator
from explainers.run.predicting import class_scores, read_prediction
from explainers.run.reading import background_of, bar, inputs_of, read_ahead

TOGETHER, TOGETHER_N = ("grad_cam", "lrp", "deeplift", "mwp", "c_mwp"), 4


def explain_images(job: Job, method: MethodConfig, targets: dict[str, list[int]]) -> None:
    """Store one method's maps of every image that does not have them yet."""
    folder, targets = job.method_folder(method), targets_for(method, targets)
    model = _prepared(job, method)
    waiting = [name for name in targets if read_nodes(folder, name, targets[name]) is None]
    with bar(method.id, len(targets), len(targets) - len(waiting)) as progress:
        for names, images in read_ahead(lambda names: inputs_of(job, names), _groups(method, waiting, targets)):
            if method.name in TOGETHER:
                _explain_together(job, model, method, names, images, targets)
            else:
                _explain_image(job, model, method, names[0], images[0], targets[names[0]])
            progress.update(len(names))


def targets_for(method: MethodConfig, targets: dict[str, list[int]]) -> dict[str, list[int] | None]:
    """Return what the method explains, by image: its targets, as far as it has any, or the whole output (None)."""
    if registry.explains_output(method.name):
        return dict.fromkeys(targets)
    return {name: chosen for name, chosen in targets.items() if chosen}


def _prepared(job, method):
    """Return the model in the form that the method would otherwise make anew for every image."""
    parameters = job.resolved(method)
    base = parameters.get("base", method.name)
    perturbs = base in registry.METHODS and "perturbs" in registry.METHODS[base].needs
    if perturbs or (base == "gradient_shap" and parameters["layer"] is None):
        return optimised(job.model)
    return job.model


def _groups(method, waiting, targets):
    """Return the images by groups that one pass explains: of methods that draw nothing and pass images once or twice.

    Those of a group have as many targets. Others fill their batches with one image's variants, or draw for each alone.
    """
    if method.name not in TOGETHER:
        return [[name] for name in waiting]
    by_number = {}
    for name in waiting:
        by_number.setdefault(len(targets[name]), []).append(name)
    return [names[i : i + TOGETHER_N] for names in by_number.values() for i in range(0, len(names), TOGETHER_N)]


def _explain_together(job, model, method, names, images, targets):
    started = time.perf_counter()
    filled = names + names[-1:] * (TOGETHER_N - len(names))  # always a full batch: rounding depends on its size
    images = torch.cat([images, images[-1:].expand(len(filled) - len(names), -1, -1, -1)])
    parameters = {**job.resolved(method), **_supplied(job, method, names[0])}
    maps = registry.explain(method.name, model, images, [targets[name] for name in filled], **parameters)
    seconds = (time.perf_counter() - started) / len(names)
    for name, of_image in zip(names, maps, strict=False):
        _store(job, method, name, targets[name], _described(job, name, targets[name], of_image), seconds)


def _explain_image(job, model, method, name, image, targets):
    started = time.perf_counter()
    parameters = {**job.resolved(method), **_supplied(job, method, name)}
    if targets is None:
        explained = list(_tree(method, model, image, parameters))
    else:
        maps = registry.explain(method.name, model, image[None], [targets], **parameters)
        explained = _described(job, name, targets, maps[0])
    _store(job, method, name, targets, explained, time.perf_counter() - started)


def _store(job, method, name, targets, explained, seconds):
    """Write the maps of one image and, last, their record."""
    folder, nodes = job.method_folder(method), []
    for node, saliency in explained:
        if not np.isfinite(saliency).all():
            raise UserError(f"{method.id}: {job.photographs[name].source}: the map holds values that are not finite.")
        file = opaque(folder.name, name, node["node"] if targets is None else node["target"])
        scale = float(np.abs(saliency).max()) or 1.0
        buffer = io.BytesIO()
        np.save(buffer, (saliency / scale).astype(np.float16))
        write_atomically(folder / f"{file}.npy", buffer.getvalue())
        nodes.append({**node, "file": file, "scale": scale, "peaks": peaks(saliency)})
    record = {"targets": targets, "seconds": seconds, "nodes": nodes}
    write_atomically(folder / f"{name}.json", json.dumps(record).encode())


def _described(job, name, targets, maps):
    """Yield each target's node, as nodes.csv describes it, and its map."""
    prediction = read_prediction(job, name)
    logits, scores = prediction["logits"], class_scores(job, prediction)
    for target, saliency in zip(targets, maps.cpu().numpy(), strict=True):
        node = {"target": target, "node": "0", "parent": None, "classes": [target], "label": ""}
        yield {**node, "score": float(scores[target]), "raw_score": float(logits[target])}, saliency


def _tree(method, model, image, parameters):
    """Yield the nodes of a whole output's explanation, parents first, and their maps."""
    for node in registry.explain_output(method.name, model, image, **parameters):
        described = {"target": None, "node": node.key, "parent": node.parent or None, "classes": list(node.classes)}
        described |= {"label": node.label, "score": node.score, "raw_score": node.raw_score}
        yield described, node.map.cpu().numpy()


def _supplied(job, method, name):
    """The parameters the configuration does not hold: the preprocessing, and a generator of the image's own."""
    defaults = registry.explainer(method.name).defaults
    supplied = {key: str(path) for key, path in job.files_of(method).items()}
    supplied |= {key: getattr(job.config.model, key) for key in ("mean", "std") if key in defaults}
    if "generator" in defaults:
        supplied["generator"] = seeded_generator(job, method.name, name)
    if background := job.background_names(method):
        supplied["background"] = background_of(job, tuple(background))
    return supplied


def read_nodes(folder: Path, name: str, targets: list[int] | None) -> dict | None:
    """Return the record of an image's finished maps; None when they are not there for just these targets.

    The whole output is the target None.
    """
    try:
        record = json.loads((folder / f"{name}.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return record if record["targets"] == targets else None
