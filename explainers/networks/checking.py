"""What is tried on a model before its maps are trusted: its logits again, beside other images, step by step."""

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from explainers.errors import UserError
from explainers.networks.outputs import differ_by_rounding
from explainers.networks.passes import NO_GRADIENTS, gradient, in_quick_layout

_compared: WeakKeyDictionary[nn.Module, set[tuple[Any, ...]]] = (
    WeakKeyDictionary()
)  # of each model, what its outputs were compared for


@torch.no_grad()
def check_steady(model: nn.Module, images: torch.Tensor) -> None:
    """Refuse a model that is no classifier, or whose logits for an image are not that image's alone.

    A draw at every call, such as dropout that is always on, and statistics of the batch make a map of chance, or of the
    other images. The first image is classified twice, and beside another; once for each size of images, as long as the
    model consists of the same modules and hooks.
    """
    known, key = _known(model, "steady", images)
    if key in known:
        return
    image, name = images[:1], type(model).__name__
    beside = in_quick_layout(model, torch.cat([image, _another(image)]))
    if beside.ndim != 2:
        raise UserError(f"model: expected outputs of shape (N, classes), found {tuple(beside.shape)}.")
    alone = in_quick_layout(model, image)
    if not differ_by_rounding(in_quick_layout(model, image), alone):
        raise UserError(
            f"model: the outputs of {name} for the same image change from call to call, by a draw such as dropout that "
            "evaluation mode does not switch off. Switch it off: a map would show chance."
        )
    if not differ_by_rounding(beside[:1], alone):
        raise UserError(
            f"model: the outputs of {name} for an image depend on the other images of the batch, as with batch norm "
            "that keeps no running statistics. A map needs a model that looks at each image by itself."
        )
    known.add(key)


def require_gradients(model: nn.Module) -> None:
    """Refuse a model whose weights no gradients can be taken through."""
    if any(weights.is_inference() for weights in [*model.parameters(), *model.buffers()]):
        raise UserError(
            f"model: the weights of {type(model).__name__} were made in torch.inference_mode, where no gradients can "
            "be taken; make the model outside of it, under torch.no_grad if need be."
        )


def check_gradients(model: nn.Module, images: torch.Tensor) -> None:
    """Refuse a model whose logits change with the image while their gradients stay zero, as behind quantised layers.

    Tried on the first image, once for each size of images.
    """
    known, key = _known(model, "gradients", images)
    if key in known:
        return
    with torch.enable_grad():
        leaf = images[:1].detach().clone().requires_grad_()
        logits = in_quick_layout(model, leaf)
        weights = torch.linspace(1, 2, logits.shape[1], dtype=logits.dtype, device=logits.device)
        if not logits.requires_grad:
            raise _without_gradients("model", model)
        (found,) = gradient((logits * weights).sum(), [leaf])
    if not found.any() and not differ_by_rounding(in_quick_layout(model, _another(images[:1])), logits.detach()):
        raise _without_gradients("model", model)
    known.add(key)


def _without_gradients(what: str, model: nn.Module) -> UserError:
    return UserError(f"{what}: no gradients come out of {type(model).__name__}; {NO_GRADIENTS}")


def _another(image: torch.Tensor) -> torch.Tensor:
    return image.flip(-1) / 2


@torch.no_grad()
def check_outputs(model: nn.Module, found: torch.Tensor, images: torch.Tensor, method: str) -> None:
    """Refuse a model whose logits were others while a method followed its steps than they are by themselves.

    Compared on the first images of each size that a method gives a model; as long as it consists of the same modules
    and hooks.
    """
    if not found.requires_grad:
        raise _without_gradients(method, model)
    known, key = _known(model, method, images)
    if key in known:
        return
    expected = in_quick_layout(model, images)
    if expected.shape != found.shape or not differ_by_rounding(found, expected):
        raise UserError(
            f"{method}: the outputs of {type(model).__name__} change while its steps are followed, so it cannot be "
            "explained this way; methods that hide parts of the image, or look at one layer, run it as it is."
        )
    known.add(key)


def _known(model: nn.Module, what: str, images: torch.Tensor) -> tuple[set[tuple[Any, ...]], tuple[Any, ...]]:
    """Return what a model was compared for, and this comparison's place there."""
    parts = tuple((id(m), len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules())
    return _compared.setdefault(model, set()), (what, images.shape[1:], images.dtype, parts)
