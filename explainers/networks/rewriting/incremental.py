"""Classify variants of an image that differ from it in one rectangle, by computing only what the rectangle changes.

Nakandala, Kumar, Papakonstantinou 2019, "Incremental and Approximate Inference for Faster Occlusion-based Deep CNN
Explanations", SIGMOD, section 4; its exact part. The image's activations are kept. Of a variant each layer computes the
window that the rectangle reaches, which grows from layer to layer; where it is most of the layer, and after steps that
are not local, the whole. The outputs are those of the whole network but for rounding.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeGuard

import torch
import torch.nn.functional as F
from torch import fx, nn

from explainers.networks.convolution import Convolution
from explainers.networks.kernels import pair
from explainers.networks.rewriting.graph import ADDITIONS, is_in_place, module_of
from explainers.networks.rewriting.windows import Area, Changed, Spans, joined

_Pair: TypeAlias = tuple[int, int]  # rows first
_Sliding: TypeAlias = Convolution | nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d
_SLIDING = (Convolution, nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
_POINTWISE = (
    nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish, nn.GELU, nn.ELU, nn.LeakyReLU, nn.Sigmoid,
    nn.BatchNorm2d, nn.Dropout, nn.Dropout2d, nn.Identity,
)  # fmt: skip
_POINTWISE_CALLS = {F.relu, F.relu6, F.silu, torch.relu, torch.relu_, torch.sigmoid, "relu", "relu_", "contiguous"}


def can_be_incremental(graph: nn.Module | None) -> TypeGuard[fx.GraphModule]:
    """Return whether it is a graph whose steps leave what other steps read as it was."""
    return isinstance(graph, fx.GraphModule) and not any(_overwrites(graph, node) for node in graph.graph.nodes)


def _overwrites(graph: fx.GraphModule, node: fx.Node) -> bool:
    if not is_in_place(graph, node):
        return False
    written = node.args[0] if node.args else node.kwargs.get("input")
    return isinstance(written, fx.Node) and len(written.users) > 1


class Incremental(nn.Module):
    """The network of a graph for variants of one image (1, C, H, W), with its activations and `logits` (1, K).

    `read(function, image)` gives the logits in what the function returns.
    """

    @torch.inference_mode()
    def __init__(
        self,
        graph: fx.GraphModule,
        image: torch.Tensor,
        read: Callable[[Callable[..., Any], torch.Tensor], torch.Tensor] = lambda run, image: run(image),
    ) -> None:
        super().__init__()
        recorder = _Recorder(graph)
        self.logits = read(recorder.run, image.clone())
        self.image, self.interpreter = image, _Interpreter(graph, recorder.found)

    @torch.inference_mode()
    def forward(self, rectangles: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
        """Return the outputs (B, K) with a rectangle each (B, 4) hidden by its colour (B, C)."""
        tops, bottoms, lefts, rights = rectangles.T.tolist()
        sides = (rectangles[:, 1::2] - rectangles[:, ::2]).amax(dim=0).tolist()
        area = joined([Area(Spans(tops, sides[0]), Spans(lefts, sides[1]))], self.image.shape)
        values = torch.stack([self.image[0, :, y : y + sides[0], x : x + sides[1]] for y, x in area.corners])
        bounds = zip(tops, bottoms, lefts, rights, strict=True)
        for window, (y, x), colour, (top, bottom, left, right) in zip(
            values, area.corners, colours, bounds, strict=True
        ):
            window[:, top - y : bottom - y, left - x : right - x] = colour[:, None, None]
        values = values.contiguous(memory_format=torch.channels_last)
        outputs: torch.Tensor = self.interpreter.run(Changed(self.image, values, area))
        return outputs


class _Recorder(fx.Interpreter):
    """Keeps what every step of a graph gives, before a later one writes over it."""

    def run(self, *args: Any, **options: Any) -> Any:
        self.found: dict[fx.Node, Any] = {}
        return super().run(*args, **options)

    def run_node(self, node: fx.Node) -> Any:
        result = super().run_node(node)
        self.found[node] = result.clone() if isinstance(result, torch.Tensor) else result
        return result


class _Interpreter(fx.Interpreter):
    """Runs a graph on what has changed, as long as its steps are local and the change is small."""

    def __init__(self, graph: fx.GraphModule, activations: dict[fx.Node, Any]) -> None:
        super().__init__(graph)
        self.graph_module = graph
        self.activations = activations

    def run_node(self, node: fx.Node) -> Any:
        args, kwargs = self.fetch_args_kwargs_from_env(node)
        inputs = _tensors(args, kwargs)
        changed = [given for given in inputs if isinstance(given, Changed)]
        if node.op in ("placeholder", "output") or not changed:
            return super().run_node(node)
        if len(changed) == len(inputs):
            found = self._in_its_area(node, changed, args, kwargs)
            if found is not None:
                result = Changed(self.activations[node], *found)
                return result if result.is_small() else result.whole()
        args, kwargs = fx.node.map_aggregate((args, kwargs), lambda a: a.whole() if isinstance(a, Changed) else a)
        return getattr(self, node.op)(node.target, args, kwargs)

    def _in_its_area(
        self, node: fx.Node, inputs: list[Changed], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[torch.Tensor, Area] | None:
        """Return the step's values and their area; None where it is not known to be local."""
        layer, base = module_of(self.graph_module, node), self.activations[node]
        if not isinstance(base, torch.Tensor) or base.ndim != 4:
            return None
        if isinstance(layer, _SLIDING):
            return _slid(layer, inputs, base.shape)
        if isinstance(layer, _POINTWISE) or (layer is None and node.target in _POINTWISE_CALLS):
            args, kwargs = fx.node.map_aggregate((args, kwargs), lambda a: a.values if isinstance(a, Changed) else a)
            return getattr(self, node.op)(node.target, args, kwargs), inputs[0].area
        is_joined = node.target is torch.cat and (args[1:] == (1,) or kwargs == {"dim": 1})
        is_added = node.target in ADDITIONS and not kwargs and [one.base.shape for one in inputs] == [base.shape] * 2
        if not is_joined and not is_added:
            return None
        area = joined([given.area for given in inputs], base.shape)
        values = [given.seen(area) for given in inputs]
        return torch.cat(values, dim=1) if is_joined else values[0] + values[1], area


