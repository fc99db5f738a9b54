"""Excitation backprop: the probability that a winner-take-all path from an output passes through a unit.

Zhang, Bargal, Lin, Brandt, Shen, Sclaroff 2018, "Top-Down Neural Attention by Excitation Backprop", IJCV, equations 3
to 8: p' = x ⊙ W⁺ᵀ(p ⊘ W⁺x). Biases are dropped, batch norm is folded or passed, max-pooling passes to the largest
input, average pooling is a linear layer. Where a layer's inputs are signed (MobileNetV2's bottlenecks, DenseNet), a
contribution is (xW)⁺ = x⁺W⁺ + x⁻W⁻ and sums are split by absolute share. 0 / 0 is 0, without an ε, which would lose
nearly all probability on deep networks. Without biases nothing is lost; with them some probability has no input to go
to, and the share that is lost can be asked for.

The rules are the gradients of steps that are linear in x: of W⁺(x ⊙ x₀) ⊘ W⁺x₀ with x₀ = x held fixed, whose value is
then replaced by the layer's own. So one forward pass remembers them, and one batched backward pass serves any number of
starts and layers.
"""

import copy
from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.func import functional_call

from explainers import _torchvision
from explainers.errors import UserError, near
from explainers.networks.canonical import Affine, canonical
from explainers.networks.graph import in_quick_layout, module_of
from explainers.networks.layers import default_layer

from zennit.layer import Sum  # isort: skip
from zennit.types import Activation, AvgPool, BatchNorm, Linear  # isort: skip

_models = _torchvision.torchvision.models
_MAP_LAYERS = (
    (_models.ResNet, "layer3"),
    (_models.GoogLeNet, "inception4e"),
    (_models.DenseNet, "features.denseblock3"),
    (_models.MobileNetV2, "features.13"),
)


_STARTS_AT_ONCE = 16


@dataclass(frozen=True)
class Graft:
    """A network of `modules`, one after the other, on the output of the model's `layer` (a dotted name).

    Their outputs take the place of the model's; without modules they are the layer's own neurons.
    """

    layer: str
    modules: tuple[torch.nn.Module, ...] = ()


class Excitable(nn.Module):
    """A model beside its canonical graph, which takes longer to find than to use; as a module it is the model."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model, self.graph = model, canonical(model)

    def forward(self, images):
        return self.model(images)


def excitable(model: nn.Module) -> Excitable:
    """Return the model with its graph; one that has it already comes back as it is."""
    return model if isinstance(model, Excitable) else Excitable(model)


def excite(model, images, starts, layer=None, contrastive=False, graft=None):
    """Return the probabilities at a layer (N, T, C, h, w) and the share that was lost on the way (N, T).

    `starts` (N, T, K) is the probability given to each output, of the model or of a `graft` (for one whose outputs are
    maps: (N, T, K, h, w)). `layer` is a module, its dotted name, or "input".
    With `contrastive` the probability at the input of the last layer with weights is that of the outputs minus that of
    their opposites, the layer's weights negated (section 3.4); it is signed and no share is defined: zero.
    """
    excitation = Excitation(model, images, [layer], graft)
    if contrastive:
        return excitation.contrast(starts), torch.zeros(starts.shape[:2]).to(excitation.outputs)
    (found,) = excitation.propagated(starts)
    return found, 1 - found.flatten(2).sum(dim=2) / starts.flatten(2).sum(dim=2).to(found)


class Excitation:
    """One forward pass, after which probability can be sent from the outputs (N, K, …) back to the layers.

    `outputs` are the model's, without gradients.
    """

    def __init__(self, model, images, layers, graft=None):
        model, self._end_layer = excitable(model), "the output" if graft is None else graft.layer
        names = [_layer_name(model.model, layer, images) for layer in layers]
        self._graph = model.graph if graft is None else _grafted(canonical(model.model), graft)
        taps = [_tap(self._graph, name) for name in names]
        self._last = _last_weighted(self._graph)
        end = next(node for node in self._graph.graph.nodes if node.op == "output").args[0]
        kept = dict.fromkeys([*taps, self._last.args[0], end])
        with torch.enable_grad():
            in_quick_layout(_Steps(self._graph, taps, kept).run, images.detach())
        self._end, self._below, self._taps = kept[end], kept[self._last.args[0]], [kept[tap] for tap in taps]
        self.outputs = self._end.detach()

    def propagated(self, starts: torch.Tensor) -> list[torch.Tensor]:
        """Return what arrives at each layer (N, T, C, h, w) from starts (N, T, K, …)."""
        return _propagated(self._end, self._taps, starts.to(self.outputs))

    def contrast(self, starts: torch.Tensor) -> torch.Tensor:
        """Return what arrives at the first layer by way of the last layer's input, less that of the opposite starts."""
        if _is_joined(self._graph, self._last):
            one = _containers(self._last)[-1]
            raise UserError(
                f"layer: {self._end_layer} joins several layers, and the contrast negates the weights of one; "
                f"choose one of them, such as {one}."
            )
        starts, below = starts.to(self.outputs), self._below.detach().requires_grad_()
        (there,) = _propagated(self._end, [self._below], starts)
        with torch.enable_grad():
            opposite = _Steps(self._graph, [], {}, negated=self._last).from_last(below)
        (against,) = _propagated(opposite, [below], starts)
        return _propagated(self._below, self._taps[:1], there - against)[0]


