"""The attention of a vision transformer's tokens to each other, block by block, however the network computes it.

PyTorch's functions are intercepted: its fused attention, its attention module, and a softmax that is taken by hand.
"""

import inspect
import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.overrides import TorchFunctionMode

from explainers.errors import UserError
from explainers.networks.internals.maps import patch_grid
from explainers.targets import pick

_OF_MODULE = inspect.signature(F.multi_head_attention_forward)


@dataclass(frozen=True)
class _Weights:
    """One block's attention: its values (N, heads, L, L), and where its gradient is taken."""

    values: torch.Tensor
    edge: GradientEdge


class Attention:
    """One forward pass (N images) with gradients, after which each block's attention, and its gradients, can be asked.

    `weights` are (N, heads, L, L), the first block's first: row i says how much token i takes from each token. The
    output of an image depends on the tokens `read` (L,), bool, of the last block; patches are a `grid` of tokens that
    follow the others.
    """

    def __init__(self, model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> None:
        self._images = images
        leaf = images.detach().clone().requires_grad_()
        with _Watching() as watching, torch.enable_grad():
            self._scores = pick(model(leaf), targets)
        _refuse_others(watching.found, len(images))
        self._edges = [one.edge for one in watching.found]
        self.weights = [one.values for one in watching.found]
        n_tokens = self.weights[-1].shape[-1]
        grid = patch_grid(model, n_tokens, images, strictly=True)
        if grid is None:
            raise UserError(f"model: how its {n_tokens} tokens lie in the image is not known.")
        self.grid, self._n_before = grid, n_tokens - grid[0] * grid[1]
        (last,) = self._gradients(self._edges[-1:], self.weights[-1:])
        self.read = last.abs().sum(dim=(0, 1, 2, 4)) > 0
        if not self.read.any():
            raise UserError("model: its outputs do not depend on the attention of its last block.")

    def gradients(self) -> list[torch.Tensor]:
        """Return ∂y/∂A of each block, y the targets' logits: (N, T, heads, L, L)."""
        return self._gradients(self._edges, self.weights)

    def _gradients(self, edges: list[GradientEdge], weights: list[torch.Tensor]) -> list[torch.Tensor]:
        found = []
        for t in range(self._scores.shape[1]):
            parts = torch.autograd.grad(self._scores[:, t].sum(), edges, retain_graph=True, allow_unused=True)
            found.append([_as_weights(part, like) for part, like in zip(parts, weights, strict=True)])
        return [torch.stack(of_block, dim=1) for of_block in zip(*found, strict=True)]

    def maps(self, flow: torch.Tensor) -> torch.Tensor:
        """Return what flows from the patches to the tokens that are read, (N, T, L, L), at the images' size."""
        of_patches = flow[..., self.read, :].mean(dim=-2)[..., self._n_before :]
        small = of_patches.unflatten(-1, self.grid)
        return F.interpolate(small, size=self._images.shape[-2:], mode="bilinear", align_corners=False)


def _as_weights(gradient: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(like) if gradient is None else gradient.reshape(like.shape)


def _refuse_others(found: list[_Weights], n_images: int) -> None:
    shapes = [tuple(one.values.shape) for one in found]
    if not shapes:
        raise UserError("model: no tokens attend to each other in it; attention is for vision transformers.")
    tokens = {shape[-2:] for shape in shapes}
    if len(tokens) > 1 or any(rows != columns for rows, columns in tokens):
        kinds = ", ".join(f"{rows} × {columns}" for rows, columns in sorted(tokens))
        raise UserError(
            f"model: its attention is among different tokens ({kinds}), so it does not lead from block to block."
        )
    if any(shape[0] != n_images for shape in shapes):
        raise UserError("model: its attention stays within windows, so it does not lead from block to block.")


class _Watching(TorchFunctionMode):
    """Notes the attention of each block that tokens pay to tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[_Weights] = []

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, kwargs = getattr(function, "__name__", ""), kwargs or {}
        if name == "scaled_dot_product_attention" and not kwargs.get("enable_gqa"):
            return self._fused(*args, **kwargs)
        if name == "multi_head_attention_forward":
            return self._of_module(function, _OF_MODULE.bind(*args, **kwargs))
        result = function(*args, **kwargs)
        if name == "softmax" and result.ndim == 4 and _axis(args, kwargs) in (-1, 3) and result.requires_grad:
            self.found.append(_Weights(result.detach(), get_gradient_edge(result)))
        return result

    def _fused(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> torch.Tensor:
        """The same in steps; a network in evaluation mode drops nothing out."""
        logits = query @ key.mT * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
        if is_causal:
            logits = logits.masked_fill(torch.ones_like(logits, dtype=torch.bool).triu(1), -torch.inf)
        if attn_mask is not None:
            hidden = attn_mask.dtype == torch.bool
            logits = logits.masked_fill(~attn_mask, -torch.inf) if hidden else logits + attn_mask
        weights = logits.softmax(dim=-1)
        if weights.ndim == 4 and weights.requires_grad:
            self.found.append(_Weights(weights.detach(), get_gradient_edge(weights)))
        return weights @ value

    def _of_module(self, function: Any, bound: inspect.BoundArguments) -> Any:
        """PyTorch's attention gives its weights as a view of what it goes on with; the gradient is taken below it."""
        asked = bound.arguments.get("need_weights", True), bound.arguments.get("average_attn_weights", True)
        bound.arguments |= {"need_weights": True, "average_attn_weights": False}
        output, weights = function(*bound.args, **bound.kwargs)
        if weights.requires_grad:
            node = weights.grad_fn
            while "Softmax" not in node.name():
                node = node.next_functions[0][0]
            self.found.append(_Weights(weights.detach(), GradientEdge(node, 0)))
        needed, averaged = asked
        return output, (weights.mean(dim=1) if averaged else weights) if needed else None


def _axis(args: Any, kwargs: Any) -> Any:
    return kwargs.get("dim", args[1] if len(args) > 1 else None)
