"""From a configuration to a bundle: predict, explain, put together. An interrupted run continues where it stopped.

Finished pieces lie in a work folder beside the bundle (`<bundle>.work`), one or a few files per image, each there
whole or not at all, under names that change with whatever they depend on: the weights, the preprocessing, the
method's parameters. So a changed parameter computes only what it touches. The work folder may be deleted at any time.
"""

import hashlib
import io
import json
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from explainers import registry
from explainers._torchvision import torchvision
from explainers.bundle import opaque, sha256_of, write_atomically
from explainers.config import Config, MethodConfig, ModelConfig
from explainers.datasets import Photograph, class_index, cut_out, list_photographs, open_picture, with_masks, with_parts
from explainers.errors import UserError
from explainers.excitation import excitable
from explainers.features import penultimate
from explainers.graph import optimised
from explainers.model_state import device_of
from explainers.models import class_names, load_model
from explainers.predictions import classes_to_explain, scores_of
from explainers.preprocessing import input_tensor
from explainers.render import colour_table, encode, peaks

BATCH = 16
TOGETHER, TOGETHER_N = ("grad_cam", "lrp", "deeplift", "mwp", "c_mwp"), 4
NOT_PART_OF_THE_MAP = ("generator", "batch_size", "progress", "mean", "std")


@dataclass(eq=False)
class Job:
    """What a run works with: the loaded model, its classes, the photographs and the work folder.

    `photographs` are those this run works on: without the unreadable ones, and only its share of `all_photographs`.
    """

    config: Config
    model: torch.nn.Module
    weights_sha256: str
    classes: list[str]
    all_photographs: dict[str, Photograph]
    photographs: dict[str, Photograph]
    work: Path
    model_key: str
    skipped: list[dict]

    @property
    def predictions_folder(self) -> Path:
        return self.work / f"images-{self.model_key}"

    @cache  # noqa: B019  (asked for with every image; there is one job a run)
    def method_folder(self, method: MethodConfig) -> Path:
        key = opaque(self.model_key, self.config.output.seed, self.resolved(method), self.background_names(method))
        return self.work / f"{method.name}-{key}"

    @cache  # noqa: B019
    def background_names(self, method: MethodConfig) -> list[str]:
        """The photographs that a number given as `background` stands for, drawn by the seed."""
        count, seed = method.parameters.get("background"), self.config.output.seed
        if not isinstance(count, int):
            return []
        return sorted(self.all_photographs, key=lambda name: opaque(seed, "background", name))[:count]

    @cache  # noqa: B019
    def resolved(self, method: MethodConfig) -> dict:
        """The method's parameters, defaults included, as they decide its maps; of a file its name and sha256."""
        defaults = registry.explainer(method.name).defaults
        chosen = {name: value for name, value in defaults.items() if name not in NOT_PART_OF_THE_MAP}
        if "output" in chosen:
            chosen["output"] = "sigmoid" if self.config.model.multilabel else "softmax"
        files = {name: {"file": path.name, "sha256": sha256_of(path)} for name, path in self.files_of(method).items()}
        return {**chosen, **method.parameters, **files}

    def files_of(self, method: MethodConfig) -> dict[str, Path]:
        """The method's parameters that name files, as paths."""
        names = [name for name in registry.explainer(method.name).files if isinstance(method.parameters.get(name), str)]
        return {name: self.config.path.parent / method.parameters[name] for name in names}


