"""Forward and backward passes through the user's own model: in which layout, checked, and for several scores."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import nn

from explainers.errors import UserError
from explainers.networks.outputs import differ_by_rounding

NO_VIEW = "view size is not compatible"  # what torch says of a view of channels-last activations
_compared: WeakKeyDictionary[nn.Module, set[tuple[Any, ...]]] = (
    WeakKeyDictionary()
)  # of each model, what its outputs were compared for

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


@torch.no_grad()
def check_outputs(model: nn.Module, found: torch.Tensor, images: torch.Tensor, method: str) -> None:
    """Refuse a model whose logits were others while a method followed its steps than they are by themselves.

    Compared on the first images of each size that a method gives a model; as long as it consists of the same modules
    and hooks.
    """
    if not found.requires_grad:
        raise UserError(f"{method}: no gradients come out of {type(model).__name__}; perhaps it switches them off.")
    known = _compared.setdefault(model, set())
    parts = tuple((id(m), len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules())
    if (key := (method, images.shape[1:], images.dtype, parts)) in known:
        return
    expected = in_quick_layout(model, images)
    if expected.shape != found.shape or not differ_by_rounding(found, expected):
        raise UserError(
            f"{method}: the outputs of {type(model).__name__} change while its steps are followed, so it cannot be "
            "explained this way; methods that hide parts of the image, or look at one layer, run it as it is."
        )
    known.add(key)


def gradients_of(scores: torch.Tensor, leaf: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the gradient of each column of scores (N, T), of shape (N, …) as the leaf they come from."""
    n_targets = scores.shape[1]
    for t in range(n_targets):
        yield torch.autograd.grad(scores[:, t].sum(), leaf, retain_graph=t + 1 < n_targets)[0]


def gradients_of_each(outputs: torch.Tensor, inputs: list[torch.Tensor], starts: torch.Tensor) -> list[torch.Tensor]:
    """Return the gradients (T, …) of T weightings of the outputs (T, *outputs.shape), in one batched pass if it can be.

    Some steps, such as group norm on channels that come last, cannot go back for several at once.
    """
    if len(starts) > 1:
        try:
            return list(torch.autograd.grad(outputs, inputs, starts, is_grads_batched=True, retain_graph=True))
        except RuntimeError as error:
            if "vmap" not in str(error) and "atch" not in str(error):
                raise
    parts = [torch.autograd.grad(outputs, inputs, start, retain_graph=True) for start in starts]
    return [torch.stack(found) for found in zip(*parts, strict=True)]
