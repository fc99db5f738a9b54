"""The model in the form in which relevance rules apply: every step a module, batch norm folded, sums explicit.

zennit's rules are bound to module types. Functional activations, pools and additions would pass gradients instead of
relevance, and a module used twice would confuse its two inputs. zennit's own canonizers look for known block classes:
they fail on DenseNet, and on MobileNetV2 each unsplit addition doubles the relevance. This one reads the graph.
"""

import copy
import operator

import torch
import torch.nn.functional as F
from torch import fx, nn

from explainers import _torchvision  # noqa: F401  (zennit imports torchvision)
from explainers.errors import UserError
from explainers.networks.graph import ADDITIONS, fold_batch_norm, module_of, traced

from zennit.layer import Sum  # isort: skip
from zennit.types import Activation, AvgPool, BatchNorm, Linear, MaxPool  # isort: skip


class Affine(nn.Module):
    """A multiplication by or addition of a constant; relevance passes it unchanged."""

    def __init__(self, function, arguments):
        super().__init__()
        self.function, self.arguments = function, arguments

    def forward(self, x):
        return self.function(*(x if argument is None else argument for argument in self.arguments))


_ACTIVATIONS = {
    F.relu: nn.ReLU, torch.relu: nn.ReLU, "relu": nn.ReLU, "relu_": nn.ReLU,
    F.relu6: nn.ReLU6, F.silu: nn.SiLU, F.gelu: nn.GELU, F.hardswish: nn.Hardswish, F.elu: nn.ELU,
    F.leaky_relu: nn.LeakyReLU, torch.sigmoid: nn.Sigmoid, "sigmoid": nn.Sigmoid, torch.tanh: nn.Tanh, "tanh": nn.Tanh,
}  # fmt: skip
_AVERAGE_POOLS = {F.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d, F.avg_pool2d: nn.AvgPool2d}
_SCALINGS = {operator.mul, operator.imul, operator.sub, operator.truediv, torch.mul, "mul"}
_MEANS = {torch.mean, "mean"}
# Each output element is one input element, so that a gradient is relevance: views, choices, and what does nothing.
_PASSING = {
    torch.flatten, torch.cat, torch.stack, torch.reshape, torch.squeeze, torch.unsqueeze, torch.permute, torch.chunk,
    torch.split, torch.transpose, F.dropout, F.max_pool2d, F.adaptive_max_pool2d, torch.max_pool2d, operator.getitem,
    getattr, "flatten", "reshape", "view", "squeeze", "unsqueeze", "permute", "transpose", "contiguous", "size",
    "chunk", "split", "clone", "detach",
}  # fmt: skip
_KNOWN_MODULES = (
    Activation, AvgPool, BatchNorm, Linear, MaxPool, Sum, Affine,
    nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Flatten, nn.Unflatten, nn.ChannelShuffle,
)  # fmt: skip


def canonical(model: nn.Module) -> fx.GraphModule:
    """Return a canonical copy with the same outputs, to rounding; UserError names what has no relevance rule."""
    graph = traced(model)
    fold_batch_norm(graph)
    for number, node in enumerate(list(graph.graph.nodes)):
        if node.op in ("call_function", "call_method"):
            _as_module(graph, node, f"canonical_{number}")
    _separate(graph)
    _check(model, graph)
    graph.graph.lint()
    graph.recompile()
    return graph


def _as_module(graph, node, name):
    """Replace a functional step by a module that does the same."""
    tensors = [argument for argument in node.args if isinstance(argument, fx.Node)]
    if node.target in _ACTIVATIONS:
        options = {key: value for key, value in node.kwargs.items() if key != "inplace"}
        _replace(graph, node, name, _ACTIVATIONS[node.target](**options))
    elif node.target in _AVERAGE_POOLS:
        _replace(graph, node, name, _AVERAGE_POOLS[node.target](*node.args[1:], **node.kwargs))
    elif node.target in _MEANS and _is_over_space(node):
        keeps_axes = node.kwargs.get("keepdim", node.args[2:3] == (True,))
        _replace(graph, node, name, nn.AdaptiveAvgPool2d(1), flatten=not keeps_axes)
    elif node.target in ADDITIONS and len(tensors) == 2:
        with graph.graph.inserting_before(node):
            stacked = graph.graph.call_function(torch.stack, (tensors,), {"dim": -1})
        _replace(graph, node, name, Sum(dim=-1), stacked)
    elif node.target in ADDITIONS | _SCALINGS and len(tensors) == 1 and not isinstance(node.target, str):
        arguments = [None if isinstance(argument, fx.Node) else argument for argument in node.args]
        _replace(graph, node, name, Affine(node.target, arguments), tensors[0])


def _is_over_space(node):
    axes = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
    return isinstance(axes, list | tuple) and sorted(axis % 4 for axis in axes) == [2, 3]


def _replace(graph, node, name, module, source=None, flatten=False):
    graph.add_submodule(name, module)
    with graph.graph.inserting_before(node):
        new = graph.graph.call_module(name, (source if source is not None else node.args[0],))
        if flatten:
            new = graph.graph.call_function(torch.flatten, (new, 1))
    new.meta = dict(node.meta)  # which modules of the model the step belongs to
    node.replace_all_uses_with(new)
    graph.graph.erase_node(node)


def _separate(graph):
    """Give every call its own module and let none of them write into its input."""
    called = set()
    for number, node in enumerate(graph.graph.nodes):
        if node.op != "call_module":
            continue
        module = graph.get_submodule(node.target)
        if node.target in called:
            module = copy.deepcopy(module, {id(t): t for t in (*module.parameters(), *module.buffers())})
            node.target = f"again_{number}"
            graph.add_submodule(node.target, module)
        called.add(node.target)
        if hasattr(module, "inplace"):
            module.inplace = False


def _check(model, graph):
    """Refuse what has no relevance rule, modules (attention, layer norm) before plain functions."""
    modules, steps = {}, {}
    for node in graph.graph.nodes:
        module = module_of(graph, node)
        if module is not None and not isinstance(module, _KNOWN_MODULES):
            modules[repr(type(module).__name__)] = True
        if node.op in ("call_function", "call_method") and node.target not in _PASSING:
            steps[repr(getattr(node.target, "__name__", node.target))] = True
    if modules or steps:
        unknown = ", ".join([*modules, *steps][:4])
        raise UserError(
            f"model: no relevance rule is known for {unknown} in {type(model).__name__}. LRP and excitation backprop "
            "need a network of convolutions, linear layers, pooling, activations and additions."
        )
