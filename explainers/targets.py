"""What is explained in the model's output: class indices, or weightings of all K outputs."""

from typing import Any

import torch

from explainers.errors import UserError


def as_targets(targets: Any, n_images: int) -> torch.Tensor:
    """Return targets as class indices (N, T), int64, or as weightings (N, T, K), float."""
    expected = "expected class indices (N,) or (N, T), or float weightings (N, T, K)"
    if not n_images:
        raise UserError("images: there are none.")
    if (word := _word_in(targets)) is not None:
        raise UserError(
            f"targets: {expected}, found {word!r}. A model knows its classes by number: give the place of that name in "
            f"the list of its classes, [classes.index({word!r})]."
        )
    try:
        values: torch.Tensor = torch.as_tensor(targets)
    except (TypeError, ValueError) as error:
        raise UserError(f"targets: {expected}, found {type(targets).__name__}: {error}.") from None
    if values.shape[:1] != (n_images,):
        raise UserError(f"targets: {expected} for N = {n_images} images, found shape {tuple(values.shape)}.")
    if values.is_floating_point():
        if values.ndim != 3:
            raise UserError(f"targets: {expected}, found floats of shape {tuple(values.shape)}.")
        return values
    if values.ndim not in (1, 2):
        raise UserError(f"targets: {expected}, found integers of shape {tuple(values.shape)}.")
    return values.long().reshape(n_images, -1)


def _word_in(targets: Any) -> str | None:
    """Return the first class that is given by its name."""
    if isinstance(targets, str):
        return targets
    parts = targets if isinstance(targets, list | tuple) else []
    return next((word for part in parts if (word := _word_in(part)) is not None), None)


def pick(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the targeted values (N, T) of the model's outputs (N, K): gathered by index, or summed by weight."""
    if outputs.ndim != 2:
        raise UserError(f"model: expected outputs of shape (N, classes), found {tuple(outputs.shape)}.")
    n_classes = outputs.shape[1]
    if targets.ndim == 3:
        if targets.shape[2] != n_classes:
            raise UserError(f"targets: weightings over {targets.shape[2]} outputs, but the model has {n_classes}.")
        return torch.einsum("nk,ntk->nt", outputs, targets.to(outputs.dtype))
    check_indices(targets, n_classes)
    return outputs.gather(1, targets)


def check_indices(targets: torch.Tensor, n_classes: int) -> None:
    """Refuse class indices that the model does not have."""
    if targets.numel() and not 0 <= int(targets.min()) <= int(targets.max()) < n_classes:
        wrong = next(index for index in targets.flatten().tolist() if not 0 <= index < n_classes)
        raise UserError(f"targets: class indices must be 0 … {n_classes - 1}, found {wrong}.")


def as_weightings(targets: torch.Tensor, n_classes: int) -> torch.Tensor:
    """Return targets as weightings (N, T, K) of the outputs: one-hot where they are indices."""
    return targets if targets.ndim == 3 else torch.nn.functional.one_hot(targets, n_classes).float()
