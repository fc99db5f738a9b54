"""Convolutions as oneDNN does them best on a CPU: with the sum and activation that follow, in one step.

PyTorch's own write each step's result to memory and read it in again, and take a slow way for 1 × 1 kernels in batches
below 16 on one thread. Gradients flow to the input only, never to weights.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias, cast

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from explainers.networks.input_gradients import Turned, input_gradient, turned
from explainers.networks.kernels import Geometry, convolved, has_operator, output_size, packed, pair
from explainers.networks.steps import applied

_Backward: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


class Activation(NamedTuple):
    """An activation by the operator's name for it, its parameters, and its gradient, which its output tells.

    `backward(gradient, output, into)` writes it into a tensor, which may be the gradient's; None of one that another
    step does the way back of.
    """

    name: str
    parameters: tuple[float, ...]
    backward: _Backward | None

    def left_to_another(self) -> "Activation":
        return self._replace(backward=None)


_aten = torch.ops.aten
IDENTITY = Activation("none", (), None)
RELU = Activation("relu", (), lambda g, y, into: _aten.threshold_backward.grad_input(g, y, 0, grad_input=into))
RELU6 = Activation(
    "hardtanh", (0, 6), lambda g, y, into: _aten.hardtanh_backward.grad_input(g, y, 0, 6, grad_input=into)
)


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
    return applied(_Convolve, x, None, weight, bias, weight, geometry, IDENTITY, IDENTITY, lambda *_shapes: None)


class _Convolve(torch.autograd.Function):
    """activation(convolution(x) + other).

    `laid_out` is the weight in oneDNN's own layout, or the weight itself; `before` the activation that gave x, if its
    way back is left to this; `way_of` finds the gradient's way back, for the shapes of x and of the gradient.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        other: torch.Tensor | None,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        laid_out: torch.Tensor,
        geometry: Geometry,
        activation: Activation,
        before: Activation,
        way_of: Callable[[torch.Size, torch.Size], Turned | None],
    ) -> torch.Tensor:
        with torch._C.DisableTorchFunction():  # the few microseconds of whoever notes a network's steps, at each layer
            y = convolved(x, laid_out, bias, geometry, activation.name, activation.parameters, other)
        ctx.geometry, ctx.of_output, ctx.of_input = geometry, activation.backward, before.backward
        ctx.way_of = way_of
        ctx.save_for_backward(x, weight, None if activation.backward is None else y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, y = ctx.saved_tensors
        if ctx.of_output is not None:
            gradient = ctx.of_output(gradient, y, torch.empty_like(gradient))
        for_x = None
        if ctx.needs_input_grad[0]:
            for_x = input_gradient(gradient, x, weight, ctx.geometry, ctx.way_of(x.shape, gradient.shape))
            if ctx.of_input is not None:
                ctx.of_input(for_x, x, for_x)
        return for_x, gradient if ctx.needs_input_grad[1] else None, *[None] * 7


class Convolution(nn.Module):
    """A convolution with the sum and activation that follow it; after a sum there can be RELU or IDENTITY.

    Its weight is packed once for inputs of one size, the way back for gradients of one size, whatever the batch's; and
    again when other sizes come.
    """

    def __init__(
        self, weight: torch.Tensor, bias: torch.Tensor | None, geometry: Geometry, activation: Activation = IDENTITY
    ) -> None:
        super().__init__()
        self.weight, self.bias, self.geometry, self.activation = weight, bias, geometry, activation
        self.before = IDENTITY  # the activation that gave the input, where it leaves its way back to this
        self._packed: torch.Tensor | None = None
        self._packed_for: tuple[torch.Size, Geometry] | None = None
        self._way: Turned | None = None
        self._way_for: tuple[Geometry, torch.Size, torch.Size] | None = None

    @classmethod
    def of(cls, layer: nn.Conv2d, activation: Activation = IDENTITY) -> "Convolution":
        """Return the convolution of a layer whose padding is given in numbers, not by name."""
        padding = pair(cast(tuple[int, ...], layer.padding))
        geometry = Geometry(pair(layer.stride), padding, pair(layer.dilation), layer.groups)
        return cls(layer.weight, layer.bias, geometry, activation)

    def narrowed(self, channels: list[int]) -> "Convolution":
        """Return the convolution, of one group, that gives these of its output's channels."""
        weight = nn.Parameter(self.weight.detach()[channels], requires_grad=False)
        bias = None if self.bias is None else nn.Parameter(self.bias.detach()[channels], requires_grad=False)
        found = Convolution(weight, bias, self.geometry, self.activation)
        found.before = self.before
        return found

    def forward(self, x: torch.Tensor, other: torch.Tensor | None = None) -> torch.Tensor:
        if other is not None and other.shape != self._output_shape(x):  # which the operator would not broadcast
            total = self._convolved(x, None, IDENTITY) + other
            return total if self.activation is IDENTITY else total.relu()
        return self._convolved(x, other, self.activation)

    def on_window(self, x: torch.Tensor, other: torch.Tensor | None = None) -> torch.Tensor:
        """Return the output for an input that holds its padding already."""
        return self._convolved(x, other, self.activation, self.geometry._replace(padding=(0, 0)))

    def gradient(self, gradient: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return the convolution's gradient with respect to x, without the activation's."""
        way = self._way_back(self.geometry, x.shape, gradient.shape)
        return input_gradient(gradient, x, self.weight, self.geometry, way)

    def _convolved(
        self, x: torch.Tensor, other: torch.Tensor | None, activation: Activation, geometry: Geometry | None = None
    ) -> torch.Tensor:
        geometry = geometry or self.geometry
        if self._packed_for != (x.shape[1:], geometry):
            self._packed, self._packed_for = packed(self.weight, geometry, x.shape), (x.shape[1:], geometry)
        how = self._packed, geometry, activation, self.before, partial(self._way_back, geometry)
        return applied(_Convolve, x, other, self.weight, self.bias, *how)

    def _way_back(self, geometry: Geometry, shape: torch.Size, gradient: torch.Size) -> Turned | None:
        if not has_operator(self.weight.device, self.weight.dtype):
            return None
        if self._way_for != (geometry, shape[1:], gradient[1:]):
            way = turned(self.weight.detach(), geometry, shape, gradient)
            self._way = None if way is None else way.pack(gradient)
            self._way_for = geometry, shape[1:], gradient[1:]
        return self._way

    def _output_shape(self, x: torch.Tensor) -> tuple[int, ...]:
        return len(x), len(self.weight), *output_size(self.weight.shape[2:], self.geometry, x.shape[2:])

    def __getstate__(self) -> dict[str, Any]:
        kept = dict.fromkeys(("_packed", "_packed_for", "_way", "_way_for"))  # oneDNN's is not copied
        return {**nn.Module.__getstate__(self), **kept}
