"""LRP's z⁺ rule as one step of autograd, for the layers that take nearly all of its time.

zennit's hooks compute the layer's gradient first, replace it, and treat positive and negative inputs apart although
after a ReLU there are none below zero: six convolutions per layer. Here it takes three, with the same result.
"""

import torch
from torch import fx, nn

from explainers import _torchvision  # noqa: F401  (zennit imports torchvision)
from explainers.networks.convolution import Geometry, convolve, input_gradient
from explainers.networks.graph import module_of

from zennit.layer import Sum  # isort: skip
from zennit.types import Activation, Linear  # isort: skip

_STABILISER = 1e-6  # zennit's


def quicken(graph: fx.GraphModule, flat_first: bool) -> None:
    """Let a canonical graph's activations pass relevance and its convolutions split it by the z⁺ rule, in place.

    What zennit's composites `epsilon_plus` and `epsilon_plus_flat` say of these layers; the other layers, with
    `flat_first` the first one with weights among them, are left to zennit.
    """
    left = [graph.get_submodule(_first_weighted(graph))] if flat_first else []
    for node in list(graph.graph.nodes):
        module = module_of(graph, node)
        if isinstance(module, Activation):
            graph.set_submodule(node.target, _Step(_Pass, module))
        elif isinstance(module, nn.Conv2d) and _pads_plainly(module) and module not in left:
            graph.set_submodule(node.target, _Step(_Plus, module))
        elif isinstance(module, Sum):
            stacked = node.args[0]
            with graph.graph.inserting_before(node):
                node.replace_all_uses_with(graph.graph.call_function(_sum, tuple(stacked.args[0])))
            graph.graph.erase_node(node)
            graph.graph.erase_node(stacked)
    graph.delete_all_unused_submodules()
    graph.recompile()


def _pads_plainly(convolution):
    return convolution.padding_mode == "zeros" and not isinstance(convolution.padding, str)


def _first_weighted(graph):
    return next(name for name, module in graph.named_modules() if isinstance(module, Linear))


class _Step(nn.Module):
    """A module whose backward pass hands back relevance; the module is hidden, so that no rule is bound to it."""

    def __init__(self, function, module):
        super().__init__()
        self.function, self.hidden = function, (module,)

    def forward(self, x):
        return self.function.apply(x, self.hidden[0])


class _Pass(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, activation):
        return activation(x)

    @staticmethod
    def backward(ctx, relevance):
        return relevance, None


def _sum(a, b):
    return _Share.apply(a, b)


class _Share(torch.autograd.Function):
    """A sum of two hands relevance to both in proportion; zennit's rule `Norm` without stacking them."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a + b

    @staticmethod
    def backward(ctx, relevance):
        a, b = ctx.saved_tensors
        total = a + b
        shared = relevance / (total + torch.where(total < 0, -_STABILISER, _STABILISER))
        return a * shared, b * shared


class _Plus(torch.autograd.Function):
    """Kohlbrenner et al. 2020: relevance goes to the contributions above zero, in proportion."""

    @staticmethod
    def forward(ctx, x, convolution):
        ctx.x, ctx.convolution, ctx.parts = x.detach(), convolution, None
        return convolve(x, convolution.weight, convolution.bias, *_geometry(convolution))

    @staticmethod
    def backward(ctx, relevance):
        if ctx.parts is None:  # further targets find them made
            ctx.parts, ctx.total = _positive_parts(ctx.x, ctx.convolution)
        shared, geometry = relevance / ctx.total, _geometry(ctx.convolution)
        first, *second = (input_gradient(shared, part, weight, geometry).mul_(part) for part, weight in ctx.parts)
        return sum(second, start=first), None


def _positive_parts(x, convolution):
    """Return inputs with the weights that make them contribute positively, and the sum of all contributions."""
    weight, bias = convolution.weight.detach(), convolution.bias
    bias = None if bias is None else bias.detach().clamp(min=0)
    is_signed = float(x.amin()) < 0  # `min` would copy what has its channels last
    parts = [(x.clamp(min=0) if is_signed else x, weight.clamp(min=0))]
    total = convolve(*parts[0], bias, *_geometry(convolution))
    if is_signed:
        parts.append((x.clamp(max=0), weight.clamp(max=0)))
        total = total + convolve(*parts[1], None, *_geometry(convolution))
    return parts, total.add_(_STABILISER)


def _geometry(convolution):
    c = convolution
    return Geometry(c.stride, c.padding, c.dilation, c.groups)
