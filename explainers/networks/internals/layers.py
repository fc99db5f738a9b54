"""Find the layer a method looks at: given, named, or the last map that all of the output is computed from.

Which layers these are, the graph of gradients tells, whatever the network calls its blocks: a map on every way from the
output to the image. So a branch, a shortcut or what lies before an addition is never taken for a block's output.
Two-stage explanations look at a second, finer one below it.
"""

import logging
import re
from typing import Any, NamedTuple, TypeAlias, cast
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.autograd.graph import GradientEdge, Node, get_gradient_edge

from explainers._torchvision import torchvision
from explainers.errors import UserError, near
from explainers.networks.internals.maps import map_reader
from explainers.networks.outputs import say
from explainers.networks.state import untouched
from explainers.parameters import Layer

# What the search would find, without its two passes; a subclass may go other ways.
_FAMILIES = {
    torchvision.models.ResNet: "layer4",
    torchvision.models.GoogLeNet: "inception5b",
    torchvision.models.DenseNet: "features",
    torchvision.models.SqueezeNet: "features",
    torchvision.models.MobileNetV2: "features",
}
_FINER = {
    torchvision.models.ResNet: "layer3",
    torchvision.models.GoogLeNet: "inception4e",
    torchvision.models.DenseNet: "features.denseblock3",
    torchvision.models.MobileNetV2: "features.13",
}
_NO_FEATURES = (nn.Dropout, nn.Dropout2d, nn.Identity, nn.Flatten, nn.Linear)
_POOLING = re.compile(r"Pool(ing)?\d?d?$")
_WEIGHTED = ("Addmm", "Mm", "Bmm", "Baddbmm", "Matmul", "Linear", "MkldnnLinear", "Convolution", "MkldnnConvolution")
_HOW = "Name one: layer = …"
_Sizes: TypeAlias = tuple[torch.Size, tuple[int, ...]]  # of the images, and which modules there are
_Maps: TypeAlias = list[tuple[nn.Module, int]]
_found: WeakKeyDictionary[nn.Module, dict[_Sizes, _Maps]] = WeakKeyDictionary()  # what the search found in each model


def find_layer(model: nn.Module, layer: Layer, images: torch.Tensor) -> nn.Module:
    """Return `layer` as a module of the model: a module, a dotted name, or None for the default."""
    if layer is None:
        return default_layer(model, images)
    modules: dict[str, nn.Module] = dict(model.named_modules())
    if isinstance(layer, nn.Module):
        if not any(layer is module for module in modules.values()):
            raise UserError(f"layer: the given {type(layer).__name__} is not part of the model.")
        return layer
    if layer not in modules:
        raise UserError(f"layer: the model has no layer {layer!r}.{near(layer, [name for name in modules if name])}")
    return modules[layer]


def layer_name(model: nn.Module, module: nn.Module) -> str:
    """Return the dotted name of a module of the model."""
    name: str = next(name for name, one in model.named_modules() if one is module)
    return name


def say_layer(model: nn.Module, layer: Layer, module: nn.Module) -> None:
    """Log the module that is looked at where no layer was given."""
    if layer is None:
        say(model, f"its layer {layer_name(model, module)!r} is explained.", logging.INFO)


def default_layer(model: nn.Module, images: torch.Tensor) -> nn.Module:
    """Return the layer whose output is the last map that all of the model's output is computed from.

    Maps have more than one pixel, in any layout, or are tokens of patches; they lie before the last layer with weights,
    and the output depends on their places. Pooling is left out. Of modules with the same output it is the outermost.
    For torchvision's families this is the usual last convolutional layer.
    """
    if type(model) in _FAMILIES:
        return model.get_submodule(_FAMILIES[type(model)])
    if type(model) is torchvision.models.VGG:
        return _before_pool(model, -1)
    return _decisive(model, images)[0][0]


def finer_layer(model: nn.Module, images: torch.Tensor) -> nn.Module:
    """Return the last layer, below the default one, with a finer map: ResNet's `layer3`, GoogLeNet's `inception4e`.

    The default layer itself where no layer is finer.
    """
    if type(model) in _FINER:
        return model.get_submodule(_FINER[type(model)])
    if type(model) is torchvision.models.SqueezeNet:
        return _before_pool(model, -1)
    if type(model) is torchvision.models.VGG:
        return _before_pool(model, -2)
    (usual, n_pixels), *below = _decisive(model, images)
    return next((module for module, n_here in below if n_here > n_pixels), usual)


def _before_pool(model: nn.Module, number: int) -> nn.Module:
    features = cast(nn.Sequential, model.features)
    pools = [place for place, module in enumerate(features) if isinstance(module, nn.MaxPool2d)]
    return features[pools[number] - 1]


class _Seen(NamedTuple):
    """A module's output in a forward pass: where it lies in the graph of gradients, and what it is as a map."""

    module: nn.Module
    edge: GradientEdge
    output: torch.Tensor
    n_pixels: int = 0


def _decisive(model: nn.Module, images: torch.Tensor) -> _Maps:
    """Return the modules that give maps all of the output is computed from, and the maps' pixels; the last first."""
    known, key = _found.setdefault(model, {}), (images.shape[1:], tuple(map(id, model.modules())))
    if key not in known:
        known[key] = [(one.module, one.n_pixels) for one in _decisive_maps(model, images)]
    return known[key]