class _Steps(fx.Interpreter):
    """Runs a canonical graph so that gradients are probabilities; keeps the values of some nodes.

    The first of `taps` is where the graph of gradients begins. `negated`: a layer whose weights are to be negated.
    """

    def __init__(self, graph, taps, kept, negated=None):
        super().__init__(graph)
        self.begin = next((node for node in graph.graph.nodes if node in taps), None)
        self.kept, self.negated = kept, negated

    def run_node(self, node):
        if node.op == "call_module":
            (x,), _ = self.fetch_args_kwargs_from_env(node)
            module = self.fetch_attr(node.target)
            value = _step(_opposite(module) if node is self.negated else module, x)
        else:
            value = super().run_node(node)
        if node is self.begin:
            value = value.detach().requires_grad_()
        if node in self.kept:
            self.kept[node] = value
        return value

    def from_last(self, below):
        """Run the negated layer and what comes after it."""
        before = {}
        for node in self.module.graph.nodes:
            if node is self.negated:
                break
            before[node] = None
        return self.run(initial_env={**before, self.negated.args[0]: below})


def _opposite(module):
    module = copy.copy(module)
    module._parameters = {**module._parameters, "weight": nn.Parameter(-module.weight.detach(), requires_grad=False)}
    return module


def _step(module, x):
    """Return the module's output, with a gradient that hands probability back by the module's rule."""
    if not x.requires_grad:
        return module(x)
    if isinstance(module, Linear):
        share = _shares(module, x)
    elif isinstance(module, Sum | AvgPool):
        size = x.detach().abs()
        share = module(x * size) / _or_nothing(module(size))
    elif isinstance(module, Activation | BatchNorm | Affine):
        share = x
    else:
        return module(x)
    with torch.no_grad():
        value = module(x)
    return value + (share - share.detach())


def _shares(module, x):
    """Return W⁺(x ⊙ x₀) ⊘ W⁺x₀, for signed inputs with x⁻W⁻ beside x⁺W⁺."""
    fixed = x.detach()

    def weighted(inputs, positive):
        weight = module.weight.detach()
        weights = {"weight": weight.clamp(min=0) if positive else weight.clamp(max=0)}
        if module.bias is not None:
            weights["bias"] = torch.zeros_like(module.bias)
        return functional_call(module, weights, (inputs,))

    part = fixed.clamp(min=0)
    share, total = weighted(x * part, True), weighted(part, True)
    if (fixed < 0).any():
        part = fixed.clamp(max=0)
        share, total = share + weighted(x * part, False), total + weighted(part, False)
    return share / _or_nothing(total)


def _or_nothing(denominator):
    return torch.where(denominator > 0, denominator, torch.inf)


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
    """Return what arrives at each of `inputs` from starts (N, T, …) at `outputs`: (N, T, …)."""
    if inputs[0] is outputs:
        return [starts for _ in inputs]
    parts = [
        torch.autograd.grad(outputs, inputs, part.transpose(0, 1), is_grads_batched=True, retain_graph=True)
        for part in starts.split(_STARTS_AT_ONCE, dim=1)
    ]
    return [torch.cat(found).transpose(0, 1) for found in zip(*parts, strict=True)]


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


def _tap(graph, layer):
    """Return the node whose value is the layer's output."""
    if layer == "input":
        return next(node for node in graph.graph.nodes if node.op == "placeholder")
    return _last_inside(graph, layer)


def _containers(node):
    """The dotted names of the modules that a step belongs to; a second call is marked name@1."""
    return [name.split("@")[0] for name in node.meta.get("nn_module_stack") or ()]


def _is_joined(graph, last):
    """Say whether the outputs depend on anything that does not come by way of the node `last`."""
    nodes = list(graph.graph.nodes)
    after = {last}
    for node in nodes[nodes.index(last) + 1 :]:
        if not after.issuperset(node.all_input_nodes):
            return True
        after.add(node)
    return False


def _last_weighted(graph):
    return [node for node in graph.graph.nodes if isinstance(module_of(graph, node), Linear)][-1]
