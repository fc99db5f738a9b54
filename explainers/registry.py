"""The methods and metrics there are, found by looking into their folders, and `explain`, the entry point to them.

`METRICS` give a value per image, `DATASET_METRICS` one for a whole data set.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from explainers import methods, metrics, outputs, wrappers
from explainers.accepting import unaccepted
from explainers.errors import UserError, near
from explainers.networks.checking import check_gradients, check_steady, require_gradients
from explainers.networks.rewriting.optimised import optimised
from explainers.networks.state import as_input, untouched
from explainers.peers.captum_methods import captum_record
from explainers.peers.own_functions import function_record
from explainers.record import DatasetMetric, Metric, Record, records_in
from explainers.targets import as_targets
from explainers.trees import Node

R = TypeVar("R", bound=Record)
METHODS: dict[str, Record] = dict(sorted((records_in(methods) | records_in(wrappers)).items()))
OUTPUTS: dict[str, Record] = records_in(outputs)
_ALL_METRICS: dict[str, Metric] = records_in(metrics)
METRICS = {name: metric for name, metric in _ALL_METRICS.items() if not isinstance(metric, DatasetMetric)}
DATASET_METRICS = {name: metric for name, metric in _ALL_METRICS.items() if isinstance(metric, DatasetMetric)}


def find(records: Mapping[str, R], name: str, kind: str) -> R:
    """Return the record called `name`; a UserError lists the near names."""
    if name not in records:
        raise UserError(f"There is no {kind} {name!r}.{near(name, records)}")
    return records[name]


def explainer(name: str, folder: Path | None = None) -> Record:
    """Return the record of a method, whether it explains single classes or the whole output.

    `captum:NAME` is captum's, `module:function` anybody's, looked for in `folder` first.
    """
    return _from_elsewhere(name, folder) if ":" in name else find(METHODS | OUTPUTS, name, "method")


def _single(name: str) -> Record:
    """Return the record of a method that explains single classes."""
    return _from_elsewhere(name) if ":" in name else find(METHODS, name, "method")


def _from_elsewhere(name: str, folder: Path | None = None) -> Record:
    package, _, inside = name.partition(":")
    return captum_record(inside) if package == "captum" else function_record(name, folder)


def explains_output(name: str) -> bool:
    """Say whether the method explains the whole output, as a tree of maps, and not one class after the other."""
    return name in OUTPUTS


def prepared(name: str, model: torch.nn.Module, parameters: Mapping[str, Any]) -> torch.nn.Module:
    """Return the model in the form that the method, or its base explainer, would otherwise make for every image."""
    name = parameters.get("base", name)
    if name not in METHODS and ":" not in name:
        return model
    record = _single(name)
    return optimised(model) if "perturbs" in record.needs else record.prepare(model, parameters)


def has_reference(name: str, parameters: Mapping[str, Any]) -> bool:
    """Return whether a method, or the base explainer it builds on, tells which value of its maps means no effect."""
    record = explainer(name)
    base = METHODS.get(parameters.get("base", record.defaults.get("base")))
    return any("reference" in one.defaults for one in (record, base) if one is not None)


def check_parameters(name: str, record: Record, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that the method or metric does not have, and values that they do not take."""
    for parameter in parameters:
        if parameter not in record.defaults:
            raise UserError(f"{name} has no parameter {parameter!r}.{near(parameter, record.defaults)}")
    for parameter, expected in unaccepted(record.function, parameters):
        value = parameters[parameter]
        if not (parameter in record.files and isinstance(value, str | Path)):
            raise UserError(f"{name}: {parameter}: expected {expected}, found {value!r}.")
    mean, std = (parameters.get(parameter, record.defaults.get(parameter)) for parameter in ("mean", "std"))
    if mean is not None and std is not None and len(mean) != len(std):
        raise UserError(f"{name}: mean, std: expected as many values of both, found {len(mean)} and {len(std)}.")


def explain(name: str, model: torch.nn.Module, images: torch.Tensor, targets: Any, **parameters: Any) -> torch.Tensor:
    """Return raw, signed saliency maps (N, T, H, W), float32, on the model's device.

    `images` (N, 3, H, W) are preprocessed already; `targets` are class indices (N,) or (N, T), or weightings of the K
    outputs (N, T, K). The model comes back as it was, also after an exception: modes, gradients, hooks, parameters.
    """
    record = _single(name)
    check_parameters(name, record, parameters)
    _check_images(images)
    targets = as_targets(targets, len(images))
    with untouched(model):
        images = as_input(model, images)
        targets = _outside_inference(targets).to(images.device)
        if {"gradients", "layer"} & set(record.needs):
            require_gradients(model)
        check_steady(model, images)
        if record.pixelwise and "gradients" in record.needs:
            check_gradients(model, images)
        maps: torch.Tensor = record.function(model, images, targets, **parameters)
    return maps.detach().float()


