"""The first step of a run: each photograph's logits, penultimate features and picture, and the classes to explain."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from explainers.bundles.bundle import write_atomically
from explainers.bundles.predictions import classes_to_explain, scores_of
from explainers.datasets import class_index, cut_out, open_picture
from explainers.errors import UserError
from explainers.maps.render import encode
from explainers.models.building import model_input
from explainers.networks.internals.features import penultimate
from explainers.networks.outputs import NotFinite
from explainers.networks.state import device_of
from explainers.run.job import Job
from explainers.run.reading import bar, read_ahead, sent

BATCH = 16


def predict(job: Job) -> None:
    """Store each photograph's logits, penultimate features and picture; leave out and note the unreadable ones."""
    waiting = [name for name in job.photographs if not (job.predictions_folder / f"{name}.npz").exists()]
    with bar("predictions", len(job.photographs), len(job.photographs) - len(waiting)) as progress:
        batches = [waiting[start : start + BATCH] for start in range(0, len(waiting), BATCH)]
        for names, pictures in read_ahead(lambda names: dict(_readable(job, names)), batches):
            if pictures:
                _predict_batch(job, pictures)
            progress.update(len(names))
    if not job.photographs:
        raise UserError(f"{job.config.images.folder}: no picture could be read.")


def _readable(job: Job, names: list[str]) -> Iterator[tuple[str, Image.Image]]:
    for name in names:
        try:
            yield name, open_picture(job.photographs[name].path)
        except UserError as error:
            photograph = job.photographs.pop(name)
            job.skipped.append({"source": photograph.source, "reason": str(error)})
            tqdm.write(f"skipped: {photograph.source}: {error}")


def _predict_batch(job: Job, pictures: dict[str, Image.Image]) -> None:
    model = job.config.model
    inputs = [model_input(picture, model) for picture in pictures.values()]
    inputs += inputs[-1:] * (BATCH - len(inputs))  # always a full batch: rounding depends on its size
    try:
        logits, features, is_binary = penultimate(job.model, sent(torch.stack(inputs), device_of(job.model)))
    except NotFinite as error:
        name = list(pictures)[min(error.which, len(pictures) - 1)]
        raise UserError(f"{job.photographs[name].source}: the model's outputs are NaN or infinite.") from None
    if logits.shape[1] != len(job.classes):
        outputs = "one output, which tells two classes apart (the first is the one below zero)"
        raise UserError(
            f"[model] classes: {len(job.classes)} names, but the model has "
            f"{outputs if is_binary else f'{logits.shape[1]} outputs'}."
        )
    for row, (name, picture) in enumerate(pictures.items()):
        shown = cut_out(picture, model.resize, model.height_width, job.config.output_size)
        write_atomically(job.predictions_folder / f"{name}.webp", encode(shown, job.config.output.quality))
        arrays = {"logits": logits[row].cpu().numpy(), "features": features[row].cpu().numpy(), "is_binary": is_binary}
        write_atomically(job.predictions_folder / f"{name}.npz", _npz(arrays))


def _npz(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_prediction(job: Job, name: str) -> dict[str, np.ndarray]:
    with np.load(job.predictions_folder / f"{name}.npz") as stored:
        return {key: stored[key] for key in stored.files}


def class_scores(job: Job, prediction: dict[str, np.ndarray]) -> np.ndarray:
    """Return an image's probabilities (K,): by softmax, or of a multi-label model or one output by sigmoids."""
    by_sigmoid = job.config.model.multilabel or bool(prediction["is_binary"])
    scores: np.ndarray = scores_of(prediction["logits"][None], by_sigmoid)[0]
    return scores


def targets_of(job: Job) -> dict[str, list[int]]:
    """Return the class indices to explain, by image."""
    targets = job.config.targets
    fixed = [class_index(str(c), job.classes, "[targets] classes") for c in targets.classes or ()]
    chosen = {}
    for name, photograph in job.photographs.items():
        scores = class_scores(job, read_prediction(job, name))
        chosen[name] = classes_to_explain(scores, photograph.labels, fixed, targets.truth, targets.top)
    return chosen
