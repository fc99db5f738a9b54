"""Anybody's function as a method: `module:function`, found beside the configuration or where Python looks.

It is called as ours are, `function(model, images, targets, **parameters)`, and gives maps (N, T, H, W).
"""

import inspect
from pathlib import Path
from typing import Any

import torch
from torch import nn

from explainers.errors import UserError
from explainers.models.code import code_of, imported
from explainers.record import Record


def function_record(name: str, folder: Path | None = None) -> Record:
    """Return the record of a function named by its module; a UserError where there is none of that kind."""
    module_name, _, function_name = name.partition(":")
    try:
        own = getattr(imported(module_name, folder), function_name)
    except (ImportError, AttributeError) as error:
        raise UserError(f"method {name!r}: cannot be imported: {error}.") from None
    found = list(inspect.signature(own).parameters.values()) if callable(own) else []
    given, rest = found[:3], [one for one in found[3:] if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    if len(given) < 3 or any(one.kind not in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in given):
        raise UserError(f"method {name!r}: expected a function of (model, images, targets, …parameters).")

    def function(model: nn.Module, images: torch.Tensor, targets: torch.Tensor, **parameters: Any) -> torch.Tensor:
        return _checked(own(model, images, targets, **parameters), images, targets, name)

    kinds = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in rest]
    function.__signature__ = inspect.Signature([*given, *kinds])  # type: ignore[attr-defined]
    described = (inspect.getdoc(own) or "").partition("\n")[0]
    return Record(
        function=function,
        title=function_name.replace("_", " ").capitalize(),
        paper=described or f"{name}, a function of the researcher's own",
        parameters={one.name: f"As {name} takes it." for one in rest},
        needs=("gradients",),
        signed=True,
        code=code_of(module_name),
    )


def _checked(maps: Any, images: torch.Tensor, targets: torch.Tensor, name: str) -> torch.Tensor:
    found: torch.Tensor = torch.as_tensor(maps).to(images.device)
    expected = (len(images), targets.shape[1], *images.shape[-2:])
    if found.ndim == 3 and targets.shape[1] == 1:
        found = found[:, None]
    if tuple(found.shape) != expected:
        raise UserError(f"method {name!r}: expected maps (N, T, H, W), here {expected}; it gives {tuple(found.shape)}.")
    return found
