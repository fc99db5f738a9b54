"""Excitation backprop: the probability that a winner-take-all path from an output passes through a unit.

Zhang, Bargal, Lin, Brandt, Shen, Sclaroff 2018, "Top-Down Neural Attention by Excitation Backprop", IJCV, equations 3
to 8: p' = x ⊙ W⁺ᵀ(p ⊘ W⁺x). Biases are dropped, batch norm is folded or passed, max-pooling passes to the largest
input, average pooling is a linear layer. Where a layer's inputs are signed (MobileNetV2's bottlenecks, DenseNet), a
contribution is (xW)⁺ = x⁺W⁺ + x⁻W⁻ and sums are split by absolute share. 0 / 0 is 0, without an ε, which would lose
nearly all probability on deep networks. Without biases nothing is lost; with them some probability has no input to go
to, and `excite` returns how much.
"""

import copy
from dataclasses import dataclass

import torch

from explainers import _torchvision
from explainers.canonical import Affine, canonical
from explainers.errors import UserError, near
from explainers.graph import module_of
from explainers.layers import default_layer

from zennit.composites import LayerMapComposite  # isort: skip
from zennit.core import BasicHook  # isort: skip
from zennit.layer import Sum  # isort: skip
from zennit.rules import NoMod, Pass, ZPlus  # isort: skip
from zennit.types import Activation, AvgPool, BatchNorm, Linear  # isort: skip

_models = _torchvision.torchvision.models
_MAP_LAYERS = (
    (_models.ResNet, "layer3"),
    (_models.GoogLeNet, "inception4e"),
    (_models.DenseNet, "features.denseblock3"),
    (_models.MobileNetV2, "features.13"),
)


def _or_nothing(denominator):
    return torch.where(denominator > 0, denominator, torch.inf)


def _absolute_share():
    return BasicHook(
        input_modifiers=[torch.abs],
        param_modifiers=[NoMod(param_keys=[])],
        output_modifiers=[lambda output: output],
        gradient_mapper=lambda gradient, outputs: gradient / _or_nothing(outputs[0]),
        reducer=lambda inputs, gradients: inputs[0] * gradients[0],
    )


_RULES = [
    ((Activation, Affine, BatchNorm), Pass()),
    ((Sum, AvgPool), _absolute_share()),
    (Linear, ZPlus(stabilizer=_or_nothing, zero_params="bias")),
]


@dataclass(frozen=True)
class Graft:
    """A network of `modules`, one after the other, on the output of the model's `layer` (a dotted name).

    Their outputs take the place of the model's; without modules they are the layer's own neurons.
    """

    layer: str
    modules: tuple[torch.nn.Module, ...] = ()


def excite(model, images, starts, layer=None, contrastive=False, graft=None):
    """Return the probabilities at a layer (N, T, C, h, w) and the share that was lost on the way (N, T).

    `starts` (N, T, K) is the probability given to each output, of the model or of a `graft` (for one whose outputs are
    maps: (N, T, K, h, w)). `layer` is a module, its dotted name, or "input".
    With `contrastive` the probability at the input of the last layer with weights is that of the outputs minus that of
    their opposites, the layer's weights negated (section 3.4); it is signed and no share is defined: zero.
    """
    name = _layer_name(model, layer, images)
    graph = _tapped(_grafted(canonical(model), graft), name)
    with torch.enable_grad(), LayerMapComposite(_RULES).context(graph):
        leaf = images.detach().clone(memory_format=torch.channels_last).requires_grad_()
        logits, below, at = graph(leaf)
        starts = starts.to(logits)
        if not contrastive:
            found = _propagated(logits, at, starts)
            return found, 1 - found.flatten(2).sum(dim=2) / starts.flatten(2).sum(dim=2)
        there = _propagated(logits, below, starts) - _opposite(model, name, images, starts, graft)
        return _propagated(below, at, there), torch.zeros(starts.shape[:2]).to(logits)


def _opposite(model, name, images, starts, graft):
    graph = _tapped(_grafted(canonical(model), graft), name)
    last = module_of(graph, _last_weighted(graph))
    last.weight = torch.nn.Parameter(-last.weight.detach(), requires_grad=False)
    with LayerMapComposite(_RULES).context(graph):
        logits, below, _ = graph(images.detach().clone(memory_format=torch.channels_last).requires_grad_())
        return _propagated(logits, below, starts)


def _grafted(graph, graft):
    """Let the graph end in the graft; what comes after the layer in the model is gone."""
    if graft is None:
        return graph
    output = next(node for node in graph.graph.nodes if node.op == "output")
    end = _last_inside(graph, graft.layer)
    with graph.graph.inserting_before(output):
        for number, module in enumerate(graft.modules):
            graph.add_submodule(f"graft_{number}", copy.deepcopy(module))
            end = graph.graph.call_module(f"graft_{number}", (end,))
    output.args = (end,)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def _last_inside(graph, layer):
    inside = [node for node in graph.graph.nodes if layer in _containers(node)]
    if not inside:
        raise UserError(f"layer: {layer!r} takes no part in the forward pass.")
    return inside[-1]


def _propagated(outputs, inputs, starts):
    """Return what arrives at `inputs` from each start (N, T, …) at `outputs`."""
    if outputs is inputs:
        return starts
    arrived = [torch.autograd.grad(outputs, inputs, start, retain_graph=True)[0] for start in starts.unbind(1)]
    return torch.stack(arrived, dim=1)


def _layer_name(model, layer, images):
    """Return the dotted name of the layer whose map is wanted: given, known for a family, or the last map."""
    if layer == "input":
        return layer
    names = {module: name for name, module in model.named_modules()}
    if layer is None and isinstance(model, _models.VGG):
        pools = [module for module in model.features if isinstance(module, torch.nn.MaxPool2d)]
        return names[pools[3]]
    if layer is None:
        known = next((name for family, name in _MAP_LAYERS if isinstance(model, family)), None)
        return known or names[default_layer(model, images)]
    name = names.get(layer) if isinstance(layer, torch.nn.Module) else layer
    if name not in names.values():
        raise UserError(f"layer: the model has no layer {layer!r}.{near(layer, [n for n in names.values() if n])}")
    return name


def _tapped(graph, layer):
    """Let the graph return its logits, the input of its last layer with weights, and the layer's output."""
    output = next(node for node in graph.graph.nodes if node.op == "output")
    if layer == "input":
        tap = next(node for node in graph.graph.nodes if node.op == "placeholder")
    else:
        tap = _last_inside(graph, layer)
    output.args = ((output.args[0], _last_weighted(graph).args[0], tap),)
    graph.recompile()
    return graph


def _containers(node):
    """The dotted names of the modules that a step belongs to; a second call is marked name@1."""
    return [name.split("@")[0] for name in node.meta.get("nn_module_stack") or ()]


def _last_weighted(graph):
    return [node for node in graph.graph.nodes if isinstance(module_of(graph, node), Linear)][-1]
