"""Excitation backprop: the probability that a winner-take-all path from an output passes through a unit.

Zhang, Bargal, Lin, Brandt, Shen, Sclaroff 2018, "Top-Down Neural Attention by Excitation Backprop", IJCV, equations 3
to 8: p' = x ⊙ W⁺ᵀ(p ⊘ W⁺x). Biases are dropped, batch norm is folded or passed, max-pooling passes to the largest
input, average pooling is a linear layer. Where a layer's inputs are signed (MobileNetV2's bottlenecks, DenseNet), a
contribution is (xW)⁺ = x⁺W⁺ + x⁻W⁻ and sums are split by absolute share. 0 / 0 is 0, without an ε, which would lose
nearly all probability on deep networks. Without biases nothing is lost; with them some probability has no input to go
to, and the share that is lost can be asked for.

The rules are the gradients of steps that are linear in x: of W⁺(x ⊙ x₀) ⊘ W⁺x₀ with x₀ = x held fixed, whose value is
then replaced by the layer's own. So one forward pass remembers them, and one batched backward pass serves any number of
starts and layers. The probability of "no" of a network with one output comes by the opposite of its last layer.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, cast

import torch
from torch.utils._pytree import tree_leaves, tree_map

from explainers import _torchvision
from explainers.errors import UserError
from explainers.networks.checking import check_outputs
from explainers.networks.internals.layers import default_layer, find_layer, layer_name, say_layer
from explainers.networks.internals.maps import map_reader
from explainers.networks.outputs import is_binary
from explainers.networks.passes import gradients_of_each, in_quick_layout
from explainers.networks.propagation.contributions import Contributions, Weighted
from explainers.networks.state import tapped, untouched
from explainers.networks.steps import Arguments, Function, Options, on_the_way
from explainers.parameters import Layer

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


def excite(
    model: torch.nn.Module,
    images: torch.Tensor,
    starts: torch.Tensor,
    layer: Layer = None,
    contrastive: bool = False,
    graft: Graft | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
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

    `layers` are modules, dotted names, "input", or None for the usual one. `outputs` are the model's, no gradients.
    """

    def __init__(
        self, model: torch.nn.Module, images: torch.Tensor, layers: Sequence[Layer], graft: Graft | None = None
    ) -> None:
        self._end_layer = "the output" if graft is None else graft.layer
        with untouched(model):
            modules = [None if layer == "input" else map_layer(model, layer, images) for layer in layers]
            for layer, module in zip(layers, modules, strict=True):
                if module is not None:
                    say_layer(model, layer, module)
            run = in_quick_layout(lambda inputs: self._followed(model, inputs, modules, graft), images.detach())
            self._steps, self._end, found, self._is_binary = run
            self.outputs = self._end.detach()
            missing = [layer_name(model, module) for module in modules if module is not None and module not in found]
            if missing:
                raise UserError(f"layer: {missing[0]!r} takes no part in the forward pass.")
            if graft is None:
                check_outputs(model, self._end, images, "excitation backprop")
            if self._steps.last is None:
                raise UserError("layer: between it and the output there is no layer with weights; choose one below.")
            self._last = self._steps.last
            self._taps = [found[module] for module in modules]
            self._as_maps = [
                (lambda values: values) if module is None else map_reader(model, module, found[module], images)
                for module in modules
            ]
            self._ends = self._both_ways() if self._is_binary else self._end

    def _followed(
        self,
        model: torch.nn.Module,
        images: torch.Tensor,
        modules: Sequence[torch.nn.Module | None],
        graft: Graft | None,
    ) -> tuple["_Steps", torch.Tensor, dict[torch.nn.Module | None, torch.Tensor], bool]:
        found, leaf = dict[torch.nn.Module | None, torch.Tensor](), images.clone()
        if None in modules:  # the image itself
            found[None] = leaf.requires_grad_()
        steps = _Steps(model)
        with tapped([m for m in modules if m is not None], begins=None not in modules) as outputs, steps:
            end = model(leaf) if graft is None else _grafted(model, leaf, graft)
        return steps, steps.current(end), found | outputs, graft is None and is_binary(model)

    def propagated(self, starts: torch.Tensor) -> list[torch.Tensor]:
        """Return what arrives at each layer (N, T, C, h, w) from starts (N, T, K, …)."""
        is_of_one_output = self._is_binary and starts.shape[2] == 1
        ends = self._end[:, 1:] if is_of_one_output else self._ends
        found = _propagated(ends, self._taps, starts.to(self.outputs))
        return [as_maps(one) for as_maps, one in zip(self._as_maps, found, strict=True)]

    def contrast(self, starts: torch.Tensor) -> torch.Tensor:
        """Return what arrives at the first layer by way of the last layer's input, less that of the opposite starts."""
        starts, below = starts.to(self.outputs), self._last.below
        (there,) = _propagated(self._ends, [below], starts)
        opposite = self._ends.flip(1) if self._is_binary else self._opposite(below.detach().requires_grad_())
        source = below if self._is_binary else self._opposite_below
        (against,) = _propagated(opposite, [source], starts)
        return self._as_maps[0](_propagated(below, self._taps[:1], there - against)[0])

    def _opposite(self, below: torch.Tensor) -> torch.Tensor:
        """Return the outputs with the last layer's weights negated."""
        self._opposite_below = below
        with torch.enable_grad():
            found = self._steps.replayed(self._last, below, self._end)
        if found is None:
            one = self._last.name or "its last layer"
            raise UserError(
                f"layer: {self._end_layer} joins several layers, and the contrast negates the weights of one; "
                f"choose one of them, such as {one}."
            )
        return found

    def _both_ways(self) -> torch.Tensor:
        """Return the outputs −z and z of a model with one output, the first by way of negated weights."""
        opposite = self._opposite(self._last.below)
        return torch.stack([opposite[:, 1], self._end[:, 1]], dim=1)


