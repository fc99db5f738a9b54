"""Penultimate features: what the last layer with weights decides from."""

import torch

from explainers.errors import UserError


@torch.inference_mode()
def penultimate(model: torch.nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits (N, K) and the input of the last layer with weights, (N, d); maps are averaged over space."""
    features = []

    def note(_module, inputs):
        features.append(inputs[0])

    weighted = [m for m in model.modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)]
    handles = [module.register_forward_pre_hook(note) for module in weighted]
    try:
        logits = model(images)
    finally:
        for handle in handles:
            handle.remove()
    if not isinstance(logits, torch.Tensor) or logits.ndim != 2:
        found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise UserError(f"[model] arch: expected a classifier with outputs (N, classes), found {found}.")
    if not features:
        raise UserError("[model] arch: the model has no linear or convolutional layer to take features from.")
    last = features[-1]
    return logits, last.mean(dim=(-2, -1)) if last.ndim == 4 else last.flatten(1)
