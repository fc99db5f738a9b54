"""Activations as maps (…, C, h, w): channels last, or tokens of patches after a class token and registers.

Which of two axes are the places, the image's proportions tell; where they leave it open, the step that made them.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.autograd.graph import Node

from explainers.errors import UserError, near
from explainers.parameters import Reshape

Reading: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""From a layer's activations, or gradients (…, as activations[0]), to maps (…, C, h, w)."""

LAYOUTS = ("channels_first", "channels_last")
_MOST_EXTRA = 32  # tokens before those of the patches: class tokens and registers
_CHANNELS_FIRST = ("Convolution", "BatchNorm", "Pool", "GroupNorm", "Upsample", "Cat")
_CHANNELS_LAST = ("LayerNorm", "Addmm", "Mm", "Linear", "UnsafeView")
_HOW = (
    'Give reshape = "channels_first", "channels_last", {"skip": tokens before the patches, "grid": [rows, columns]}, '
    "or a function that returns (N, C, H, W)."
)


def map_reader(
    model: nn.Module, module: nn.Module, activations: torch.Tensor, images: torch.Tensor, reshape: Reshape = None
) -> Reading:
    """Return a function from a layer's activations, or gradients (…, as activations[0]), to maps (…, C, h, w).

    `reshape` says how, where it is known: one of LAYOUTS, {"skip": k, "grid": [h, w]} of tokens, or a function from
    (N, …) to (N, C, h, w).
    """
    if callable(reshape):
        return lambda values: _by_function(reshape, values, activations.ndim - 1)
    if isinstance(reshape, dict):
        return _grid_reader(activations, reshape)
    if reshape is not None and reshape not in LAYOUTS:
        raise UserError(f"reshape: there is no {reshape!r}.{near(reshape, LAYOUTS)} {_HOW}")
    if activations.ndim == 3 and reshape is None:
        return _token_reader(model, module, activations, images)
    if activations.ndim != 4:
        raise UserError(f"layer: expected activations (N, C, H, W), found {tuple(activations.shape)}. {_HOW}")
    layout = reshape or _layout(model, module, activations, images)
    return (lambda values: values) if layout == "channels_first" else lambda values: values.movedim(-1, -3)


def _by_function(reshape: Reading, values: torch.Tensor, n_axes: int) -> torch.Tensor:
    flat = values.flatten(0, -n_axes - 1) if values.ndim > n_axes + 1 else values
    found = reshape(flat)
    if not isinstance(found, torch.Tensor) or found.ndim != 4:
        raise UserError(f"reshape: expected a function that returns (N, C, H, W). {_HOW}")
    return found.reshape(*values.shape[:-n_axes], *found.shape[1:])


def _grid_reader(activations: torch.Tensor, reshape: dict[str, Any]) -> Reading:
    try:
        skip, (height, width) = int(reshape.get("skip", 0)), reshape["grid"]
    except (KeyError, TypeError, ValueError):
        raise UserError(f"reshape: found {reshape!r}. {_HOW}") from None
    if activations.ndim != 3 or activations.shape[1] != skip + height * width:
        raise UserError(
            f"reshape: {skip} + {height} × {width} tokens were said, but the layer gives {tuple(activations.shape)}."
        )
    return lambda values: values[..., skip:, :].unflatten(-2, (height, width)).movedim(-1, -3)


def _token_reader(model: nn.Module, module: nn.Module, activations: torch.Tensor, images: torch.Tensor) -> Reading:
    grid = patch_grid(model, activations.shape[1], images)
    if grid is None:
        raise UserError(
            f"layer: {type(module).__name__} gives {tuple(activations.shape)}, and how its tokens lie in the image is "
            f"not known. {_HOW}"
        )
    return _grid_reader(activations, {"skip": activations.shape[1] - grid[0] * grid[1], "grid": grid})


def patch_grid(model: nn.Module, n_tokens: int, images: torch.Tensor, strictly: bool = False) -> tuple[int, int] | None:
    """Return rows and columns of the patches: of the finest map that a convolution gives, or of the image's shape.

    None where neither fits; `strictly` where no convolution's fits and there are some.
    """
    grids = _grids(model, images)
    found = [grid for grid in grids if 0 <= n_tokens - grid[0] * grid[1] <= _MOST_EXTRA]
    if found:
        return max(found, key=lambda grid: grid[0] * grid[1])
    if strictly and grids:
        return None
    height, width = images.shape[-2:]
    for n in range(n_tokens, max(1, n_tokens - _MOST_EXTRA), -1):
        rows = round((n * height / width) ** 0.5)
        if rows and n % rows == 0 and rows * width == n // rows * height:
            return rows, n // rows
    return None


@torch.no_grad()
def _grids(model: nn.Module, images: torch.Tensor) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []

    def note(_module: nn.Module, _inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4:
            found.append((output.shape[2], output.shape[3]))

    handles = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, nn.Conv2d)]
    try:
        model(images[:1])
    finally:
        for handle in handles:
            handle.remove()
    return [grid for grid in found if grid[0] * grid[1] > 1]


def _layout(model: nn.Module, module: nn.Module, activations: torch.Tensor, images: torch.Tensor) -> str:
    first, last = activations.shape[2:4], activations.shape[1:3]
    errors = [_disproportion(size, images) for size in (first, last)]
    if errors[0] != errors[1]:
        return LAYOUTS[errors.index(min(errors))]
    return _layout_by_origin(model, module, images)


def _disproportion(size: torch.Size, images: torch.Tensor) -> float:
    """Return by how many pixels a map of this size (h, w) is off the image's proportions; none larger than it."""
    height, width = images.shape[-2:]
    if size[0] > height or size[1] > width:
        return float("inf")
    return abs(size[0] * width - size[1] * height) / max(height, width)


def _layout_by_origin(model: nn.Module, module: nn.Module, images: torch.Tensor) -> str:
    """Return the layout that the step makes from which the module's output comes."""
    found: list[Node | None] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: found.append(output.grad_fn))
    try:
        with torch.enable_grad():
            model(images[:1].detach().clone().requires_grad_())
    finally:
        handle.remove()
    waiting, seen = [found[-1]] if found else [], set[Node]()
    while waiting:
        node = waiting.pop(0)
        if node is None or node in seen:
            continue
        seen.add(node)
        dims: tuple[int, ...] = getattr(node, "_saved_dims", ())  # of a permutation
        if "Permute" in node.name() and len(dims) == 4:
            return "channels_last" if tuple(axis % 4 for axis in dims) == (0, 2, 3, 1) else "channels_first"
        for layout, names in zip(LAYOUTS, (_CHANNELS_FIRST, _CHANNELS_LAST), strict=True):
            if any(name in node.name() for name in names):
                return layout
        waiting += [other for other, _ in node.next_functions]
    return "channels_first"