def explain_output(name: str, model: torch.nn.Module, image: torch.Tensor, **parameters: Any) -> list[Node]:
    """Return the tree of maps that explains the model's whole output on one image (3, H, W); parents come first.

    Maps are (H, W), float32, on the model's device. The model comes back as it was, as with `explain`.
    """
    record = find(OUTPUTS, name, "whole-output method")
    check_parameters(name, record, parameters)
    if isinstance(image, torch.Tensor) and image.ndim == 4 and len(image) == 1:
        image = image[0]
    if not isinstance(image, torch.Tensor) or image.ndim != 3:
        raise UserError(f"image: expected one image, a tensor (3, H, W), found {_kind(image)}.")
    with untouched(model):
        image = as_input(model, image)
        check_steady(model, image[None])
        nodes = record.function(model, image, **parameters)
    return [replace(node, map=node.map.detach().float()) for node in nodes]


def _check_images(images: Any) -> None:
    if not isinstance(images, torch.Tensor) or images.ndim != 4:
        expected = "a batch of a model's inputs, a tensor (N, 3, H, W)"
        raise UserError(f"images: expected {expected}, found {_kind(images)}.")


def _kind(given: Any) -> str:
    return f"shape {tuple(given.shape)}" if isinstance(given, torch.Tensor) else type(given).__name__


def _outside_inference(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor, copied if it was made in inference mode, where it cannot take part in gradients."""
    return tensor.clone() if tensor.is_inference() else tensor


def metric_of(name: str) -> Metric:
    """Return the record of the metric that gives values under this name."""
    by_value = {value: metric for metric in METRICS.values() for value in metric.directions}
    return find(by_value, name, "metric")


def score(
    name: str, model: torch.nn.Module, images: torch.Tensor, targets: Any, maps: torch.Tensor, **parameters: Any
) -> torch.Tensor:
    """Return a metric's values, float32, in the shape of the targets: class indices (N,) or (N, T).

    `maps` are raw, as `explain` gives them for these targets, (N, T, H, W); for one target an image also (N, H, W).
    `explainer`, where a metric explains anew, is a function, or a method's name.
    """
    _check_images(images)
    metric, given, maps = metric_of(name), as_targets(targets, len(images)), torch.as_tensor(maps)
    if isinstance(method := parameters.get("explainer"), str):
        parameters["explainer"] = lambda *asked: explain(method, *asked)[:, 0]
    if maps.ndim == 3:
        return scores(metric, model, images, targets, maps, **parameters)[name]
    if given.ndim != 2 or maps.shape != (expected := (*given.shape, *images.shape[-2:])):
        raise UserError(
            f"maps: expected those of the targets, {expected}, or (N, H, W) of one target an image, found shape "
            f"{tuple(maps.shape)}."
        )
    of_each = [
        scores(metric, model, images, *one, **parameters)[name] for one in zip(given.T, maps.unbind(1), strict=True)
    ]
    values = torch.stack(of_each, dim=1)
    return values[:, 0] if torch.as_tensor(targets).ndim == 1 else values


def scores(
    metric: Metric, model: torch.nn.Module, images: torch.Tensor, targets: Any, maps: torch.Tensor, **parameters: Any
) -> dict[str, torch.Tensor]:
    """Return all values (N,) that one metric gives, by name. The model comes back as it was."""
    check_parameters(next(iter(metric.directions)), metric, parameters)
    targets = as_targets(targets, len(images))
    if targets.ndim != 2 or targets.shape[1] != 1:
        raise UserError(f"targets: expected one class index per image (N,), found shape {tuple(targets.shape)}.")
    if maps.shape != (len(images), *images.shape[-2:]):
        expected = (len(images), *images.shape[-2:])
        raise UserError(f"maps: expected one per image, {expected}, found shape {tuple(maps.shape)}.")
    if not (finite := maps.isfinite().flatten(1).all(dim=1)).all():
        raise UserError(f"maps: that of image {int((~finite).nonzero()[0]) + 1} holds NaN or infinite values.")
    with untouched(model):
        images = as_input(model, images)
        if "perturbs" in metric.needs:
            check_steady(model, images)
        targets, maps = (_outside_inference(x.detach()).to(images.device) for x in (targets, maps))
        values = metric.function(model, images, targets, maps.float(), **parameters)
    return {name: value.detach().float() for name, value in values.items()}