def _tensors(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor | Changed]:
    found: list[Any] = []
    fx.node.map_aggregate((args, kwargs), found.append)
    return [given for given in found if isinstance(given, torch.Tensor | Changed)]


def _slid(layer: _Sliding, inputs: Sequence[Changed], size: torch.Size) -> tuple[torch.Tensor, Area] | None:
    """Return what a layer that slides a kernel gives, and where, from windows with its padding; None if it cannot."""
    given, *added = inputs
    if not _is_plain(layer) or any(other.base.shape[1:] != size[1:] for other in added):
        return None
    kernel, stride, padding, dilation = _geometry(layer)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    steps = list(zip(reach, stride, padding, strict=True))
    reached = Area(*(spans.reached(*step) for spans, step in zip(given.area, steps, strict=True)))
    area = joined([reached, *(other.area for other in added)], size)
    needed = Area(*(spans.needed(*step) for spans, step in zip(area, steps, strict=True)))
    window = given.seen(needed, -torch.inf if isinstance(layer, nn.MaxPool2d) else 0.0)
    if isinstance(layer, Convolution):
        return layer.on_window(window, *(other.seen(area) for other in added)), area
    if isinstance(layer, nn.Conv2d):
        return F.conv2d(window, layer.weight, layer.bias, stride, 0, dilation, layer.groups), area
    if isinstance(layer, nn.MaxPool2d):
        return F.max_pool2d(window, kernel, stride, 0, dilation), area
    return F.avg_pool2d(window, kernel, stride), area


def _geometry(layer: _Sliding) -> tuple[_Pair, _Pair, _Pair, _Pair]:
    """Return the kernel's size, stride, padding and dilation of a layer whose padding is in numbers."""
    if isinstance(layer, Convolution):
        return pair(layer.weight.shape[2:]), *layer.geometry[:3]
    found: list[Any] = [layer.kernel_size, layer.stride, layer.padding, getattr(layer, "dilation", 1)]
    kernel, stride, padding, dilation = map(pair, found)
    return kernel, stride, padding, dilation


def _is_plain(layer: _Sliding) -> bool:
    """Return whether what lies beyond the input counts as zeros, or for a maximum as nothing."""
    if isinstance(layer, nn.AvgPool2d):
        return _geometry(layer)[2] == (0, 0) and not layer.ceil_mode and layer.divisor_override is None
    if isinstance(layer, nn.Conv2d):
        return layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return not getattr(layer, "return_indices", False)
