"""Convolutions as oneDNN does them best on a CPU: with the sum and activation that follow, in one step.

PyTorch's own write each step's result to memory and read it in again, and take a slow way for 1 × 1 kernels in batches
below 16 on one thread. Gradients flow to the input only, never to weights.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from explainers.networks.steps import applied


class Geometry(NamedTuple):
    """How a kernel moves over its input; pairs, rows first."""

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


class Activation(NamedTuple):
    """An activation by the operator's name for it, its parameters, and its gradient, which its output tells."""

    name: str
    parameters: tuple[float, ...]
    backward: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


_backward = torch.ops.aten
IDENTITY = Activation("none", (), lambda gradient, _output: gradient)
RELU = Activation("relu", (), lambda gradient, output: _backward.threshold_backward(gradient, output, 0))
RELU6 = Activation("hardtanh", (0, 6), lambda gradient, output: _backward.hardtanh_backward(gradient, output, 0, 6))


def has_operator(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether oneDNN's fused convolution is there, for this device and precision."""
    fused, mkldnn = torch.ops.mkldnn, torch.backends.mkldnn
    if device.type != "cpu" or not mkldnn.is_available() or not mkldnn.enabled:
        return False
    if not hasattr(fused, "_convolution_pointwise") or not hasattr(fused, "_reorder_convolution_weight"):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and fused._is_mkldnn_bf16_supported())


def convolve(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int | Sequence[int] = (1, 1),
    padding: str | int | Sequence[int] = (0, 0),
    dilation: int | Sequence[int] = (1, 1),
    groups: int = 1,
) -> torch.Tensor:
    """Return what `torch.conv2d` returns; on a CPU sooner. On the quicker way no gradient reaches the weight."""
    if isinstance(padding, str):
        return torch.conv2d(x, weight, bias, pair(stride), padding, pair(dilation), groups)
    geometry = Geometry(pair(stride), pair(padding), pair(dilation), groups)
    if x.ndim != 4 or not has_operator(x.device, x.dtype):
        return torch.conv2d(x, weight, bias, *geometry)
    return applied(_Convolve, x, None, weight, bias, weight, geometry, IDENTITY)


def pair(value: int | Sequence[int]) -> tuple[int, int]:
    """Return a number twice, one in a list twice; a pair as it is."""
    found = (value,) if isinstance(value, int) else tuple(value)
    rows, columns = found * 2 if len(found) == 1 else found
    return rows, columns


def input_gradient(gradient: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Return a convolution's gradient with respect to x; a 1 × 1 kernel's is a convolution too, and quicker as one."""
    if weight.shape[2:] == (1, 1) and geometry == Geometry():
        return convolve(gradient, weight.transpose(0, 1))
    stride, padding, dilation, groups = geometry
    how = stride, padding, dilation, False, (0, 0), groups
    found: torch.Tensor = torch.ops.aten.convolution_backward(gradient, x, weight, None, *how, (True, False, False))[0]
    return found


class _Convolve(torch.autograd.Function):
    """activation(convolution(x) + other); `packed` is the weight in oneDNN's own layout, or the weight itself."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        other: torch.Tensor | None,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        packed: torch.Tensor,
        geometry: Geometry,
        activation: Activation,
    ) -> torch.Tensor:
        stride, padding, dilation, groups = geometry
        how, name, parameters = (padding, stride, dilation, groups), activation.name, list(activation.parameters)
        operator = torch.ops.mkldnn._convolution_pointwise
        if other is None:
            y: torch.Tensor = operator(x, packed, bias, *how, name, parameters, "")
        else:
            then = None if activation is IDENTITY else name
            y = operator.binary(x, other, packed, bias, *how, "add", None, then, parameters, "")
        ctx.geometry, ctx.activation = geometry, activation
        ctx.save_for_backward(x, weight, None if activation is IDENTITY else y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, y = ctx.saved_tensors
        gradient = ctx.activation.backward(gradient, y)
        for_x = input_gradient(gradient, x, weight, ctx.geometry) if ctx.needs_input_grad[0] else None
        return for_x, gradient if ctx.needs_input_grad[1] else None, *[None] * 5


class Convolution(nn.Module):
    """A convolution with the sum and activation that follow it; after a sum there can be RELU or IDENTITY.

    Its weight is packed once for inputs of one size, and again when another size comes.
    """

    def __init__(self, layer: nn.Conv2d, activation: Activation = IDENTITY) -> None:
        super().__init__()
        self.weight, self.bias, self.activation = layer.weight, layer.bias, activation
        padding = cast(tuple[int, ...], layer.padding)  # given in numbers, not by name
        self.geometry = Geometry(pair(layer.stride), pair(padding), pair(layer.dilation), layer.groups)
        self._packed: torch.Tensor | None = None
        self._packed_for: tuple[torch.Size, Geometry] | None = None

    def forward(self, x: torch.Tensor, other: torch.Tensor | None = None) -> torch.Tensor:
        if other is not None and other.shape != self._output_shape(x):  # which the operator would not broadcast
            total = self._convolved(x, None, IDENTITY) + other
            return total.relu() if self.activation is RELU else total
        return self._convolved(x, other, self.activation)

    def on_window(self, x: torch.Tensor, other: torch.Tensor | None = None) -> torch.Tensor:
        """Return the output for an input that holds its padding already."""
        return self._convolved(x, other, self.activation, self.geometry._replace(padding=(0, 0)))

    def _convolved(
        self, x: torch.Tensor, other: torch.Tensor | None, activation: Activation, geometry: Geometry | None = None
    ) -> torch.Tensor:
        geometry = geometry or self.geometry
        if self._packed_for != (x.shape, geometry):
            stride, padding, dilation, groups = geometry
            pack = torch.ops.mkldnn._reorder_convolution_weight
            self._packed = pack(self.weight.detach(), padding, stride, dilation, groups, list(x.shape))
            self._packed_for = x.shape, geometry
        return applied(_Convolve, x, other, self.weight, self.bias, self._packed, geometry, activation)

    def _output_shape(self, x: torch.Tensor) -> tuple[int, ...]:
        kernel, (stride, padding, dilation, _) = self.weight.shape[2:], self.geometry
        measures = zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
        return len(x), len(self.weight), *((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in measures)

    def __getstate__(self) -> dict[str, Any]:
        return {
            **nn.Module.__getstate__(self),
            "_packed": None,
            "_packed_for": None,
        }  # oneDNN's is not copied
