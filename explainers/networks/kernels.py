"""oneDNN's convolution with the activation that follows, as PyTorch hands it out on a CPU; nothing here is recorded.

Where oneDNN has none, PyTorch's own does the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F


class Geometry(NamedTuple):
    """How a kernel moves over its input; pairs, rows first."""

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


def has_operator(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether oneDNN's fused convolution is there, for this device and precision."""
    fused, mkldnn = torch.ops.mkldnn, torch.backends.mkldnn
    if device.type != "cpu" or not mkldnn.is_available() or not mkldnn.enabled:
        return False
    if not hasattr(fused, "_convolution_pointwise") or not hasattr(fused, "_reorder_convolution_weight"):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and fused._is_mkldnn_bf16_supported())


def pair(value: int | Sequence[int]) -> tuple[int, int]:
    """Return a number twice, one in a list twice; a pair as it is."""
    found = (value,) if isinstance(value, int) else tuple(value)
    rows, columns = found * 2 if len(found) == 1 else found
    return rows, columns


def packed(weight: torch.Tensor, geometry: Geometry, shape: torch.Size) -> torch.Tensor:
    """Return a weight in oneDNN's own layout for inputs of this shape; as it is where `convolved` does without."""
    if not _is_fused(weight, geometry, shape):
        return weight.detach()
    stride, padding, dilation, groups = geometry
    pack = torch.ops.mkldnn._reorder_convolution_weight
    found: torch.Tensor = pack(weight.detach(), padding, stride, dilation, groups, list(shape))
    return found


def convolved(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    geometry: Geometry,
    activation: str = "none",
    parameters: Sequence[float] = (),
    other: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return activation(convolution(x) + other), of a weight that is packed or as it is.

    With `other` the activation is "none" or "relu". oneDNN's operator gives rubbish for the second and further images
    where a convolution makes a single value of a whole image (PyTorch 2.13): there PyTorch's own is taken.
    """
    if not _is_fused(weight, geometry, x.shape):
        value = torch.conv2d(x, weight, bias, *geometry)
        value = value if other is None else value + other
        return value if activation == "none" else getattr(F, activation)(value, *parameters)
    stride, padding, dilation, groups = geometry
    operator, how = torch.ops.mkldnn._convolution_pointwise, (padding, stride, dilation, groups)
    if other is None:
        found: torch.Tensor = operator(x, weight, bias, *how, activation, list(parameters), "")
        return found
    then = None if activation == "none" else activation
    found = operator.binary(x, other, weight, bias, *how, "add", None, then, list(parameters), "")
    return found


def output_size(kernel: Sequence[int], geometry: Geometry, size: Sequence[int]) -> list[int]:
    """Return the rows and columns that a convolution makes of an input's."""
    measures = zip(size, kernel, geometry.stride, geometry.padding, geometry.dilation, strict=True)
    return [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in measures]


def _is_fused(weight: torch.Tensor, geometry: Geometry, shape: torch.Size) -> bool:
    gives_one_value = len(weight) == 1 and output_size(weight.shape[2:], geometry, shape[2:]) == [1, 1]
    return has_operator(weight.device, weight.dtype) and not gives_one_value
