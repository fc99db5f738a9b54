"""Borrow a model and give it back exactly as it was."""

from contextlib import contextmanager

import torch

from explainers.errors import UserError


def device_of(model: torch.nn.Module) -> torch.device:
    """Return where the model's parameters are; the CPU for a model without any."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def device_called(name: str) -> torch.device:
    """Return the device of that name; "auto" is the accelerator when there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device: {name!r} cannot be used here: {str(error).splitlines()[0]}") from None


@contextmanager
def untouched(model: torch.nn.Module):
    """Put the model in evaluation mode with frozen parameters; restore modes, flags and gradients afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    flags = [(parameter, parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
    try:
        model.eval()
        for parameter, _, _ in flags:
            parameter.requires_grad_(False)
        yield model
    finally:
        for module, training in modes:
            module.training = training
        for parameter, requires_grad, grad in flags:
            parameter.requires_grad_(requires_grad)
            parameter.grad = grad


@contextmanager
def tapped(modules):
    """Begin the graph at the first of these modules to give an output; yields the outputs by module.

    Nothing below it is differentiated, so one forward pass keeps only what the layers above it need. What the other
    modules give stays part of the graph, so that one backward pass reaches all of them.
    """
    outputs = {}

    def note(module, _inputs, output):
        if not outputs or module is next(iter(outputs)):
            output = output.detach().requires_grad_()
        outputs[module] = output
        return output.clone()  # a later in-place ReLU may not write into it

    handles = [module.register_forward_hook(note) for module in modules]
    try:
        with torch.enable_grad():
            yield outputs
    finally:
        for handle in handles:
            handle.remove()
