"""Convolutions of joined channels as sums of convolutions of each part: nothing is joined, or cut on the way back.

A network that squeezes what it has joined (SqueezeNet) writes many channels a second time only to read them once. What
lies between, a pool, works on each channel by itself, and so on each part.
"""

import copy
from typing import Any, TypeGuard

import torch
from torch import fx, nn

from explainers.networks.kernels import has_operator
from explainers.networks.rewriting.graph import activation_of, module_of

_MOST_PARTS = 3  # each costs a convolution's overhead
_BY_CHANNEL = (nn.MaxPool2d, nn.AvgPool2d)


def part_joined(graph: fx.GraphModule) -> None:
    """Let each convolution that alone sees joined channels, pooled or not, and has fewer, take the parts instead."""
    for number, node in enumerate(list(graph.graph.nodes)):
        layer = module_of(graph, node)
        if not _can_be_parted(layer) or len(node.all_input_nodes) != 1 or node.kwargs:
            continue
        pools, joined = _pools_before(graph, node.args[0])
        parts = _parts(joined)
        sizes = [_channels(graph, part) for part in parts]
        if not parts or not all(sizes) or sum(sizes) != layer.in_channels:
            continue
        with graph.graph.inserting_before(node):
            for pool in pools:
                parts = [graph.graph.call_module(str(pool.target), (part,)) for part in parts]
            found = None
            weights = zip(parts, layer.weight.detach().split(sizes, dim=1), strict=True)
            for place, (part, weight) in enumerate(weights):
                name = f"part_{number}_{place}"
                graph.add_submodule(name, _of_part(layer, weight, has_bias=place == 0))
                value = graph.graph.call_module(name, (part,))
                found = value if found is None else graph.graph.call_function(torch.add, (found, value))
        node.replace_all_uses_with(found)
        for one in (node, *reversed(pools), joined):
            graph.graph.erase_node(one)
    graph.delete_all_unused_submodules()
    graph.recompile()


def _can_be_parted(layer: nn.Module | None) -> TypeGuard[nn.Conv2d]:
    if type(layer) is not nn.Conv2d or layer.groups != 1 or layer.padding_mode != "zeros":
        return False
    is_exact = layer.weight.dtype == torch.float32  # in fewer bits a sum of parts would be rounded twice
    is_fused = has_operator(layer.weight.device, torch.float32) and not isinstance(layer.padding, str)
    return is_exact and is_fused and layer.out_channels < layer.in_channels


def _pools_before(graph: fx.GraphModule, node: Any) -> tuple[list[fx.Node], Any]:
    """Return the pools that lead to a node, first one first, and what they pool; of nodes that nothing else sees."""
    pools: list[fx.Node] = []
    while isinstance(node, fx.Node) and len(node.users) == 1 and type(module_of(graph, node)) in _BY_CHANNEL:
        if len(node.args) != 1 or node.kwargs or getattr(module_of(graph, node), "return_indices", False):
            break
        pools.insert(0, node)
        node = node.args[0]
    return pools, node


def _parts(node: Any) -> list[Any]:
    """Return the parts of channels that are joined for a single user; none of anything else."""
    if not isinstance(node, fx.Node) or node.target is not torch.cat or len(node.users) != 1:
        return []
    given = dict(zip(("tensors", "dim"), node.args, strict=False)) | node.kwargs
    parts: Any = given.get("tensors", ())
    is_of_nodes = isinstance(parts, tuple | list) and all(isinstance(part, fx.Node) for part in parts)
    return list(parts) if is_of_nodes and given.get("dim", 0) == 1 and len(parts) <= _MOST_PARTS else []


def _channels(graph: fx.GraphModule, node: fx.Node) -> int:
    """Return how many channels a node has that is a convolution's for a single user, activated or not; 0 of others."""
    while len(node.users) == 1:
        layer = module_of(graph, node)
        if type(layer) is nn.Conv2d:
            return layer.out_channels
        if activation_of(graph, node) is None or not isinstance(node.args[0], fx.Node):
            break
        node = node.args[0]
    return 0


def _of_part(layer: nn.Conv2d, weight: torch.Tensor, has_bias: bool) -> nn.Conv2d:
    found = copy.copy(layer)
    found._parameters = dict(layer._parameters)
    found.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last), requires_grad=False)
    found.bias = layer.bias if has_bias else None
    found.in_channels = weight.shape[1]
    return found
