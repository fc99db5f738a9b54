"""Borrow a model and give it back exactly as it was."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock, RLock
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch.nn.parameter import is_lazy

from explainers.errors import UserError
from explainers.networks.outputs import Reader, reader_of
from explainers.parameters import Colour

_locks: WeakKeyDictionary[torch.nn.Module, AbstractContextManager[bool]] = WeakKeyDictionary()
_finding_a_lock = Lock()


def device_of(model: torch.nn.Module) -> torch.device:
    """Return where the model's parameters are; the CPU for a model without any."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def check_channels(images: torch.Tensor, mean: Colour) -> None:
    """Refuse to translate colours for images of another number of channels than the preprocessing's mean has."""
    if len(mean) != images.shape[1]:
        raise UserError(
            f"mean, std: expected one value per channel of the images, {images.shape[1]}, found {len(mean)}."
        )


def device_called(name: str) -> torch.device:
    """Return the device of that name; "auto" is the accelerator when there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device: {name!r} cannot be used here: {str(error).splitlines()[0]}") from None


@contextmanager
def untouched(model: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """Lend the model: in evaluation mode, its parameters frozen, its outputs read as logits (N, K).

    Modes, flags, gradients and hooks are as before afterwards. Threads that share a model take turns. Gradients can be
    taken, whatever the caller has switched off.
    """
    with _lock_of(model):
        yield from _lent(model)


def _lock_of(model: torch.nn.Module) -> AbstractContextManager[bool]:
    with _finding_a_lock:
        return _locks.setdefault(model, RLock())


def _lent(model: torch.nn.Module) -> Iterator[torch.nn.Module]:
    _refuse_what_cannot_be_lent(model)
    modes = [(module, module.training) for module in model.modules()]
    parameters = {id(one): one for module, _ in modes for one in module._parameters.values() if one is not None}
    flags = [(one, one.requires_grad, one.grad) for one in parameters.values()]
    handles = []
    try:
        model.eval()
        for parameter, _, _ in flags:
            parameter.requires_grad_(False)
        if reader_of(model) is None:
            reader = Reader(model)
            handles.append(model.register_forward_pre_hook(reader.begin, prepend=True))
            handles.append(model.register_forward_hook(reader.end, always_call=True))
        with torch.inference_mode(False), torch.enable_grad():
            yield model
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
        for parameter, requires_grad, grad in flags:
            with torch.inference_mode() if parameter.is_inference() else nullcontext():
                parameter.requires_grad_(requires_grad)
            parameter.grad = grad


def _refuse_what_cannot_be_lent(model: torch.nn.Module) -> None:
    name = type(model).__name__
    if not isinstance(model, torch.nn.Module):
        raise UserError(f"model: expected a torch.nn.Module, found a {name}; a function has no steps to look at.")
    if type(model).__module__.startswith("torch.jit"):
        raise UserError("model: a TorchScript module hides its steps; give the module that it was made from.")
    if hasattr(model, "_guards_fn") or type(model).__module__.startswith("torch.export"):
        raise UserError("model: an exported program hides its steps; give the module that it was made from.")
    if any(is_lazy(parameter) for parameter in [*model.parameters(), *model.buffers()]):
        raise UserError(f"model: {name} has layers that take their size from a first image; classify one first.")


def as_input(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return images as the model takes them: on its device, in its weights' precision, and outside inference mode."""
    if not images.is_floating_point():
        kind = str(images.dtype).removeprefix("torch.")
        raise UserError(f"images: expected preprocessed floating-point values, found {kind}.")
    weights = next((parameter for parameter in model.parameters() if parameter.is_floating_point()), images)
    if weights.dtype in (torch.float16, torch.bfloat16):
        kind = str(weights.dtype).removeprefix("torch.")
        raise UserError(f"model: in its {kind} weights' rounding small effects would be lost; give model.float().")
    return (images.clone() if images.is_inference() else images.detach()).to(weights.device, weights.dtype)


@contextmanager
def tapped(modules: Sequence[torch.nn.Module], begins: bool = True) -> Iterator[dict[torch.nn.Module, torch.Tensor]]:
    """Begin the graph at the first of these modules to give an output; yields the outputs by module.

    Nothing below it is differentiated, so one forward pass keeps only what the layers above it need. What the other
    modules give stays part of the graph, so that one backward pass reaches all of them; without `begins`, what the
    first one gives too.
    """
    outputs: dict[torch.nn.Module, torch.Tensor] = {}

    def note(module: torch.nn.Module, _inputs: tuple[Any, ...], output: Any) -> torch.Tensor:
        output = _tensor(module, output)
        is_first = not outputs or module is next(iter(outputs))
        outputs[module] = output.detach().requires_grad_() if begins and is_first else output.view_as(output)
        return outputs[module].clone()  # a later in-place ReLU may not write into it

    handles = [module.register_forward_hook(note) for module in modules]
    try:
        with torch.enable_grad():
            yield outputs
    finally:
        for handle in handles:
            handle.remove()


def _tensor(module: torch.nn.Module, output: Any) -> torch.Tensor:
    if not isinstance(output, torch.Tensor):
        raise UserError(
            f"layer: {type(module).__name__} gives a {type(output).__name__}; choose one that gives a tensor."
        )
    return output
