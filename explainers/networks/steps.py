"""The steps that images take through a network, met as they are taken, however the network calls them.

Modules or functions, subclasses, hooks, parametrizations, reshapes by sizes, steps in place: all of them end in calls
of PyTorch's functions, and these are intercepted. So a network is explained as it runs, and no copy of it can differ.
"""

import inspect
import sys
from collections.abc import Callable
from functools import lru_cache
from types import FrameType
from typing import Any, TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.weak import WeakTensorKeyDictionary

from explainers.errors import UserError

Function: TypeAlias = Callable[..., Any]
"""What takes a step: one of PyTorch's functions, whatever it returns."""

Arguments: TypeAlias = tuple[Any, ...]
"""What a step is given by position."""

Options: TypeAlias = dict[str, Any]
"""What a step is given by name."""

Value = TypeVar("Value")
_NOT_WRITING = {"requires_grad_", "detach_", "share_memory_", "retain_grad"}
_RESHAPING_IN_PLACE = {"squeeze_", "unsqueeze_", "transpose_", "t_", "swapaxes_", "swapdims_"}


class Steps(TorchFunctionMode):
    """Hands every step to `step(name, function, arguments, options)`, with steps in place done out of place.

    What a step in place writes over stays as it was, since other steps may have kept it for the way back; whoever holds
    the tensor gets the new values in its stead. A tensor that shares its memory, and so should have changed too, is
    refused when it is used.
    """

    def __init__(self) -> None:
        super().__init__()
        self._instead, self._written = WeakTensorKeyDictionary(), dict[int, torch.Tensor]()

    def __torch_function__(
        self, function: Function, types: Any, arguments: Arguments = (), options: Options | None = None
    ) -> Any:
        name = getattr(function, "__name__", "")
        if name == "__setitem__":
            self._forget_own_slice(*arguments)
        arguments, options = tree_map(self.current, (arguments, options or {}))
        if name == "__setitem__":
            return self._write(arguments[0], self.step(name, _with_item_set, arguments, options))
        if name.endswith("_") and not name.endswith("__") and name not in _NOT_WRITING:
            if not isinstance(arguments[0], torch.Tensor):
                raise UserError(f"model: a step in place, {name!r}, cannot be followed.")
            plain = name.removesuffix("_")
            result = self.step(plain, _out_of_place(plain), arguments, options)
            return self._write(arguments[0], result, is_reshaped=name in _RESHAPING_IN_PLACE)
        if options.get("out") is not None:
            raise UserError(f"model: a step writes its result by out= ({name!r}); such networks cannot be followed.")
        if (bound := _in_place(function, arguments, options)) is not None:
            return self._write(arguments[0], self.step(name, function, bound.args, bound.kwargs))
        return self.step(name, function, arguments, options)

    def step(self, name: str, function: Function, arguments: Arguments, options: Options) -> Any:
        """Return what the function gives."""
        return function(*arguments, **options)

    def current(self, value: Value) -> Value:
        """Return the tensor that holds a tensor's values now; anything else as it is."""
        if not isinstance(value, torch.Tensor) or (not self._written and not len(self._instead)):
            return value
        latest, is_replaced = value, False
        while latest in self._instead:
            latest, is_replaced = self._instead[latest], True
        if not is_replaced and _memory_of(value) in self._written:
            raise UserError(
                "model: it writes into activations in place and then uses others that share their memory, which cannot "
                "be followed. Use a step that is not in place there."
            )
        return latest

    def _forget_own_slice(self, target: torch.Tensor, _index: Any, item: Any) -> None:
        """Let `x[i] += y` be: it writes into a view of x, and then puts that view where it was."""
        memory = _memory_of(target)
        view = self._written.get(memory)
        if view is not None and target not in self._instead and self._instead[view] is item:
            del self._written[memory]

    def _write(self, target: torch.Tensor, result: torch.Tensor, is_reshaped: bool = False) -> torch.Tensor:
        if not is_reshaped:
            self._written[_memory_of(target)] = target  # kept, so that nothing else gets its memory
            if _memory_of(result) == _memory_of(target):
                result = result.clone()
        self._instead[target] = result
        return result


def _with_item_set(values: torch.Tensor, index: Any, item: Any) -> torch.Tensor:
    changed = values.clone()
    changed[index] = item
    return changed


def _memory_of(tensor: torch.Tensor) -> int:
    address: int = tensor.untyped_storage()._cdata
    return address


def _out_of_place(name: str) -> Function:
    if name == "copy":
        return lambda target, source, *_: source.to(target.dtype).expand_as(target)
    if name == "zero":
        return torch.zeros_like
    if name == "fill":
        return torch.full_like
    for place in (torch.Tensor, torch, F):
        if hasattr(place, name):
            found: Function = getattr(place, name)
            return found
    raise UserError(f"model: a step in place, {name + '_'!r}, cannot be followed.")


@lru_cache(maxsize=512)
def _signature(function: Function) -> inspect.Signature | None:
    """Return the signature of a function that can work in place; None of any other."""
    try:
        found = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return found if "inplace" in found.parameters else None


def _in_place(function: Function, arguments: Arguments, options: Options) -> inspect.BoundArguments | None:
    """Return the arguments by which a function that was asked to work in place does not; None where it was not."""
    signature = _signature(function)
    if signature is None:
        return None
    bound = signature.bind(*arguments, **options)
    if not bound.arguments.get("inplace"):
        return None
    bound.arguments["inplace"] = False
    return bound


def applied(function: type[torch.autograd.Function], *arguments: Any) -> torch.Tensor:
    """Return what a function with a gradient of its own gives."""
    result: torch.Tensor = function.apply(*arguments)
    return result


def on_the_way(*values: Any) -> bool:
    """Return whether any tensor in these depends on what is explained."""
    return any(isinstance(value, torch.Tensor) and value.requires_grad for value in tree_leaves(values))


def name_of_step(name: str) -> str:
    """Return what a reader knows a step by: PyTorch's module that takes it, where one does, or the function's name."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_locals.get("self")
        if isinstance(module, torch.nn.Module):
            is_torchs = type(module).__module__.startswith("torch.nn.modules")
            return type(module).__name__ if is_torchs else name
        frame = frame.f_back
    return name
