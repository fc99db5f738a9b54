"""A model as a torch.fx graph, in which batch norm is folded and convolutions take the steps that follow them."""

import operator
from collections import Counter
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from explainers.networks.convolution import IDENTITY, RELU, RELU6, Activation, Convolution
from explainers.networks.kernels import has_operator

ADDITIONS = {operator.add, operator.iadd, torch.add, "add", "add_"}
_IN_PLACE = {operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.setitem}
_ACTIVATIONS = {
    nn.ReLU: RELU, F.relu: RELU, torch.relu: RELU, torch.relu_: RELU, "relu": RELU, "relu_": RELU,
    nn.ReLU6: RELU6, F.relu6: RELU6,
}  # fmt: skip


def is_hooked(model: nn.Module) -> bool:
    """Return whether any of the modules has hooks, which a graph would leave out."""
    every = torch.nn.modules.module
    if every._global_forward_hooks or every._global_forward_pre_hooks or every._global_backward_hooks:
        return True
    return any(
        module._forward_hooks or module._forward_pre_hooks or module._backward_hooks or module._backward_pre_hooks
        for module in model.modules()
    )


def graph_of(model: nn.Module) -> fx.GraphModule | None:
    """Return a graph that calls this very model's modules; None of one that cannot be traced or has hooks.

    It cannot where its flow depends on its input's values.
    """
    if is_hooked(model):
        return None
    try:
        graph = fx.symbolic_trace(model)
    except Exception:  # whatever a user's forward pass makes of a symbolic input
        return None
    _reshape_where_it_views(graph)
    return graph


def _reshape_where_it_views(graph: fx.GraphModule) -> None:
    """Let the graph take inputs in any memory layout: `view` refuses what `reshape` copies."""
    for node in graph.graph.nodes:
        if node.op == "call_method" and node.target == "view" and not isinstance(node.args[1], torch.dtype):
            node.target = "reshape"
    graph.recompile()


def module_of(graph: fx.GraphModule, node: Any) -> nn.Module | None:
    """Return the module that a node calls, None for any other node."""
    is_call = isinstance(node, fx.Node) and node.op == "call_module"
    return graph.get_submodule(node.target) if is_call else None


def is_in_place(graph: fx.GraphModule, node: fx.Node) -> bool:
    """Return whether a node writes its result over its input."""
    is_named = node.target in _IN_PLACE or (node.op == "call_method" and str(node.target).endswith("_"))
    return bool(is_named or node.kwargs.get("inplace") or getattr(module_of(graph, node), "inplace", False))


def fold_batch_norm(graph: fx.GraphModule) -> None:
    """Fold each batch norm into the convolution it alone follows, by dataflow and not by the modules' order."""
    calls = Counter(node.target for node in graph.graph.nodes if node.op == "call_module")
    for node in list(graph.graph.nodes):
        before: Any = node.args[0] if node.args else None
        norm = module_of(graph, node)
        convolution = module_of(graph, before)
        if type(norm) is not nn.BatchNorm2d or type(convolution) is not nn.Conv2d:  # a subclass may do as it likes
            continue
        alone = len(before.users) == 1 and calls[before.target] == 1 and calls[node.target] == 1
        if alone and norm.running_mean is not None:
            graph.set_submodule(before.target, fuse_conv_bn_eval(convolution, norm))
            node.replace_all_uses_with(before)
            graph.graph.erase_node(node)
    graph.delete_all_unused_submodules()
    graph.recompile()


def fuse_convolutions(graph: fx.GraphModule) -> None:
    """Let each convolution do the addition and the ReLU or ReLU6 that alone follow it; on a CPU."""
    for number, node in enumerate(list(graph.graph.nodes)):
        layer = module_of(graph, node)
        if type(layer) is not nn.Conv2d or isinstance(layer.padding, str) or layer.padding_mode != "zeros":
            continue
        if node.kwargs or not has_operator(layer.weight.device, layer.weight.dtype):
            continue
        inputs, place, steps = node.args, node, [node]
        addition = _only_user(node)
        if addition is not None and (other := _added(graph, node, addition)) is not None:
            inputs, place = (*inputs, other), addition
            steps.append(addition)
        activation = activation_of(graph, _only_user(steps[-1]))
        if activation is RELU or (activation is RELU6 and len(steps) == 1):
            steps.append(_only_user(steps[-1]))
        else:
            activation = IDENTITY
        graph.add_submodule(f"fused_{number}", Convolution.of(layer, activation))
        with graph.graph.inserting_before(place):
            fused = graph.graph.call_module(f"fused_{number}", inputs)
        steps[-1].replace_all_uses_with(fused)
        for step in reversed(steps):
            graph.graph.erase_node(step)
    graph.delete_all_unused_submodules()
    graph.recompile()


def _only_user(node: fx.Node) -> fx.Node | None:
    return next(iter(node.users)) if len(node.users) == 1 else None


def activation_of(graph: fx.GraphModule, node: fx.Node | None) -> Activation | None:
    """Return which activation a node is, None for any other."""
    if node is None or node.op not in ("call_module", "call_function", "call_method"):
        return None
    return _ACTIVATIONS.get(type(module_of(graph, node)) if node.op == "call_module" else node.target)


def _added(graph: fx.GraphModule, node: fx.Node, addition: fx.Node) -> fx.Node | None:
    """Return what is added to a node, if the node can be computed as late as that: only convolutions lie between."""
    if addition.target not in ADDITIONS or addition.kwargs or len(addition.args) != 2:
        return None
    first, second = addition.args
    writes_into_other = addition.target in (operator.iadd, "add_") and first is not node
    other = second if first is node else first
    if writes_into_other or other is node or not isinstance(other, fx.Node):
        return None
    between = node.next
    while between is not addition:
        if not isinstance(module_of(graph, between), nn.Conv2d | Convolution):
            return None
        between = between.next
    return other
