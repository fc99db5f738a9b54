"""The types of parameters that methods, outputs and metrics share; `record.SHARED_PARAMETERS` says what they mean."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import nn

Baseline: TypeAlias = torch.Tensor | Sequence[float] | None
"""The image that differences are taken from, or its colour; zero in the model's input space where there is none."""

Colour: TypeAlias = Sequence[float]
"""Three values, one per channel: a colour, or the preprocessing's mean or standard deviation."""

Fill: TypeAlias = str | Colour
"""What hides a region: one of a few names, or a colour in the model's input space."""

Layer: TypeAlias = str | nn.Module | None
"""A layer of the model, by its dotted name or itself; None for the usual one."""

Progress: TypeAlias = Callable[[int], object] | None
"""Called with the number of images done since the last call, where it is given."""

Reference: TypeAlias = Callable[[torch.Tensor], object] | None
"""Called with the maps' values that mean no effect (N, T), where it is given."""

Reshape: TypeAlias = str | dict[str, Any] | Callable[[torch.Tensor], torch.Tensor] | None
"""How a layer's output is maps: a layout's name, {"skip": k, "grid": [h, w]} of tokens, or a function; None to see."""
