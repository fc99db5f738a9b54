"""What a layer of the model gives for images, and the logits: computed once, kept in pieces beside the network."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from explainers.bundles.bundle import write_atomically
from explainers.errors import UserError, near
from explainers.networks.state import device_of, untouched
from explainers.parameters import Progress

BATCH = 32


def activations_of(
    model: torch.nn.Module, images: torch.Tensor, layer: str, space: str = "mean"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the layer's output (N, d) or (N, C, h, w) and the logits (N, K), on the CPU.

    `space` "mean" averages maps over their positions. A map of one pixel is a vector.
    """
    output, logits = layer_output(model, images, layer)
    return as_space(output, space), logits


@torch.inference_mode()
def layer_output(model: torch.nn.Module, images: torch.Tensor, layer: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the layer gives as it is, (N, d) or (N, C, h, w), and the logits (N, K), on the CPU."""
    modules = dict(model.named_modules())
    if layer not in modules:
        raise UserError(f"[xnn] layer: the model has no layer {layer!r}.{near(layer, [n for n in modules if n])}")
    taken: list[torch.Tensor] = []

    def take(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
        taken.append(output.clone())  # a later in-place ReLU would change it

    handle = modules[layer].register_forward_hook(take)
    try:
        with untouched(model):
            logits = model(images.to(device_of(model)))
    finally:
        handle.remove()
    if not taken or taken[-1].ndim not in (2, 4):
        found = f"gives {tuple(taken[-1].shape)}" if taken else "takes no part in the forward pass"
        raise UserError(f"[xnn] layer: expected activations (N, d) or (N, C, h, w); {layer} {found}.")
    return taken[-1].float().cpu(), logits.float().cpu()


def as_space(activations: torch.Tensor, space: str) -> torch.Tensor:
    """Return maps averaged over their positions unless they are to be kept; vectors as they are."""
    if activations.ndim == 2:
        return activations
    if space == "mean" or activations.shape[2] * activations.shape[3] == 1:
        return activations.mean(dim=(2, 3))
    return activations


def cached_activations(
    model: torch.nn.Module,
    layer: str,
    space: str,
    names: list[str],
    load: Callable[[str], torch.Tensor],
    folder: Path,
    progress: Progress = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the activations and logits of named images, reading from `folder` what is there and writing what is not.

    `load(name)` gives the model's input (3, H, W). Pieces of `BATCH` images lie in the folder, each there whole or not
    at all, so an interrupted run continues. `progress` is called with the images done since the last call.
    """
    pieces = []
    for start in range(0, len(names), BATCH):
        part = names[start : start + BATCH]
        path = folder / f"{start:06d}.npz"
        piece = _read(path, part)
        if piece is None:
            activations, logits = activations_of(model, torch.stack([load(name) for name in part]), layer, space)
            piece = activations.numpy(), logits.numpy()
            buffer = io.BytesIO()
            np.savez(buffer, names=np.array(part), activations=piece[0], logits=piece[1])
            write_atomically(path, buffer.getvalue())
        pieces.append(piece)
        if progress is not None:
            progress(len(part))
    all_activations, all_logits = (torch.from_numpy(np.concatenate(column)) for column in zip(*pieces, strict=True))
    return all_activations, all_logits


def _read(path: Path, names: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
    if not path.exists():
        return None
    with np.load(path) as stored:
        same = stored["names"].tolist() == names
        return (stored["activations"], stored["logits"]) if same else None
