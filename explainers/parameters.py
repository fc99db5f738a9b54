"""The types of parameters that methods, outputs and metrics share; `record.SHARED_PARAMETERS` says what they mean."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from torch import nn

Colour: TypeAlias = Sequence[float]
"""Three values, one per channel: a colour, or the preprocessing's mean or standard deviation."""

Fill: TypeAlias = str | Colour
"""What hides a region: one of a few names, or a colour in the model's input space."""

Layer: TypeAlias = str | nn.Module | None
"""A layer of the model, by its dotted name or itself; None for the usual one."""

Progress: TypeAlias = Callable[[int], object] | None
"""Called with the number of images done since the last call, where it is given."""
