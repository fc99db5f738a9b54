"""LRP's rules for transformers and gates: products of activations, softmax and layer norm.

Achtibat, Hatefi, Dreyer, Jain, Wiegand, Lapuschkin, Samek 2024, "AttnLRP: Attention-Aware Layer-Wise Relevance
Propagation for Transformers", ICML, section 3.3.
"""

import inspect
import math
from typing import Any

import torch
import torch.nn.functional as F

from explainers import _torchvision  # noqa: F401  (zennit imports torchvision)
from explainers.networks.propagation.relevance import Relevance
from explainers.networks.steps import Arguments, Function, Options, applied, on_the_way

from zennit.core import stabilize  # isort: skip

_PRODUCTS = {"matmul", "__matmul__", "bmm"}
_NORMS = {"layer_norm", "group_norm", "rms_norm"}
_OF_MODULE = inspect.signature(F.multi_head_attention_forward)
_UNKNOWN = ("bias_k", "bias_v", "key_padding_mask", "static_k", "static_v")  # of PyTorch's attention


class AttentionRelevance(Relevance):
    """Runs a model so that gradients are relevance, with a rule for what multiplies activations by each other."""

    hint = ""

    def _known(self, name: str, function: Function, arguments: Arguments, options: Options) -> Any:
        if name == "scaled_dot_product_attention":
            return self._attended(*arguments, **options)
        if name == "multi_head_attention_forward":
            return self._of_module(_OF_MODULE.bind(*arguments, **options).arguments)
        first: Any = arguments[0] if arguments else options.get("input")
        if name == "softmax":
            axis = options.get("dim", arguments[1] if len(arguments) > 1 else None)
            return None if axis is None else applied(_Softmax, first, axis)
        if name in _NORMS:
            return self.passed(first, _value(function, arguments, options))
        two = arguments[:2] if len(arguments) > 1 and all(map(on_the_way, arguments[:2])) else None
        if two is not None and name in _PRODUCTS and two[0].shape[:-2] == two[1].shape[:-2]:
            return applied(_Product, *two)
        if two is not None and name in ("mul", "multiply", "__mul__"):
            value = _value(function, arguments, options)
            return applied(_Uniform, *(part.expand_as(value) for part in two), (value,))
        return super()._known(name, function, arguments, options)

    def _attended(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> torch.Tensor | None:
        """Return fused attention, step by step; a network in evaluation mode drops nothing out."""
        if is_causal or enable_gqa:
            return None
        scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
        return applied(_Product, self._weights(query, key, scale, attn_mask), value)

    def _weights(self, query: torch.Tensor, key: torch.Tensor, scale: float, mask: torch.Tensor | None) -> torch.Tensor:
        products = applied(_Product, query, key.mT)
        logits = products.detach() * scale
        if mask is not None:
            logits = logits.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else logits + mask
        return applied(_Softmax, self.passed(products, logits), -1)

    def _of_module(self, given: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor | None] | None:
        """Return PyTorch's attention of (L, N, E) and its weights, step by step."""
        if given["query"].ndim != 3 or given["add_zero_attn"] or any(given.get(name) is not None for name in _UNKNOWN):
            return None
        bias = given["in_proj_bias"]
        biases = [None] * 3 if bias is None else bias.chunk(3)
        if given.get("use_separate_proj_weight"):
            weights = [given[f"{which}_proj_weight"] for which in "qkv"]
        else:
            weights = given["in_proj_weight"].chunk(3)
        taken = [
            self._weighted("linear", F.linear, (given[name], *own), {})
            for name, own in zip(("query", "key", "value"), zip(weights, biases, strict=True), strict=True)
        ]
        projected = [x for x in taken if x is not None]
        if len(projected) < 3:
            return None
        heads = given["num_heads"]
        query, key, value = (x.unflatten(-1, (heads, -1)).permute(1, 2, 0, 3) for x in projected)  # (N, h, L, d)
        attention = self._weights(query, key, 1 / math.sqrt(query.shape[-1]), given.get("attn_mask"))
        mixed = applied(_Product, attention, value).permute(2, 0, 1, 3).flatten(2)
        output = self._weighted("linear", F.linear, (mixed, given["out_proj_weight"], given["out_proj_bias"]), {})
        if output is None:
            return None
        if not given.get("need_weights", True):
            return output, None
        return output, attention.mean(dim=1) if given.get("average_attn_weights", True) else attention


@torch.no_grad()
def _value(function: Function, arguments: Arguments, options: Options) -> Any:
    return function(*arguments, **options)


class _Product(torch.autograd.Function):
    """Proposition 3.3 and equation 14: half to each factor, in proportion to the products that make the output."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        output = a @ b
        ctx.save_for_backward(a, b, output)
        return output

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        a, b, output = ctx.saved_tensors
        shared = relevance / (2 * stabilize(output))
        return a * (shared @ b.mT), b * (a.mT @ shared)


class _Uniform(torch.autograd.Function):
    """Proposition 3.2: of a product of two, half to each."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor, values: tuple[torch.Tensor]) -> torch.Tensor:
        return values[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        return relevance / 2, relevance / 2, None


class _Softmax(torch.autograd.Function):
    """Proposition 3.1: x_i (R_i − s_i Σ_j R_j), the Taylor expansion at x; what the output's size adds is lost."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, axis: int) -> torch.Tensor:
        output = x.softmax(axis)
        ctx.save_for_backward(x, output)
        ctx.axis = axis
        return output

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None]:
        x, output = ctx.saved_tensors
        kept = relevance - output * relevance.sum(dim=ctx.axis, keepdim=True)
        return torch.where(x.isfinite(), x, 0) * kept, None
