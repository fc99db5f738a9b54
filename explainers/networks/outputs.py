"""What a network returns, read as logits (N, K): whatever it is wrapped in, squashed by, or how few outputs there are.

A tuple, dictionary or data class holds one tensor of logits. Where the outputs are a softmax's or a sigmoid's, what
went into it is explained: squashed twice, differences would vanish. A network with one output z tells two classes
apart: its logits are −z and z, its probabilities their sigmoids.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch.overrides import TorchFunctionMode

from explainers.errors import UserError

_SQUASHING = ("softmax", "log_softmax", "sigmoid", "sigmoid_", "logsigmoid")
_RESHAPING = ("squeeze", "unsqueeze", "flatten", "view", "reshape", "clone", "contiguous", "float", "__getitem__")
_ROUNDING = 1e-3
_ALMOST = 1e-4  # how far from 1 the sum of probabilities may be

_log = logging.getLogger("explainers")
_said: WeakKeyDictionary[torch.nn.Module, set[str]] = WeakKeyDictionary()


def say(model: torch.nn.Module, text: str, level: int = logging.WARNING) -> None:
    """Log what is assumed about a model, once for each model."""
    told = _said.setdefault(model, set())
    if text not in told:
        told.add(text)
        _log.log(level, "%s: %s", type(model).__name__, text)


class NotFinite(UserError):
    """A model's outputs are not finite; `which` is the first such image's place in the batch."""

    def __init__(self, which: int) -> None:
        super().__init__(f"model: its outputs for picture {which + 1} of the batch are NaN or infinite.")
        self.which = which


class _Noting(TorchFunctionMode):
    """Notes what went into each softmax and sigmoid of a batch of vectors, and into reshapes of what came out."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        name = getattr(function, "__name__", "")
        if name in _SQUASHING and isinstance(result, torch.Tensor) and result.ndim <= 4:
            given = args[0] if args else kwargs["input"]
            if name == "sigmoid_":
                return result  # what went in is gone
            self.before.append((result, given))
        elif name in _RESHAPING and args and (given := self.behind(args[0])) is not None:
            self.before.append((result, function(given, *args[1:], **kwargs)))
        return result

    def behind(self, output: Any) -> torch.Tensor | None:
        """Return what was squashed to give this very tensor; None where it is not known to be squashed."""
        return next((given for result, given in reversed(self.before) if result is output), None)


class Reader:
    """Reads a model's outputs the same way at every call; what it is, the first call decides.

    `is_binary` says whether the model has one output, and `are_probabilities` whether it returns probabilities that no
    softmax made; both None before the first call.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model
        self.is_binary: bool | None = None
        self.are_probabilities: bool | None = None
        self._running: list[tuple[_Noting, int]] = []

    def run(self, function: Callable[..., Any], *arguments: Any) -> torch.Tensor:
        """Return the logits (N, K) that are in what `function` returns for images (N, …), its last argument."""
        with _Noting() as noting:
            output = function(*arguments)
        return self.logits(output, len(arguments[-1]), noting)

    def begin(self, _model: torch.nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Before the model's forward pass: give it inputs of its own, which it may write into."""
        self._running.append((_Noting(), len(arguments[0])))
        TorchFunctionMode.__enter__(self._running[-1][0])
        return arguments[0].clone(), *arguments[1:]

    def end(self, _model: torch.nn.Module, _arguments: tuple[Any, ...], output: Any) -> torch.Tensor | None:
        """After the model's forward pass, also one that failed."""
        noting, n_images = self._running.pop()
        TorchFunctionMode.__exit__(noting, None, None, None)
        return None if output is None else self.logits(output, n_images, noting)

    def logits(self, output: Any, n_images: int, noting: _Noting | None = None) -> torch.Tensor:
        """Return the logits (N, K) in what a model returned for N images; UserError where they cannot be told.

        A tensor of another shape, of a network that is no classifier, comes back as it is.
        """
        found = _tensor_in(output, n_images)
        if found.ndim > 2 and not _is_row(found):
            return found
        behind = None if noting is None else noting.behind(found)
        if behind is not None and behind.shape == found.shape:
            say(self.model, "returns probabilities; what went into its last softmax or sigmoid is explained.")
            found = behind
        logits = _as_rows(found, n_images)
        _refuse_not_finite(logits)
        if self.is_binary is None:
            self.is_binary = logits.shape[1] == 1
            self.are_probabilities = behind is None and _sum_to_one(logits)
        if self.are_probabilities:
            say(self.model, "returns probabilities; their logarithms are explained.")
            logits = logits.clamp(min=torch.finfo(logits.dtype).tiny).log()
        return torch.cat([-logits, logits], dim=1) if self.is_binary else logits


