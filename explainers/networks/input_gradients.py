"""A convolution's gradient with respect to its input, as a convolution of the gradient where that is quicker.

With stride 1 its kernel is the first one's, turned round. With stride s, the s × s pixels that lie between two steps
meet kernels of their own, of every s-th value: one convolution gives them as channels. oneDNN's own way for the few
channels of a picture fills a fifth of a processor's vectors.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F

from explainers.networks.kernels import Geometry, convolved, has_operator, packed

_FEW = 4  # channels of an input, up to which a strided convolution's gradient is quicker this way


class _Axis(NamedTuple):
    """One axis of the convolution that gives the gradient: its kernel's size and padding, and where the input begins.

    `step` pixels lie between two steps, of which the first `offset` are padding.
    """

    size: int
    padding: int
    offset: int
    step: int


class Turned:
    """The convolution by which gradients of one size become those of inputs (N, C, H, W); packed once."""

    def __init__(self, weight: torch.Tensor, geometry: Geometry, axes: tuple[_Axis, _Axis]) -> None:
        self._rows, self._columns = axes
        padding = self._rows.padding, self._columns.padding
        self._geometry = Geometry((1, 1), padding, geometry.dilation, geometry.groups)
        self._weight = _turned(weight, geometry.groups, axes)

    def pack(self, shape: torch.Size) -> "Turned":
        """Lay the weight out for gradients of this shape, and return this."""
        self._weight = packed(self._weight, self._geometry, shape)
        return self

    def __call__(self, gradient: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        """Return the gradient of an input of this shape."""
        found = convolved(gradient, self._weight, None, self._geometry)
        if self._rows.step == self._columns.step == 1:
            return found
        (n, channels, *_), (down, across) = shape, (self._rows.step, self._columns.step)
        height, width = found.shape[2:]
        pixels = found.permute(0, 2, 3, 1).reshape(n, height, width, down, across * channels).transpose(2, 3)
        found = pixels.reshape(n, height * down, width * across, channels).permute(0, 3, 1, 2)
        found = found[:, :, self._rows.offset :, self._columns.offset :][:, :, : shape[2], : shape[3]]
        missing = shape[2] - found.shape[2], shape[3] - found.shape[3]
        return F.pad(found, (0, missing[1], 0, missing[0])) if any(missing) else found


def turned(weight: torch.Tensor, geometry: Geometry, shape: torch.Size, gradient: torch.Size) -> Turned | None:
    """Return the convolution by which a gradient becomes that of an input of this shape; None where none is quicker."""
    stride, padding, dilation, groups = geometry
    is_strided = stride != (1, 1)
    if is_strided and (dilation != (1, 1) or groups != 1 or shape[1] > _FEW):
        return None
    measures = zip(shape[2:], gradient[2:], weight.shape[2:], stride, padding, dilation, strict=True)
    rows, columns = (_axis(*measure) for measure in measures)
    return None if rows is None or columns is None else Turned(weight, geometry, (rows, columns))


def input_gradient(
    gradient: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    geometry: Geometry,
    way: Turned | None = None,
) -> torch.Tensor:
    """Return a convolution's gradient with respect to x; `way` is what `turned` gives, if it is known already."""
    if way is None and has_operator(gradient.device, gradient.dtype):
        way = turned(weight, geometry, x.shape, gradient.shape)
    if way is not None:
        return way(gradient, x.shape)
    stride, padding, dilation, groups = geometry
    how = stride, padding, dilation, False, (0, 0), groups
    found: torch.Tensor = torch.ops.aten.convolution_backward(gradient, x, weight, None, *how, (True, False, False))[0]
    return found


def _axis(n_inputs: int, n_outputs: int, kernel: int, step: int, padding: int, dilation: int) -> _Axis | None:
    """Return how gradients are convolved along an axis; None where it would take padding on one side only."""
    size = -(-kernel // step)
    reach = dilation * (size - 1)
    first, last = padding // step, (n_inputs + padding - 1) // step  # of the steps that the input's pixels lie at
    is_whole = n_outputs - 1 + reach - first >= min(last, n_outputs - 1 + reach)
    return _Axis(size, reach - first, padding % step, step) if is_whole and first <= reach else None


def _turned(weight: torch.Tensor, groups: int, axes: tuple[_Axis, _Axis]) -> torch.Tensor:
    """Return kernels for gradients: of each pixel between two steps a group's channels, by the outputs they reach."""
    rows, columns = axes
    n_outputs, n_inputs, height, width = weight.shape
    whole = (0, columns.size * columns.step - width, 0, rows.size * rows.step - height)
    weight = F.pad(weight, whole) if any(whole) else weight
    sizes = rows.size, rows.step, columns.size, columns.step
    parts = weight.reshape(groups, n_outputs // groups, n_inputs, *sizes).permute(0, 4, 6, 2, 1, 3, 5).flip(5, 6)
    kernels = parts.reshape(-1, n_outputs // groups, rows.size, columns.size)
    return kernels.contiguous(memory_format=torch.channels_last)
