"""LRP's rules on the steps that a network takes: zennit's, and the z⁺ rule as one step of autograd."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.utils.weak import WeakTensorKeyDictionary

from explainers import _torchvision  # noqa: F401  (zennit imports torchvision)
from explainers.errors import UserError
from explainers.networks.propagation.contributions import Contributions, Weighted
from explainers.networks.propagation.positive import EPSILON, Positive
from explainers.networks.steps import applied

from zennit.composites import LayerMapComposite  # isort: skip
from zennit.core import BasicHook  # isort: skip
from zennit.rules import ZBox, ZPlus  # isort: skip


_made_of: WeakKeyDictionary[nn.Module, WeakTensorKeyDictionary] = WeakKeyDictionary()  # by a weight, its parts


class Relevance(Contributions):
    """Runs a model so that gradients are relevance, by the rules of a zennit composite.

    `stays` says that nobody changes the model's weights, so that what is made of them may be kept for other images.
    """

    hint = ' The composite "attnlrp" has rules for attention, layer norm and gates.'

    def __init__(
        self, model: nn.Module, composite: LayerMapComposite, images: torch.Tensor, stays: bool = False
    ) -> None:
        super().__init__(model)
        self._made = _made_of.setdefault(model, WeakTensorKeyDictionary()) if stays else None
        self.composite, self.images, self._visited = composite, images, dict[str, Any]()
        self._rules: dict[int, tuple[BasicHook, torch.Tensor | None]] = {}

    def weighted(self, layer: Weighted, x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        rule = self._rule(layer, x)
        if isinstance(rule, ZPlus) and layer.is_plain_convolution and x.ndim == 4:
            return applied(_Plus, x, self._positive(layer), (value,))
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

    def _positive(self, layer: Weighted) -> Positive:
        """Return the layer's parts for the z⁺ rule; of weights that stay, those made before."""
        found = None if self._made is None or layer.given is None else self._made.get(layer.given)
        if found is None or not found.is_of(layer):
            found = Positive(layer)
            if self._made is not None and layer.given is not None:
                self._made[layer.given] = found
        return found

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
            leaf = ctx.x.detach().requires_grad_()
            output = ctx.function(leaf)
        (gradient,) = torch.autograd.grad(output, leaf, _per(relevance, output.detach()))
        return leaf.detach() * gradient, None, None


class _Share(torch.autograd.Function):
    """A sum of two hands relevance to both in proportion; zennit's rule `Norm` without stacking them."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor, values: tuple[torch.Tensor]) -> torch.Tensor:
        ctx.parts, ctx.total = (a.detach(), b.detach()), values[0]
        return values[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        a, b = ctx.parts
        shared = _per(relevance, ctx.total)
        return a * shared, b * shared, None


class _Plus(torch.autograd.Function):
    """Kohlbrenner et al. 2020: relevance goes to the contributions above zero, in proportion."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, layer: Positive, values: tuple[torch.Tensor]) -> torch.Tensor:
        ctx.x, ctx.layer, ctx.parts = x.detach(), layer, None
        return values[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        if ctx.parts is None:  # further targets find them made
            ctx.parts, ctx.total = ctx.layer.contributions(ctx.x)
        return ctx.layer.shares(relevance, ctx.parts, ctx.total), None, None


def _per(relevance: torch.Tensor, total: torch.Tensor) -> torch.Tensor:
    """Return relevance per unit of a sum that is kept from zero as zennit's `stabilize` does, in fewer steps."""
    return relevance / torch.copysign(total.new_tensor(EPSILON), total).add_(total)
