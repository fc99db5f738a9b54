"""The types of parameters that methods, outputs and metrics share; `record.SHARED_PARAMETERS` says what they mean."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import torch
from torch import nn


@dataclass(frozen=True)
class Bounds:
    """From `least` on, or `above` a number, up to `most`, as a part of a number's annotation."""

    least: float | None = None
    above: float | None = None
    most: float | None = None

    def hold(self, value: float) -> bool:
        too_low = (self.least is not None and value < self.least) or (self.above is not None and value <= self.above)
        return not too_low and (self.most is None or value <= self.most)

    def in_words(self) -> str:
        if self.least is None:
            return f"above {self.above}" if self.most is None else f"above {self.above}, up to {self.most}"
        return f"of {self.least} or more" if self.most is None else f"from {self.least} to {self.most}"


Baseline: TypeAlias = torch.Tensor | Sequence[float] | None
"""The image that differences are taken from, or its colour; zero in the model's input space where there is none."""

BatchSize: TypeAlias = Annotated[int, Bounds(least=1)] | None
"""Images per forward pass; None for what suits the images' size and the device."""

Colour: TypeAlias = Sequence[float]
"""Three values, one per channel: a colour, or the preprocessing's mean or standard deviation."""

Count: TypeAlias = Annotated[int, Bounds(least=1)]
"""How many of something, at least one."""

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