class _Last(NamedTuple):
    """The last layer with weights on the way to the output: its step, input and output, and the module's name."""

    layer: Weighted
    below: torch.Tensor
    output: torch.Tensor
    name: str


class _Steps(Contributions):
    """Runs a model so that gradients are probabilities; remembers the steps after the last layer with weights."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__(model)
        self._parameters = dict(model.named_parameters())
        self.last: _Last | None = None
        self._after: list[tuple[str, Function, Arguments, Options, Any]] = []

    def step(self, name: str, function: Function, arguments: Arguments, options: Options) -> Any:
        result = super().step(name, function, arguments, options)
        if self.last is not None and result is not self.last.output and on_the_way(result):
            self._after.append((name, function, arguments, options, result))
        return result

    def replayed(self, last: _Last, below: torch.Tensor, end: torch.Tensor) -> torch.Tensor | None:
        """Return what `end` becomes when the last layer's weights are negated; None where it is joined by others."""
        after, self._after = self._after, []
        fixed = below.detach()
        with torch.no_grad():
            value = last.layer.opposite()(fixed, bias=last.layer.bias)
        new = {id(last.output): self.weighted(last.layer.opposite(), below, value)}
        self.last = None
        try:
            for name, function, arguments, options, result in after:
                given = {id(one) for one in tree_leaves((arguments, options)) if on_the_way(one)}
                if not given <= new.keys():
                    continue
                arguments, options = tree_map(lambda one, new=new: new.get(id(one), one), (arguments, options))
                again = self.step(name, function, arguments, options)
                new |= {id(old): one for old, one in zip(tree_leaves(result), tree_leaves(again), strict=True)}
        finally:
            self.last, self._after = last, after
        return new.get(id(end))

    def weighted(self, layer: Weighted, x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        result = _with_gradient_of(_shares(layer, x), value)
        name = next((name for name, parameter in self._parameters.items() if parameter is layer.given), ".")
        self.last, self._after = _Last(layer, x, result, name.rpartition(".")[0]), []
        return result

    def added(self, parts: list[torch.Tensor], value: torch.Tensor) -> torch.Tensor:
        a, b = parts
        a_size, b_size = a.detach().abs(), b.detach().abs()
        share = (a * a_size + b * b_size) / _or_nothing(a_size + b_size)
        return _with_gradient_of(share, value)

    def averaged(
        self, function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, value: torch.Tensor
    ) -> torch.Tensor:
        size = x.detach().abs()
        return _with_gradient_of(function(x * size) / _or_nothing(function(size)), value)

    def passed(self, x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        return _with_gradient_of(x, value)


def _with_gradient_of(share: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return value + (share - share.detach())


def _shares(layer: Weighted, x: torch.Tensor) -> torch.Tensor:
    """Return W⁺(x ⊙ x₀) ⊘ W⁺x₀, for signed inputs with x⁻W⁻ beside x⁺W⁺."""
    fixed = x.detach()
    part, weight = fixed.clamp(min=0), layer.weight.clamp(min=0)
    share, total = layer(x * part, weight), layer(part, weight)
    if (fixed < 0).any():
        part, weight = fixed.clamp(max=0), layer.weight.clamp(max=0)
        share, total = share + layer(x * part, weight), total + layer(part, weight)
    return share / _or_nothing(total)


def _or_nothing(denominator: torch.Tensor) -> torch.Tensor:
    return torch.where(denominator > 0, denominator, torch.inf)


class _Reached(Exception):
    """The forward pass has come as far as it is needed."""


def _grafted(model: torch.nn.Module, images: torch.Tensor, graft: Graft) -> torch.Tensor:
    """Return what the graft gives on the layer's output; what comes after the layer in the model is not run."""
    reached: list[torch.Tensor] = []

    def stop(_module: torch.nn.Module, _inputs: tuple[Any, ...], output: torch.Tensor) -> NoReturn:
        reached.append(output)
        raise _Reached

    handle = find_layer(model, graft.layer, images).register_forward_hook(stop)
    try:
        model(images)
    except _Reached:
        output = reached[0]
        for module in graft.modules:
            output = copy.deepcopy(module).requires_grad_(False)(output)
        return output
    finally:
        handle.remove()
    raise UserError(f"layer: {graft.layer!r} takes no part in the forward pass.")


def _propagated(outputs: torch.Tensor, inputs: list[torch.Tensor], starts: torch.Tensor) -> list[torch.Tensor]:
    """Return what arrives at each of `inputs` from starts (N, T, …) at `outputs`: (N, T, …)."""
    if inputs[0] is outputs:
        return [starts for _ in inputs]
    parts = [gradients_of_each(outputs, inputs, part.transpose(0, 1)) for part in starts.split(_STARTS_AT_ONCE, dim=1)]
    return [torch.cat(found).transpose(0, 1) for found in zip(*parts, strict=True)]


def map_layer(model: torch.nn.Module, layer: Layer, images: torch.Tensor) -> torch.nn.Module:
    """Return the module whose map is wanted: given, named, known for a family, or the usual one."""
    if layer is not None:
        return find_layer(model, layer, images)
    if type(model) is _models.VGG:
        return [
            module for module in cast(torch.nn.Sequential, model.features) if isinstance(module, torch.nn.MaxPool2d)
        ][3]
    known = next((name for family, name in _MAP_LAYERS if type(model) is family), None)
    return default_layer(model, images) if known is None else model.get_submodule(known)