def prepare(config: Config, device: str, limit: int | None) -> Job:
    """Check everything that can be checked before the first image, and load the model."""
    for method in config.methods:
        _check_method(config, method)
    folder = config.path.parent
    classes = class_names(config.model, folder)
    _check_thresholds(config.model, classes)
    images = config.images
    photographs = list_photographs(
        images.folder, images.labels, folder, classes, config.model.multilabel, images.dataset
    )[:limit]
    if images.masks is not None:
        photographs = with_masks(photographs, images.masks)
    if images.parts is not None:
        photographs = with_parts(photographs, images.parts)
    model, weights_sha256 = load_model(config.model, folder, len(classes))
    seed = config.output.seed
    by_id = {opaque(seed, photo.source, _content(photo.path)): photo for photo in photographs}
    m = config.model
    depends_on = (weights_sha256, m.arch, m.options, m.multilabel, m.height_width, m.resize, m.mean, m.std)
    model_key = opaque(*depends_on, classes, config.output_size, config.output.quality)
    work = config.output.bundle.with_name(f"{config.output.bundle.name}.work")
    return Job(
        config, model.to(device_called(device)), weights_sha256, classes, by_id, dict(by_id), work, model_key, []
    )


def _check_method(config, method):
    where, record = f"[[methods]] {method.id}", registry.explainer(method.name)
    registry.check_parameters(where, record, method.parameters)
    colour_table(method.colormap)
    if "one_label" in record.needs and config.model.multilabel:
        raise UserError(f"{where}: explains the classes' probabilities together; it needs multilabel = false.")
    for name in record.files:
        value = method.parameters.get(name)
        if isinstance(value, str) and not (config.path.parent / value).is_file():
            raise UserError(f"{where} {name}: there is no file {config.path.parent / value}.")


def _check_thresholds(model, classes):
    given = model.thresholds
    if given is not None and not (model.multilabel and len(given) == len(classes)):
        expected = f"{len(classes)}, one per class" if model.multilabel else "none, as the model is not multilabel"
        raise UserError(f"[model] thresholds: found {len(given)}, expected {expected}.")


def device_called(name: str) -> torch.device:
    """Return the device of that name; "auto" is the accelerator when there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device: {name!r} cannot be used here: {str(error).splitlines()[0]}") from None


def _content(path: Path) -> str:
    try:
        return hashlib.blake2s(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}.") from None


def shard_of(job: Job, shard: tuple[int, int] | None) -> None:
    """Keep every n-th photograph, beginning with the i-th (1 … n)."""
    if shard is not None:
        index, count = shard
        job.photographs = dict(list(job.photographs.items())[index - 1 :: count])


def predict(job: Job) -> None:
    """Store each photograph's logits, penultimate features and picture; leave out and note the unreadable ones."""
    waiting = [name for name in job.photographs if not (job.predictions_folder / f"{name}.npz").exists()]
    with _bar("predictions", len(job.photographs), len(job.photographs) - len(waiting)) as bar:
        batches = [waiting[start : start + BATCH] for start in range(0, len(waiting), BATCH)]
        for names, pictures in read_ahead(lambda names: dict(_readable(job, names)), batches):
            if pictures:
                _predict_batch(job, pictures)
            bar.update(len(names))
    if not job.photographs:
        raise UserError(f"{job.config.images.folder}: no picture could be read.")


def read_ahead(read: Callable, groups: Iterable) -> Iterator[tuple]:
    """Yield each group with what `read` makes of it; a thread reads the next group meanwhile, and no more than that."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        current = None
        for group in groups:
            following = group, reader.submit(read, group)
            if current is not None:
                yield current[0], current[1].result()
            current = following
        if current is not None:
            yield current[0], current[1].result()


def _readable(job, names):
    for name in names:
        try:
            yield name, open_picture(job.photographs[name].path)
        except UserError as error:
            photograph = job.photographs.pop(name)
            job.skipped.append({"source": photograph.source, "reason": str(error)})
            tqdm.write(f"skipped: {photograph.source}: {error}")


def _predict_batch(job, pictures):
    model = job.config.model
    inputs = torch.zeros(BATCH, 3, *model.height_width)  # always a full batch: rounding depends on its size
    for row, picture in enumerate(pictures.values()):
        inputs[row] = model_input(picture, model)
    logits, features = penultimate(job.model, _sent(inputs, device_of(job.model)))
    if logits.shape[1] != len(job.classes):
        raise UserError(f"[model] classes: {len(job.classes)} names, but the model has {logits.shape[1]} outputs.")
    for row, (name, picture) in enumerate(pictures.items()):
        shown = cut_out(picture, model.resize, model.height_width, job.config.output_size)
        write_atomically(job.predictions_folder / f"{name}.webp", encode(shown, job.config.output.quality))
        arrays = {"logits": logits[row].cpu().numpy(), "features": features[row].cpu().numpy()}
        write_atomically(job.predictions_folder / f"{name}.npz", _npz(arrays))


def model_input(picture, model: ModelConfig) -> torch.Tensor:
    """Return what the model sees of a picture, (3, H, W)."""
    return input_tensor(cut_out(picture, model.resize, model.height_width), model.mean, model.std)


def _inputs(job, names) -> torch.Tensor:
    """Return what the model sees of these photographs, (N, 3, H, W), on its way to the model's device."""
    read = [model_input(open_picture(job.photographs[name].path), job.config.model) for name in names]
    return _sent(torch.stack(read), device_of(job.model))


