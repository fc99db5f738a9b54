"""The second step of a run: every method's maps of every image that does not have them yet."""

import io
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from explainers import registry
from explainers.bundles.bundle import opaque, write_atomically
from explainers.bundles.raw_maps import is_flat
from explainers.config import MethodConfig
from explainers.errors import UserError
from explainers.run.job import Job
from explainers.run.predicting import class_scores, read_prediction
from explainers.run.reading import bar, inputs_of, read_ahead
from explainers.run.supplying import arguments_of

TOGETHER_N = 4  # images in one call, of methods that may explain several


def explain_images(job: Job, method: MethodConfig, targets: dict[str, list[int]]) -> None:
    """Store one method's maps of every image that does not have them yet."""
    folder, explained = job.method_folder(method), targets_for(method, targets)
    model = registry.prepared(method.name, job.model, job.resolved(method))
    together = registry.explainer(method.name).together
    waiting = [name for name, chosen in explained.items() if read_nodes(folder, name, chosen) is None]
    with bar(method.id, len(explained), len(explained) - len(waiting)) as progress:
        for names, images in read_ahead(lambda names: inputs_of(job, names), _groups(method, waiting, explained)):
            if together:
                _explain_together(job, model, method, names, images, explained)
            else:
                _explain_image(job, model, method, names[0], images[0], explained[names[0]])
            progress.update(len(names))


def targets_for(method: MethodConfig, targets: dict[str, list[int]]) -> dict[str, list[int] | None]:
    """Return what the method explains, by image: its targets, as far as it has any, or the whole output (None)."""
    if registry.explains_output(method.name):
        return dict.fromkeys(targets)
    return {name: chosen for name, chosen in targets.items() if chosen}


def _groups(method: MethodConfig, waiting: list[str], targets: Mapping[str, Sequence[int] | None]) -> list[list[str]]:
    """Return the images by groups that one call explains.

    Those of a group have as many targets. Others fill their batches with one image's variants, or draw for each alone.
    """
    if not registry.explainer(method.name).together:
        return [[name] for name in waiting]
    by_number: dict[int, list[str]] = {}
    for name in waiting:
        by_number.setdefault(len(targets[name] or ()), []).append(name)
    return [names[i : i + TOGETHER_N] for names in by_number.values() for i in range(0, len(names), TOGETHER_N)]


def _explain_together(
    job: Job,
    model: torch.nn.Module,
    method: MethodConfig,
    names: list[str],
    images: torch.Tensor,
    targets: dict[str, list[int] | None],
) -> None:
    started = time.perf_counter()
    filled = names + names[-1:] * (TOGETHER_N - len(names))  # always a full batch: rounding depends on its size
    images = torch.cat([images, images[-1:].expand(len(filled) - len(names), -1, -1, -1)])
    parameters = arguments_of(job, method, names[0])
    chosen = [targets[name] or [] for name in filled]
    maps = registry.explain(method.name, model, images, chosen, **parameters)
    seconds = (time.perf_counter() - started) / len(names)
    for name, own, of_image in zip(names, chosen, maps, strict=False):
        _store(job, method, name, own, _described(job, name, own, of_image), seconds)


def _explain_image(
    job: Job, model: torch.nn.Module, method: MethodConfig, name: str, image: torch.Tensor, targets: list[int] | None
) -> None:
    started = time.perf_counter()
    references: list[torch.Tensor] = []
    explained: Iterable[tuple[dict[str, Any], np.ndarray]]
    parameters = arguments_of(job, method, name, reference=lambda: references.append)
    if targets is None:
        explained = list(_tree(method, model, image, parameters))
    else:
        maps = registry.explain(method.name, model, image[None], [targets], **parameters)
        explained = _described(job, name, targets, maps[0], references)
    _store(job, method, name, targets, explained, time.perf_counter() - started)


def _store(
    job: Job,
    method: MethodConfig,
    name: str,
    targets: list[int] | None,
    explained: Iterable[tuple[dict[str, Any], np.ndarray]],
    seconds: float,
) -> None:
    """Write the maps of one image and, last, their record."""
    folder, nodes = job.method_folder(method), list[dict[str, Any]]()
    for node, saliency in explained:
        if not np.isfinite(saliency).all():
            raise UserError(f"{method.id}: {job.photographs[name].source}: the map holds values that are not finite.")
        file = opaque(folder.name, name, node["node"] if targets is None else node["target"])
        scale = float(np.abs(saliency).max()) or 1.0
        buffer = io.BytesIO()
        np.save(buffer, (saliency / scale).astype(np.float16))
        write_atomically(folder / f"{file}.npy", buffer.getvalue())
        nodes.append({**node, "file": file, "scale": scale, "flat": is_flat(saliency)})
    record = {"targets": targets, "seconds": seconds, "nodes": nodes}
    write_atomically(folder / f"{name}.json", json.dumps(record).encode())


def _described(
    job: Job, name: str, targets: list[int], maps: torch.Tensor, references: Sequence[torch.Tensor] = ()
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Yield each target's node, as nodes.csv describes it, and its map; `references` are those that the method told."""
    prediction = read_prediction(job, name)
    logits, scores = prediction["logits"], class_scores(job, prediction)
    neutral = references[-1][0].tolist() if references else [0.0] * len(targets)
    for target, saliency, reference in zip(targets, maps.cpu().numpy(), neutral, strict=True):
        node = {"target": target, "node": "0", "parent": None, "classes": [target], "label": "", "reference": reference}
        yield {**node, "score": float(scores[target]), "raw_score": float(logits[target])}, saliency


def _tree(
    method: MethodConfig, model: torch.nn.Module, image: torch.Tensor, parameters: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Yield the nodes of a whole output's explanation, parents first, and their maps."""
    for node in registry.explain_output(method.name, model, image, **parameters):
        described = {"target": None, "node": node.key, "parent": node.parent or None, "classes": list(node.classes)}
        scores = {"label": node.label, "score": node.score, "raw_score": node.raw_score, "reference": node.reference}
        yield {**described, **scores}, node.map.cpu().numpy()


def read_nodes(folder: Path, name: str, targets: list[int] | None) -> dict[str, Any] | None:
    """Return the record of an image's finished maps; None when they are not there for just these targets.

    The whole output is the target None.
    """
    try:
        record = json.loads((folder / f"{name}.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return record if record["targets"] == targets else None