def reader_of(model: torch.nn.Module) -> Reader | None:
    """Return the reader that a borrowed model or an optimised copy has; None for any other model."""
    if isinstance(own := getattr(model, "reader", None), Reader):
        return own
    owners = (getattr(hook, "__self__", None) for hook in model._forward_hooks.values())
    return next((owner for owner in owners if isinstance(owner, Reader)), None)


def is_binary(model: torch.nn.Module) -> bool:
    """Return whether a borrowed model, or an optimised copy, has one output; False before its first call."""
    reader = reader_of(model)
    return reader is not None and bool(reader.is_binary)


def probabilities(logits: torch.Tensor, is_binary: bool) -> torch.Tensor:
    """Return probabilities (…, K): the softmax over the classes, of a model with one output its sigmoid's."""
    return logits.sigmoid() if is_binary else logits.softmax(dim=-1)


def differ_by_rounding(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """Return whether two networks' logits are the same but for rounding: to a thousandth of the largest."""
    size = expected.abs().amax(dim=1, keepdim=True).clamp(min=1e-6)
    return bool(((found - expected).abs() <= _ROUNDING * size).all())


def _tensor_in(output: Any, n_images: int) -> torch.Tensor:
    if isinstance(output, torch.Tensor):
        return output
    found = {name: tensor for name, tensor in _tensors(output, "") if _may_be_logits(tensor, n_images)}
    named = [name for name in found if name.rpartition(".")[2] == "logits"]
    if len(named) == 1:
        return found[named[0]]
    if len(found) == 1:
        return next(iter(found.values()))
    what = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in _tensors(output, ""))
    raise UserError(
        f"model: expected one tensor of logits (N, classes) among its outputs, or one called logits; found "
        f"{what or type(output).__name__}. Wrap the model in a module that returns its logits."
    )


def _tensors(output: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors in an output by their names."""
    if isinstance(output, torch.Tensor):
        yield name, output
        return
    parts: Iterable[tuple[Any, Any]] = []
    if isinstance(output, Mapping):
        parts = output.items()
    elif is_dataclass(output):
        parts = [(field.name, getattr(output, field.name)) for field in fields(output)]
    elif hasattr(output, "_asdict"):
        parts = output._asdict().items()
    elif isinstance(output, list | tuple):
        parts = enumerate(output)
    for key, part in parts:
        yield from _tensors(part, f"{name}.{key}" if name else str(key))


def _may_be_logits(tensor: torch.Tensor, n_images: int) -> bool:
    is_vector = tensor.ndim in (1, 2) or (tensor.ndim > 2 and _is_row(tensor))
    return tensor.is_floating_point() and is_vector and len(tensor) == n_images


def _is_row(tensor: torch.Tensor) -> bool:
    """Return whether a tensor (N, …) has a vector for each image, whatever axes of length 1 stand around it."""
    return tensor.shape[1:].numel() == max(tensor.shape[1:])


def _as_rows(found: torch.Tensor, n_images: int) -> torch.Tensor:
    if n_images == 1 and found.ndim <= 1:  # squeezed, the batch too
        return found.reshape(1, -1)
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim > 2:
        found = found.flatten(1)
    if len(found) != n_images or not found.is_floating_point():
        raise UserError(f"model: expected outputs of shape (N, classes), found {tuple(found.shape)}.")
    return found


def _refuse_not_finite(logits: torch.Tensor) -> None:
    finite = logits.detach().isfinite().all(dim=1)
    if not finite.all():
        raise NotFinite(int((~finite).nonzero()[0]))


def _sum_to_one(logits: torch.Tensor) -> bool:
    values = logits.detach()
    if values.shape[1] < 2 or values.min() < 0 or values.max() > 1:
        return False
    return bool(((values.sum(dim=1) - 1).abs() < _ALMOST).all())


def without_readers(model: torch.nn.Module) -> torch.nn.Module:
    """Take the readers off a copy of a borrowed model; what it returns is then as its author has it."""
    for hooks in (model._forward_hooks, model._forward_pre_hooks):
        for key in [key for key, hook in hooks.items() if isinstance(getattr(hook, "__self__", None), Reader)]:
            del hooks[key]
            model._forward_hooks_always_called.pop(key, None)
    return model