def _sent(inputs, device):
    """Return the inputs on the device; to an accelerator they travel while it computes."""
    return inputs.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else inputs.to(device)


def _npz(arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def read_prediction(job: Job, name: str) -> dict[str, np.ndarray]:
    with np.load(job.predictions_folder / f"{name}.npz") as stored:
        return {key: stored[key] for key in stored.files}


def targets_of(job: Job) -> dict[str, list[int]]:
    """Return the class indices to explain, by image."""
    targets = job.config.targets
    fixed = [class_index(str(c), job.classes, "[targets] classes") for c in targets.classes or ()]
    chosen = {}
    for name, photograph in job.photographs.items():
        scores = scores_of(read_prediction(job, name)["logits"][None], job.config.model.multilabel)[0]
        chosen[name] = classes_to_explain(scores, photograph.labels, fixed, targets.truth, targets.top)
    return chosen


def explain_images(job: Job, method: MethodConfig, targets: dict[str, list[int]]) -> None:
    """Store one method's maps of every image that does not have them yet."""
    folder, targets = job.method_folder(method), targets_for(method, targets)
    model = _prepared(job, method)
    waiting = [name for name in targets if read_nodes(folder, name, targets[name]) is None]
    with _bar(method.id, len(targets), len(targets) - len(waiting)) as bar:
        for names, images in read_ahead(lambda names: _inputs(job, names), _groups(method, waiting, targets)):
            if method.name in TOGETHER:
                _explain_together(job, model, method, names, images, targets)
            else:
                _explain_image(job, model, method, names[0], images[0], targets[names[0]])
            bar.update(len(names))


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
    return excitable(job.model) if base in ("mwp", "c_mwp") else job.model


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
    logits = read_prediction(job, name)["logits"]
    scores = scores_of(logits[None], job.config.model.multilabel)[0]
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
        supplied["background"] = _background(job, tuple(background))
    return supplied


def seeded_generator(job: Job, what: str, image: str) -> torch.Generator:
    """Return a generator of an image's own, so that its draws depend on no other image."""
    return torch.Generator().manual_seed(int(opaque(job.config.output.seed, what, image), 16) % 2**63)


@lru_cache(maxsize=1)
def _background(job, names):
    """Return photographs as model inputs (B, 3, H, W); one that cannot be read stops the run with its name."""
    return torch.stack([model_input(open_picture(job.all_photographs[n].path), job.config.model) for n in names])


def read_nodes(folder: Path, name: str, targets: list[int] | None) -> dict | None:
    """Return the record of an image's finished maps; None when they are not there for just these targets.

    The whole output is the target None.
    """
    try:
        record = json.loads((folder / f"{name}.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return record if record["targets"] == targets else None


def versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "numpy": np.__version__,
    }


def _bar(what, total, done):
    return tqdm(total=total, initial=done, desc=what, unit=" images", dynamic_ncols=True)
