"""A run's work: what a configuration names, checked and loaded, and where its finished pieces lie.

Finished pieces lie in a work folder beside the bundle (`<bundle>.work`), one or a few files per image, each there
whole or not at all, under names that change with whatever they depend on: the weights, the preprocessing, the
method's parameters. So a changed parameter computes only what it touches, and an interrupted run continues where it
stopped. The work folder may be deleted at any time.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from explainers import registry
from explainers.bundles.bundle import opaque, sha256_of
from explainers.config import Config, MethodConfig, ModelConfig
from explainers.datasets import Photograph, list_photographs, with_masks, with_parts
from explainers.errors import UserError
from explainers.models.building import class_names, load_model
from explainers.models.code import code_sha256
from explainers.networks.state import device_called

NOT_PART_OF_THE_MAP = ("generator", "batch_size", "progress", "reference", "mean", "std")


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
    skipped: list[dict[str, str]]

    @property
    def predictions_folder(self) -> Path:
        return self.work / f"images-{self.model_key}"

    @property
    def output(self) -> str:
        """What the model's scores are made by: they are what methods explain and metrics watch."""
        return "sigmoid" if self.config.model.multilabel else "softmax"

    @cache  # noqa: B019  (asked for with every image; there is one job a run)
    def method_folder(self, method: MethodConfig) -> Path:
        parts = [self.model_key, self.config.output.seed, self.resolved(method), self.background_names(method)]
        code = registry.explainer(method.name).code
        key = opaque(
            *parts,
            *(["with reference"] if registry.has_reference(method.name, method.parameters) else []),
            *([code] if code else []),
        )
        return self.work / f"{method.name.replace(':', '-')}-{key}"

    @cache  # noqa: B019
    def background_names(self, method: MethodConfig) -> list[str]:
        """The photographs that a number given as `background` stands for, drawn by the seed."""
        count, seed = method.parameters.get("background"), self.config.output.seed
        if not isinstance(count, int):
            return []
        return sorted(self.all_photographs, key=lambda name: opaque(seed, "background", name))[:count]

    @cache  # noqa: B019
    def resolved(self, method: MethodConfig) -> dict[str, Any]:
        """The method's parameters, defaults included, as they decide its maps; of a file its name and sha256."""
        defaults = registry.explainer(method.name).defaults
        chosen = {name: value for name, value in defaults.items() if name not in NOT_PART_OF_THE_MAP}
        if "output" in chosen:
            chosen["output"] = self.output
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
    by_id, skipped = {}, []
    for photo in photographs:
        try:
            by_id[opaque(seed, photo.source, _content(photo.path))] = photo
        except UserError as error:
            skipped.append({"source": photo.source, "reason": str(error)})
            tqdm.write(f"skipped: {photo.source}: {error}")
    if not by_id:
        raise UserError(f"{images.folder}: no picture could be read.")
    m = config.model
    code = code_sha256(model, m.arch)
    depends_on = (weights_sha256, code, m.arch, m.options, m.multilabel, m.height_width, m.resize, m.mean, m.std)
    model_key = opaque(*depends_on, classes, config.output_size, config.output.quality)
    work = config.output.bundle.with_name(f"{config.output.bundle.name}.work")
    return Job(
        config, model.to(device_called(device)), weights_sha256, classes, by_id, dict(by_id), work, model_key, skipped
    )


def _check_method(config: Config, method: MethodConfig) -> None:
    where, record = f"[[methods]] {method.id}", registry.explainer(method.name, config.path.parent)
    given = dict(method.parameters)
    if "background" in record.defaults and isinstance(given.get("background"), int):
        del given["background"]  # so many photographs, drawn by the run
    registry.check_parameters(where, record, given)
    if "one_label" in record.needs and config.model.multilabel:
        raise UserError(f"{where}: explains the classes' probabilities together; it needs multilabel = false.")
    for name in record.files:
        value = method.parameters.get(name)
        if isinstance(value, str) and not (config.path.parent / value).is_file():
            raise UserError(f"{where} {name}: there is no file {config.path.parent / value}.")


def _check_thresholds(model: ModelConfig, classes: list[str]) -> None:
    given = model.thresholds
    if given is not None and not (model.multilabel and len(given) == len(classes)):
        expected = f"{len(classes)}, one per class" if model.multilabel else "none, as the model is not multilabel"
        raise UserError(f"[model] thresholds: found {len(given)}, expected {expected}.")


def _content(path: Path) -> str:
    if path.is_dir():
        raise UserError(f"{path.name} is a folder, not a picture.")
    if not path.exists():
        raise UserError(f"{path.name} is a link to nothing.")
    try:
        return hashlib.blake2s(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}.") from None


def shard_of(job: Job, shard: tuple[int, int] | None) -> None:
    """Keep every n-th photograph, beginning with the i-th (1 … n)."""
    if shard is not None:
        index, count = shard
        job.photographs = dict(list(job.photographs.items())[index - 1 :: count])


def seeded_generator(job: Job, what: str, image: str) -> torch.Generator:
    """Return a generator of an image's own, so that its draws depend on no other image."""
    return torch.Generator().manual_seed(int(opaque(job.config.output.seed, what, image), 16) % 2**63)
