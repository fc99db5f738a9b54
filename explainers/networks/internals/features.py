"""Penultimate features: what the last layer with weights decides from."""

from typing import NamedTuple

import torch

from explainers.errors import UserError
from explainers.networks.checking import check_steady
from explainers.networks.outputs import is_binary
from explainers.networks.state import as_input, untouched


class Penultimate(NamedTuple):
    """Logits (N, K) and the input of the last layer with weights (N, d); maps are averaged over space.

    `is_binary`: the logits are −z and z of a model with one output.
    """

    logits: torch.Tensor
    features: torch.Tensor
    is_binary: bool


def penultimate(model: torch.nn.Module, images: torch.Tensor) -> Penultimate:
    """Return a model's logits and the features they are made from."""
    features: list[torch.Tensor] = []

    def note(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], named: dict[str, torch.Tensor]) -> None:
        features.append(inputs[0] if inputs else named["input"])

    weighted = [m for m in model.modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)]
    handles = [module.register_forward_pre_hook(note, with_kwargs=True) for module in weighted]
    try:
        with untouched(model), torch.no_grad():
            images = as_input(model, images)
            check_steady(model, images)
            features.clear()
            logits = model(images)
            tells_two_apart = is_binary(model)
    finally:
        for handle in handles:
            handle.remove()
    if not features:
        raise UserError("[model] arch: the model has no linear or convolutional layer to take features from.")
    last = features[-1]
    return Penultimate(logits, last.mean(dim=(-2, -1)) if last.ndim == 4 else last.flatten(1), tells_two_apart)
