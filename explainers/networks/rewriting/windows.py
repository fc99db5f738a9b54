"""Windows of a network's layers, one per variant of an image, and the activations that differ in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import torch

WORTHWHILE = 0.7  # of a layer's area; a larger window costs as much as the whole


class Spans(NamedTuple):
    """Stretches of rows, or of columns, of one length, one per variant; they may reach beyond the layer."""

    starts: list[int]
    length: int

    def reached(self, reach: int, stride: int, padding: int) -> "Spans":
        """Return the outputs, as many as there can be, of which a sliding kernel's inputs lie in these stretches."""
        starts = [-((reach - 1 - start - padding) // stride) for start in self.starts]
        return Spans(starts, (self.length + reach - 2) // stride + 1)

    def needed(self, reach: int, stride: int, padding: int) -> "Spans":
        """Return the inputs of these outputs."""
        return Spans([start * stride - padding for start in self.starts], (self.length - 1) * stride + reach)

    @property
    def ends(self) -> list[int]:
        return [start + self.length for start in self.starts]

    def within(self, limit: int) -> "Spans":
        """Return stretches of a layer of this size that hold these, as far as they are in it."""
        length = min(self.length, limit)
        return Spans([min(max(start, 0), limit - length) for start in self.starts], length)


class Area(NamedTuple):
    """A window of a layer per variant, all of one size."""

    rows: Spans
    columns: Spans

    @property
    def corners(self) -> Iterator[tuple[int, int]]:
        return zip(self.rows.starts, self.columns.starts, strict=True)


def joined(areas: Iterable[Area], size: torch.Size) -> Area:
    """Return windows in a layer of this size (…, H, W) that hold those of all areas."""
    rows, columns = zip(*areas, strict=True)
    return Area(_union(rows).within(size[-2]), _union(columns).within(size[-1]))


def _union(several: Sequence[Spans]) -> Spans:
    starts = [min(of_one) for of_one in zip(*(spans.starts for spans in several), strict=True)]
    ends = [max(of_one) for of_one in zip(*(spans.ends for spans in several), strict=True)]
    return Spans(starts, max(end - start for start, end in zip(starts, ends, strict=True)))


@dataclass(frozen=True)
class Changed:
    """A layer's activations of B variants: `base` (1, C, H, W) but in an area, where they are `values` (B, C, h, w)."""

    base: torch.Tensor
    values: torch.Tensor
    area: Area

    def seen(self, area: Area, outside: float = 0.0) -> torch.Tensor:
        """Return the activations in other windows (B, C, h, w), `outside` where these reach beyond the layer."""
        if area == self.area:
            return self.values
        size = (len(self.values), self.base.shape[1], area.rows.length, area.columns.length)
        found = torch.empty(size, dtype=self.base.dtype, memory_format=torch.channels_last).fill_(outside)
        for window, at, values, own in zip(found, area.corners, self.values, self.area.corners, strict=True):
            _copy(self.base[0], (0, 0), window, at)
            _copy(values, own, window, at)
        return found

    def whole(self) -> torch.Tensor:
        """Return the activations of the whole layer (B, C, H, W)."""
        return self.seen(Area(*(Spans([0] * len(self.values), length) for length in self.base.shape[2:])))

    def is_small(self) -> bool:
        """Return whether the area is a part of the layer so small that computing it alone is worthwhile."""
        return prod(self.values.shape[2:]) <= WORTHWHILE * prod(self.base.shape[2:])


def _copy(source: torch.Tensor, source_at: tuple[int, int], target: torch.Tensor, target_at: tuple[int, int]) -> None:
    """Copy what two windows (C, h, w) have in common; each lies at its first row and column."""
    from_rows, into_rows = _overlap(source_at[0], source.shape[1], target_at[0], target.shape[1])
    from_columns, into_columns = _overlap(source_at[1], source.shape[2], target_at[1], target.shape[2])
    target[:, into_rows, into_columns] = source[:, from_rows, from_columns]


def _overlap(start: int, length: int, other_start: int, other_length: int) -> tuple[slice, slice]:
    """Return where the part that two stretches share lies in each."""
    first = max(start, other_start)
    last = max(first, min(start + length, other_start + other_length))
    return slice(first - start, last - start), slice(first - other_start, last - other_start)
