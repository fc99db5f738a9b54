"""Forward and backward passes through the user's own model: in which layout, and for several scores."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch.utils.checkpoint import CheckpointError

from explainers.errors import UserError

NO_VIEW = "view size is not compatible"  # what torch says of a view of channels-last activations
NO_GRADIENTS = "perhaps it switches them off, or a step of it, such as a quantised layer, has none."
_UNREACHED = ("does not require grad", "not have been used in the graph")  # what torch says of them

Result = TypeVar("Result")


def in_quick_layout(function: Callable[[torch.Tensor], Result], images: torch.Tensor) -> Result:
    """Return function(images) with channels last, on which convolutions and pools are quicker.

    A model that views its activations cannot work on that layout; it gets the usual one.
    """
    try:
        return function(images.contiguous(memory_format=torch.channels_last))
    except RuntimeError as error:
        if NO_VIEW not in str(error):
            raise
    return function(images.contiguous())


def gradient(
    outputs: torch.Tensor, inputs: Sequence[torch.Tensor], starts: torch.Tensor | None = None, **options: bool
) -> list[torch.Tensor]:
    """Return `torch.autograd.grad`'s gradients; a UserError where the network lets none through."""
    try:
        return list(torch.autograd.grad(outputs, inputs, starts, **options))
    except CheckpointError:
        raise UserError(
            "model: it computes activations a second time while gradients are taken (gradient checkpointing); switch "
            "that off, which changes no output."
        ) from None
    except RuntimeError as error:
        if any(words in str(error) for words in _UNREACHED):
            raise UserError(f"model: no gradients come out of it; {NO_GRADIENTS}") from None
        raise


def gradients_of(scores: torch.Tensor, leaf: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the gradient of each column of scores (N, T), of shape (N, …) as the leaf they come from."""
    n_targets = scores.shape[1]
    for t in range(n_targets):
        yield gradient(scores[:, t].sum(), [leaf], retain_graph=t + 1 < n_targets)[0]


def gradients_of_each(outputs: torch.Tensor, inputs: list[torch.Tensor], starts: torch.Tensor) -> list[torch.Tensor]:
    """Return the gradients (T, …) of T weightings of the outputs (T, *outputs.shape), in one batched pass if it can be.

    Some steps, such as group norm on channels that come last, cannot go back for several at once.
    """
    if len(starts) > 1:
        try:
            return gradient(outputs, inputs, starts, is_grads_batched=True, retain_graph=True)
        except RuntimeError as error:
            if "vmap" not in str(error) and "atch" not in str(error):
                raise
    parts = [gradient(outputs, inputs, start, retain_graph=True) for start in starts]
    return [torch.stack(found) for found in zip(*parts, strict=True)]
