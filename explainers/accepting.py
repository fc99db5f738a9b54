"""What a parameter accepts, as its annotation says: anything else is refused in words before a method begins."""

import inspect
import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
import torch

from explainers.parameters import Bounds

_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    types.NoneType: "nothing",
    torch.Tensor: "a tensor",
    torch.Generator: "a torch.Generator",
    torch.nn.Module: "a module",
}


def unaccepted(function: Callable[..., Any], parameters: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield each parameter whose value its annotation excludes, and what is expected, in words."""
    known = inspect.signature(function).parameters
    for name, value in parameters.items():
        annotation = known[name].annotation if name in known else inspect.Parameter.empty
        if not _accepts(annotation, value):
            yield name, _in_words(annotation)


def _accepts(annotation: Any, value: Any) -> bool:
    """Return whether a value is one of those that an annotation describes; what it doesn't know, it accepts."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _accepts(inner[0], value) and all(one.hold(value) for one in inner[1:] if isinstance(one, Bounds))
    if origin in (Union, types.UnionType):
        return any(_accepts(one, value) for one in inner)
    if origin is Callable:
        return callable(value)
    if origin in (Sequence, tuple, list):
        return _are_accepted(inner[0] if inner else Any, value)
    if origin in (Mapping, dict):
        return isinstance(value, Mapping)
    if annotation is bool:
        return isinstance(value, bool | np.bool_)
    if annotation is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if annotation is float:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if annotation is None or annotation is types.NoneType:
        return value is None
    return not isinstance(annotation, type) or annotation is inspect.Parameter.empty or isinstance(value, annotation)


def _are_accepted(annotation: Any, values: Any) -> bool:
    if isinstance(values, torch.Tensor | np.ndarray):
        values = values.tolist()
    return (
        isinstance(values, Sequence)
        and not isinstance(values, str | bytes)
        and all(_accepts(annotation, one) for one in values)
    )


def _in_words(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return " ".join([_in_words(inner[0]), *(one.in_words() for one in inner[1:] if isinstance(one, Bounds))])
    if origin in (Union, types.UnionType):
        return " or ".join(_in_words(one) for one in inner)
    if origin in (Sequence, tuple, list):
        return f"a list of {_in_words(inner[0]).removeprefix('a ')}s"
    if origin in (Mapping, dict):
        return "a table"
    if origin is Callable:
        return "a function"
    return _WORDS[annotation] if annotation in _WORDS else str(getattr(annotation, "__name__", annotation))
