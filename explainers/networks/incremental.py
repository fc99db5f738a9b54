"""Classify variants of an image that differ from it in one rectangle, by computing only what the rectangle changes.

Nakandala, Kumar, Papakonstantinou 2019, "Incremental and Approximate Inference for Faster Occlusion-based Deep CNN
Explanations", SIGMOD, section 4; its exact part. The image's activations are kept. Of a variant each layer computes the
window that the rectangle reaches, which grows from layer to layer; where it is most of the layer, and after steps that
are not local, the whole. The outputs are those of the whole network but for rounding.
"""

import operator
from dataclasses import dataclass
from math import prod

import torch
import torch.nn.functional as F
from torch import fx, nn

from explainers.networks.convolution import Convolution
from explainers.networks.graph import ADDITIONS, module_of

WORTHWHILE = 0.7  # of a layer's area; a larger window costs as much as the whole
_SLIDING = (Convolution, nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
_POINTWISE = (nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish, nn.GELU, nn.ELU, nn.LeakyReLU, nn.Sigmoid)
_POINTWISE += (nn.BatchNorm2d, nn.Dropout, nn.Dropout2d, nn.Identity)
_POINTWISE_CALLS = {F.relu, F.relu6, F.silu, torch.relu, torch.relu_, torch.sigmoid, "relu", "relu_", "contiguous"}
_IN_PLACE = {operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.setitem}


def can_be_incremental(graph: nn.Module) -> bool:
    """Return whether it is a graph whose steps leave what other steps read as it was; activations aside."""
    return isinstance(graph, fx.GraphModule) and not any(map(_overwrites, graph.graph.nodes))


def _overwrites(node):
    in_place = node.target in _IN_PLACE or (node.op == "call_method" and node.target.endswith("_"))
    return in_place and node.target not in _POINTWISE_CALLS and len(node.args[0].users) > 1


@dataclass(frozen=True)
class Area:
    """Windows of one size, one per variant, by their first row and column; they may reach beyond the layer."""

    tops: list[int]
    lefts: list[int]
    height: int
    width: int


@dataclass(frozen=True)
class Changed:
    """A layer's activations of B variants: `base` (1, C, H, W) but in an area, where they are `values` (B, C, h, w)."""

    base: torch.Tensor
    values: torch.Tensor
    area: Area

    def within(self, area: Area, outside: float = 0.0) -> torch.Tensor:
        """Return the activations in other windows (B, C, h, w), `outside` where these reach beyond the layer."""
        if area == self.area:
            return self.values
        size = (len(self.values), self.base.shape[1], area.height, area.width)
        found = torch.empty(size, dtype=self.base.dtype, memory_format=torch.channels_last).fill_(outside)
        own = zip(self.area.tops, self.area.lefts, strict=True)
        for window, values, at, own_at in zip(
            found, self.values, zip(area.tops, area.lefts, strict=True), own, strict=True
        ):
            _copy(self.base[0], (0, 0), window, at)
            _copy(values, own_at, window, at)
        return found

    def whole(self) -> torch.Tensor:
        """Return the activations of the whole layer (B, C, H, W)."""
        nought = [0] * len(self.values)
        return self.within(Area(nought, nought, *self.base.shape[2:]))


def _copy(source, source_at, target, target_at):
    """Copy what two windows (C, h, w) have in common; each lies at its first row and column."""
    from_rows, into_rows = _overlap(source_at[0], source.shape[1], target_at[0], target.shape[1])
    from_columns, into_columns = _overlap(source_at[1], source.shape[2], target_at[1], target.shape[2])
    target[:, into_rows, into_columns] = source[:, from_rows, from_columns]


def _overlap(start, length, other_start, other_length):
    """Return where the part that two stretches share lies in each."""
    first = max(start, other_start)
    last = max(first, min(start + length, other_start + other_length))
    return slice(first - start, last - start), slice(first - other_start, last - other_start)


class Incremental(nn.Module):
    """The network of a graph for variants of one image (1, 3, H, W), with its activations and `logits` (1, K)."""

    @torch.inference_mode()
    def __init__(self, graph: fx.GraphModule, image: torch.Tensor):
        super().__init__()
        recorder = _Recorder(graph)
        self.logits = recorder.run(image)
        self.image, self.interpreter = image, _Interpreter(graph, recorder.found)

    @torch.inference_mode()
    def forward(self, rectangles: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
        """Return the outputs (B, K) with a rectangle each (B, 4) hidden by its colour (B, 3)."""
        bounds, limits = rectangles.tolist(), self.image.shape[2:]
        height, width = (rectangles[:, 1::2] - rectangles[:, ::2]).amax(dim=0).tolist()
        tops = [min(top, limits[0] - height) for top, *_ in bounds]
        lefts = [min(left, limits[1] - width) for *_, left, _ in bounds]
        area = Area(tops, lefts, height, width)
        nothing = Changed(
            self.image, self.image.new_empty(len(bounds), self.image.shape[1], 0, 0), Area(tops, lefts, 0, 0)
        )
        values = nothing.within(area)
        for window, colour, (top, bottom, left, right), y, x in zip(values, colours, bounds, tops, lefts, strict=True):
            window[:, top - y : bottom - y, left - x : right - x] = colour[:, None, None]
        return self.interpreter.run(Changed(self.image, values, area))


class _Recorder(fx.Interpreter):
    """Keeps what every step of a graph gives."""

    def run(self, *args):
        self.found = {}
        return super().run(*args)

    def run_node(self, node):
        self.found[node] = super().run_node(node)
        return self.found[node]


class _Interpreter(fx.Interpreter):
    """Runs a graph on what has changed, as long as its steps are local and the change is small."""

    def __init__(self, graph, activations):
        super().__init__(graph)
        self.activations = activations

    def run_node(self, node):
        args, kwargs = self.fetch_args_kwargs_from_env(node)
        inputs = _tensors(args, kwargs)
        if node.op in ("placeholder", "output") or not any(isinstance(given, Changed) for given in inputs):
            return super().run_node(node)
        if all(isinstance(given, Changed) for given in inputs):
            found = self._in_its_area(node, inputs, args, kwargs)
            if found is not None:
                changed = Changed(self.activations[node], *found)
                return changed if _is_small(changed) else changed.whole()
        args, kwargs = fx.node.map_aggregate((args, kwargs), lambda a: a.whole() if isinstance(a, Changed) else a)
        return getattr(self, node.op)(node.target, args, kwargs)

    def _in_its_area(self, node, inputs, args, kwargs):
        """Return the step's values and their area; None where it is not known to be local."""
        layer, base = module_of(self.module, node), self.activations[node]
        if not isinstance(base, torch.Tensor) or base.ndim != 4:
            return None
        if isinstance(layer, _SLIDING):
            return _slid(layer, inputs, base.shape)
        if isinstance(layer, _POINTWISE) or (layer is None and node.target in _POINTWISE_CALLS):
            return getattr(self, node.op)(node.target, (inputs[0].values, *args[1:]), kwargs), inputs[0].area
        joined = node.target is torch.cat and (args[1:] == (1,) or kwargs == {"dim": 1})
        added = (
            node.target in ADDITIONS
            and not kwargs
            and len(inputs) == 2
            and inputs[0].base.shape == inputs[1].base.shape
        )
        if not joined and not added:
            return None
        area = _union([given.area for given in inputs], base.shape)
        values = [given.within(area) for given in inputs]
        return torch.cat(values, dim=1) if joined else values[0] + values[1], area


def _tensors(args, kwargs):
    found = []
    fx.node.map_aggregate((args, kwargs), found.append)
    return [given for given in found if isinstance(given, torch.Tensor | Changed)]


def _is_small(changed):
    return changed.area.height * changed.area.width <= WORTHWHILE * prod(changed.base.shape[2:])


def _slid(layer, inputs, size):
    """Return what a layer that slides a kernel gives, and where, from windows with its padding; None if it cannot."""
    given, *added = inputs
    kernel, stride, padding, dilation = _geometry(layer)
    if not _is_plain(layer) or any(other.base.shape[1:] != size[1:] for other in added):
        return None
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    tops, height = _reached(given.area.tops, given.area.height, reach[0], stride[0], padding[0])
    lefts, width = _reached(given.area.lefts, given.area.width, reach[1], stride[1], padding[1])
    area = _union([Area(tops, lefts, height, width), *(other.area for other in added)], size)
    tops, lefts = (
        [at * s - p for at in where] for where, s, p in zip((area.tops, area.lefts), stride, padding, strict=True)
    )
    height, width = ((n - 1) * s + r for n, s, r in zip((area.height, area.width), stride, reach, strict=True))
    window = given.within(Area(tops, lefts, height, width), -torch.inf if isinstance(layer, nn.MaxPool2d) else 0.0)
    if isinstance(layer, Convolution):
        return layer.on_window(window, *(other.within(area) for other in added)), area
    if isinstance(layer, nn.Conv2d):
        return F.conv2d(window, layer.weight, layer.bias, stride, 0, dilation, layer.groups), area
    if isinstance(layer, nn.MaxPool2d):
        return F.max_pool2d(window, kernel, stride, 0, dilation), area
    return F.avg_pool2d(window, kernel, stride), area


def _geometry(layer):
    if isinstance(layer, Convolution):
        return layer.weight.shape[2:], *layer.geometry[:3]
    found = layer.kernel_size, layer.stride, layer.padding, getattr(layer, "dilation", 1)
    return tuple(value if isinstance(value, tuple | str) else (value, value) for value in found)


def _is_plain(layer):
    """Return whether what lies beyond the input counts as zeros, or for a maximum as nothing."""
    if isinstance(layer, nn.AvgPool2d):
        return _geometry(layer)[2] == (0, 0) and not layer.ceil_mode and layer.divisor_override is None
    if isinstance(layer, nn.Conv2d):
        return layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return not getattr(layer, "return_indices", False)


def _reached(starts, length, reach, stride, padding):
    """Return the first outputs that stretches of the input reach, and how many at most each does."""
    return [-((reach - 1 - at - padding) // stride) for at in starts], (length + reach - 2) // stride + 1


def _union(areas, size):
    """Return windows inside a layer of this size (…, H, W) that hold those of all areas."""
    tops, height = _spanned([(area.tops, area.height) for area in areas], size[-2])
    lefts, width = _spanned([(area.lefts, area.width) for area in areas], size[-1])
    return Area(tops, lefts, height, width)


def _spanned(stretches, limit):
    starts = [min(of_one) for of_one in zip(*(starts for starts, _ in stretches), strict=True)]
    ends = [
        max(of_one) for of_one in zip(*([at + length for at in starts] for starts, length in stretches), strict=True)
    ]
    length = min(limit, max(end - start for start, end in zip(starts, ends, strict=True)))
    return [min(max(start, 0), limit - length) for start in starts], length
