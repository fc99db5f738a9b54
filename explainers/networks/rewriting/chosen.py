"""The logits that are explained, and no others, of a network whose last convolution gives a map for each class.

SqueezeNet's makes a quarter of its work: 1,000 maps, of which a gradient looks at one.
"""

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from explainers.networks.convolution import Convolution
from explainers.networks.rewriting.graph import module_of

# Steps that look at no channel beside another, and leave channels in their places.
_MODULES = (nn.AdaptiveAvgPool2d, nn.AvgPool2d, nn.Dropout, nn.Dropout2d, nn.Identity, nn.ReLU, nn.ReLU6)
_CALLS = {F.adaptive_avg_pool2d, F.avg_pool2d, F.relu, F.dropout, torch.relu, "relu", "contiguous"}
_FLATTENING = {torch.flatten, "flatten"}


class Chosen:
    """Gives some of a network's `n_classes` logits, leaving out the other channels of its last convolution."""

    def __init__(self, graph: fx.GraphModule, last: fx.Node, whole: Convolution) -> None:
        self._graph, self._name = fx.GraphModule(graph, copy.deepcopy(graph.graph)), str(last.target)
        self._whole, self._classes = whole, list[int]()
        self.n_classes = len(whole.weight)

    def __call__(self, classes: list[int], images: torch.Tensor) -> Any:
        """Return what the network gives for images, of these classes alone."""
        if classes != self._classes:
            self._graph.set_submodule(self._name, self._whole.narrowed(classes))
            self._classes = classes
        return self._graph(images)


def chosen(graph: nn.Module | None) -> Chosen | None:
    """Return the network of a graph for chosen logits; None of one whose logits are no convolution's channels."""
    if not isinstance(graph, fx.GraphModule):
        return None
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    node = output.args[0]
    while isinstance(node, fx.Node) and len(node.users) == 1:
        layer = module_of(graph, node)
        if isinstance(layer, Convolution):
            is_plain = len(node.args) == 1 and layer.geometry.groups == 1
            return Chosen(graph, node, layer) if is_plain else None
        if not _is_by_channel(node, layer):
            return None
        node = node.args[0]
    return None


def _is_by_channel(node: fx.Node, layer: nn.Module | None) -> bool:
    if len(node.all_input_nodes) != 1 or not node.args or not isinstance(node.args[0], fx.Node):
        return False
    if layer is not None:
        return isinstance(layer, _MODULES) or (isinstance(layer, nn.Flatten) and bool(layer.start_dim == 1))
    if node.target in _FLATTENING:
        return bool(node.args[1:2] == (1,) or node.kwargs.get("start_dim") == 1)
    if node.target in (torch.mean, "mean"):
        axes = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", ())
        return isinstance(axes, tuple | list) and sorted(axis % 4 for axis in axes) == [2, 3]
    return node.target in _CALLS