def _decisive_maps(model: nn.Module, images: torch.Tensor) -> list[_Seen]:
    """Return what gives maps that all of the output is computed from, the last first."""
    with untouched(model), torch.enable_grad():
        leaf = images[:1].detach().clone().requires_grad_()
        seen, outputs = _forward(model, leaf)
        if not outputs.requires_grad:
            raise UserError(f"layer: no gradients come out of {type(model).__name__}, so no layer can be found. {_HOW}")
        crossings = _crossings(get_gradient_edge(outputs).node, leaf)
        places = {node: place for place, (node, _, is_below_weights) in enumerate(crossings) if is_below_weights}
        pools = {one.edge.node for one in seen if _POOLING.search(type(one.module).__name__)}
        found: dict[int, _Seen] = {}
        for one in seen:
            place = places.get(one.edge.node, -1)
            is_whole = place >= 0 and crossings[place][1] == {one.edge.output_nr}
            if is_whole and not isinstance(one.module, _NO_FEATURES) and one.edge.node not in pools:
                found.setdefault(place, one)
        sized = [_with_pixels(model, found[place], images) for place in sorted(found)]
        maps = [one for one in sized if one is not None]
        if not maps:
            raise UserError(
                "layer: no layer of this model gives a map (N, C, H, W) with more than one pixel that all of its "
                f"output is computed from. {_HOW}"
            )
        scale = torch.linspace(1, 2, outputs.shape[1], device=outputs.device)
        decisive = next((n for n, one in enumerate(maps) if _matters(one, (outputs * scale).sum(), images)), 0)
        return maps[decisive:]


def _forward(model: nn.Module, leaf: torch.Tensor) -> tuple[list[_Seen], torch.Tensor]:
    """Return what each module gave last, outer modules before inner ones, and the model's logits."""
    last: dict[nn.Module, _Seen] = {}

    def note(module: nn.Module, _inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.requires_grad:
            last[module] = _Seen(module, get_gradient_edge(output), output.detach())

    handles = [module.register_forward_hook(note) for module in model.modules() if module is not model]
    try:
        logits = model(leaf)
    finally:
        for handle in handles:
            handle.remove()
    return [last[module] for module in model.modules() if module in last], logits


def _crossings(end: Node, leaf: torch.Tensor) -> list[tuple[Node, set[int], bool]]:
    """Return the nodes that every way from `end` to the leaf goes through, `end` first, each with two things.

    Which of its outputs the ways use, and whether any layer with weights comes after it.
    """
    after, waiting = dict[Node, list[tuple[Node, int]]](), [end]
    while waiting:
        node = waiting.pop()
        if node not in after:
            after[node] = [(other, number) for other, number in node.next_functions if other is not None]
            waiting += [other for other, _ in after[node]]
    leads = _leading_to_leaf(after, leaf)
    if end not in leads:
        return []
    n_before = dict.fromkeys(leads, 0)
    for node in leads:
        for other, _ in after[node]:
            if other in leads:
                n_before[other] += 1
    found, ready, opened, has_weights = list[tuple[Node, set[int], bool]](), [end], {end}, False
    used: dict[Node, set[int]] = {}
    while ready:
        node = ready.pop()
        opened.discard(node)
        if not opened:
            found.append((node, used.get(node, {0}), has_weights))
        has_weights = has_weights or _is_weighted(node)
        for other, number in after[node]:
            if other in leads:
                opened.add(other)
                used.setdefault(other, set()).add(number)
                n_before[other] -= 1
                if n_before[other] == 0:
                    ready.append(other)
    return found


def _leading_to_leaf(after: dict[Node, list[tuple[Node, int]]], leaf: torch.Tensor) -> set[Node]:
    """Return the nodes from which the leaf can be reached."""
    before: dict[Node, list[Node]] = {node: [] for node in after}
    for node, others in after.items():
        for other, _ in others:
            before[other].append(node)
    waiting, leads = [node for node in after if getattr(node, "variable", None) is leaf], set[Node]()
    while waiting:
        node = waiting.pop()
        if node not in leads:
            leads.add(node)
            waiting += before[node]
    return leads


def _is_weighted(node: Node) -> bool:
    return node.name().rstrip("0123456789").removesuffix("Backward") in _WEIGHTED


def _with_pixels(model: nn.Module, one: _Seen, images: torch.Tensor) -> _Seen | None:
    """Return the module's output with its number of pixels; None where it is no map, or one that was pooled."""
    if "Pool" in one.edge.node.name() or one.output.ndim not in (3, 4) or len(one.output) != 1:
        return None
    try:
        as_map = map_reader(model, one.module, one.output, images)(one.output)
    except UserError:  # tokens, of which patches nobody can say
        return None
    n_pixels = as_map.shape[-1] * as_map.shape[-2]
    return one._replace(n_pixels=n_pixels) if n_pixels > 1 else None


def _matters(one: _Seen, score: torch.Tensor, images: torch.Tensor) -> bool:
    """Return whether the output depends on the map's places: on more than a class token."""
    (gradient,) = torch.autograd.grad(score, one.edge, retain_graph=True, allow_unused=True)
    if gradient is None:
        return False
    n_before = one.output.shape[1] - one.n_pixels if one.output.ndim == 3 else 0
    return bool(gradient[:, n_before:].any())
