"""LRP's rules on the steps that a network takes: zennit's, and the z⁺ rule as one step of autograd.

The z⁺ rule takes nearly all of the time. zennit computes the layer's gradient first, replaces it, and treats positive
and negative inputs apart although after a ReLU there are none below zero: six convolutions per layer. Here it takes
three, with the same result.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from explainers import _torchvision  # noqa: F401  (zennit imports torchvision)
from explainers.errors import UserError
from explainers.networks.convolution import convolve
from explainers.networks.input_gradients import input_gradient
from explainers.networks.kernels import Geometry, pair
from explainers.networks.propagation.contributions import Contributions, Weighted
from explainers.networks.steps import applied

from zennit.composites import LayerMapComposite  # isort: skip
from zennit.core import BasicHook, stabilize  # isort: skip
from zennit.rules import ZBox, ZPlus  # isort: skip


class Relevance(Contributions):
    """Runs a model so that gradients are relevance, by the rules of a zennit composite."""

    hint = ' The composite "attnlrp" has rules for attention, layer norm and gates.'

    def __init__(self, model: nn.Module, composite: LayerMapComposite, images: torch.Tensor) -> None:
        super().__init__(model)
        self.composite, self.images, self._visited = composite, images, dict[str, Any]()
        self._rules: dict[int, tuple[BasicHook, torch.Tensor | None]] = {}

    def weighted(self, layer: Weighted, x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        rule = self._rule(layer, x)
        if isinstance(rule, ZPlus) and layer.is_plain_convolution and x.ndim == 4:
            return applied(_Plus, x, layer, (value,))
        return applied(_Ruled, x, rule.copy(), _module(layer), (value,))

    def _rule(self, layer: Weighted, x: torch.Tensor) -> BasicHook:
        """Return the composite's rule: another for the first layer; the same for a layer with batch norm folded in."""
        if id(layer.given) not in self._rules:
            blank = layer.kind.__new__(layer.kind)
            rule = self.composite.mapping(self._visited, "", blank)
            if isinstance(rule, ZBox) and not torch.equal(x, self.images):
                raise UserError(
                    "composite: epsilon_gamma_box bounds the pixels that the first layer sees, and this network "
                    "changes the picture before; choose another composite."
                )
            self._rules[id(layer.given)] = rule, layer.given  # kept, so that nothing else gets its place in memory
        return self._rules[id(layer.given)][0]

    def added(self, parts: list[torch.Tensor], value: torch.Tensor) -> torch.Tensor:
        return applied(_Share, *parts, (value,))

    def averaged(
        self, function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, value: torch.Tensor
    ) -> torch.Tensor:
        return applied(_Averaged, x, function, (value,))

    def passed(self, x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return applied(_Pass, x, (value,))


def _module(layer: Weighted) -> nn.Module:
    """Return the layer as the module that zennit's rules change the weights of."""
    module = _Layer.__new__(_Layer)
    nn.Module.__init__(module)
    module.layer = layer
    module.weight = nn.Parameter(layer.weight, requires_grad=False)
    module.bias = None if layer.bias is None else nn.Parameter(layer.bias, requires_grad=False)
    return module


class _Layer(nn.Module):
    layer: Weighted
    weight: nn.Parameter
    bias: nn.Parameter | None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x, self.weight, self.bias)


class _Ruled(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, rule: BasicHook, module: nn.Module, values: tuple[torch.Tensor]
    ) -> torch.Tensor:
        ctx.x, ctx.rule, ctx.module = x.detach(), rule, module
        return values[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        ctx.rule.stored_tensors["input"] = (ctx.x,)
        (found,) = ctx.rule.backward(ctx.module, (ctx.x,), (relevance,))
        return found, None, None, None


class _Pass(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, values: tuple[torch.Tensor]) -> torch.Tensor:
        return values[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None]:
        return relevance, None


class _Averaged(torch.autograd.Function):
    """A linear step without weights hands relevance to its inputs in proportion; zennit's rule `Norm`."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, function: Callable[[torch.Tensor], torch.Tensor], values: tuple[torch.Tensor]
    ) -> torch.Tensor:
        ctx.x, ctx.function = x.detach(), function
        return values[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        with torch.enable_grad():
            leaf = ctx.x.clone().requires_grad_()
            output = ctx.function(leaf)
        (gradient,) = torch.autograd.grad(output, leaf, relevance / stabilize(output.detach()))
        return leaf.detach() * gradient, None, None


class _Share(torch.autograd.Function):
    """A sum of two hands relevance to both in proportion; zennit's rule `Norm` without stacking them."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor, values: tuple[torch.Tensor]) -> torch.Tensor:
        ctx.parts = a.detach(), b.detach()
        return values[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        a, b = ctx.parts
        shared = relevance / stabilize(a + b)
        return a * shared, b * shared, None


class _Plus(torch.autograd.Function):
    """Kohlbrenner et al. 2020: relevance goes to the contributions above zero, in proportion."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, layer: Weighted, values: tuple[torch.Tensor]) -> torch.Tensor:
        ctx.x, ctx.layer, ctx.parts = x.detach(), layer, None
        return values[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        if ctx.parts is None:  # further targets find them made
            ctx.parts, ctx.total = _positive_parts(ctx.x, ctx.layer)
        shared, geometry = relevance / ctx.total, _geometry(ctx.layer)
        first, *second = (input_gradient(shared, part, weight, geometry).mul_(part) for part, weight in ctx.parts)
        return sum(second, start=first), None, None


def _positive_parts(x: torch.Tensor, layer: Weighted) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], torch.Tensor]:
    """Return inputs with the weights that make them contribute positively, and the sum of all contributions."""
    bias = None if layer.bias is None else layer.bias.clamp(min=0)
    stride, padding, dilation, groups = _geometry(layer)
    is_signed = float(x.amin()) < 0  # `min` would copy what has its channels last
    parts = [(x.clamp(min=0) if is_signed else x, layer.weight.clamp(min=0))]
    total = convolve(*parts[0], bias, stride, padding, dilation, groups)
    if is_signed:
        parts.append((x.clamp(max=0), layer.weight.clamp(max=0)))
        total = total + convolve(*parts[1], None, stride, padding, dilation, groups)
    return parts, stabilize(total)


def _geometry(layer: Weighted) -> Geometry:
    settings = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, **layer.settings}
    stride, padding, dilation = (pair(settings[name]) for name in ("stride", "padding", "dilation"))
    return Geometry(stride, padding, dilation, settings["groups"])
