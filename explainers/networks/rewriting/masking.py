"""Activations whose way back the convolution after them does, in the memory of its own gradient.

A gradient that autograd hands over may be somebody else's, so that an activation's takes memory of its own; one that a
convolution has just made is nobody's yet.
"""

from typing import Any

from torch import fx

from explainers.networks.convolution import Convolution
from explainers.networks.rewriting.graph import module_of


def mask_in_place(graph: fx.GraphModule) -> None:
    """Let each convolution that alone sees what another's activation gives do that activation's way back."""
    for node in graph.graph.nodes:
        before: Any = node.args[0] if node.args else None
        layer, giving = module_of(graph, node), module_of(graph, before)
        if not isinstance(layer, Convolution) or not isinstance(giving, Convolution):
            continue
        is_alone = len(before.users) == 1 and node.args.count(before) == 1
        if is_alone and giving.activation.backward is not None:
            layer.before, giving.activation = giving.activation, giving.activation.left_to_another()
