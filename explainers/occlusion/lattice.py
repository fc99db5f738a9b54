"""The geometry of multi-scale occlusion: every rectangle of every tree, each distinct one once.

Along an axis the image is cut into U = 2^(D+1) units, half the smallest cell each; unit i begins at pixel ⌊i·H/U⌋. At
depth d a cell is s = U / 2^d units wide. The tree with offset k has its cells at k + j·s, cropped to the image: the
grids of its depths are nested, so cropping to the parent asks nothing more. An offset has up to 2^d + 1 cells per axis
at depth d; those that lie outside the image are empty.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch

from explainers.errors import UserError

MAX_DEPTH = 6  # 4,096 trees of some 5,600 nodes; the tables of the next depth would take gigabytes


@dataclass(frozen=True)
class Lattice:
    """All trees of one depth D. Offsets are numbered ky·2^D + kx; slots of a depth are numbered row by row.

    `rectangles` (R, 4): top, bottom, left, right in units, all distinct; number `root` is the whole image.
    `cells[d-1]` (offsets, slots): the rectangle's number in each slot at depth d; R where the slot is empty.
    `parents[d-1]` (offsets, slots): the slot's parent at depth d−1; zeros at depth 1, whose parent is the root.
    """

    depth: int
    root: int
    rectangles: torch.Tensor
    cells: tuple[torch.Tensor, ...]
    parents: tuple[torch.Tensor, ...]

    @property
    def units(self) -> int:
        return 2 << self.depth

    def in_pixels(self, height: int, width: int) -> torch.Tensor:
        """Return the rectangles (R, 4) in pixels of an image."""
        if min(height, width) < self.units:
            raise UserError(f"depth: {self.depth} needs images of {self.units} pixels or more, found {height}×{width}.")
        rows, columns = boundaries(height, self.units), boundaries(width, self.units)
        top, bottom, left, right = self.rectangles.unbind(1)
        return torch.stack([rows[top], rows[bottom], columns[left], columns[right]], dim=1)

    def slots_of_units(self, d: int, offsets: torch.Tensor) -> torch.Tensor:
        """Return, for the given trees, the slot at depth d that each unit lies in: (n, U, U)."""
        n_slots, size, unit = 2**d + 1, self.units >> d, torch.arange(self.units, device=offsets.device)
        row, column = (
            torch.div(unit - (k % size)[:, None], size, rounding_mode="floor") + 1
            for k in (offsets // 2**self.depth, offsets % 2**self.depth)
        )
        slots: torch.Tensor = row[:, :, None] * n_slots + column[:, None, :]
        return slots


def boundaries(length: int, units: int) -> torch.Tensor:
    """Return b(i) = ⌊i·length / units⌋ for i = 0 … units."""
    first: torch.Tensor = torch.arange(units + 1) * length // units
    return first


@lru_cache(maxsize=4)
def lattice(depth: int) -> Lattice:
    """Return the lattice of depth D ≥ 1: 4^D trees."""
    if not isinstance(depth, int) or not 1 <= depth <= MAX_DEPTH:
        raise UserError(f"depth: expected 1 … {MAX_DEPTH}, found {depth!r}.")
    units, offset = 2 ** (depth + 1), torch.arange(2**depth)[:, None]
    keys, parents = [_keys(torch.tensor([[0]]), torch.tensor([[units]]), units)], []
    for d in range(1, depth + 1):
        size, slot = units >> d, torch.arange(2**d + 1)
        begin = offset % size - size + slot * size
        keys.append(_keys(begin.clamp(min=0), (begin + size).clamp(max=units), units))
        above = (slot + 1 - offset % (2 * size) // size) // 2 if d > 1 else torch.zeros_like(begin)
        parents.append(_pairs(above * (2 ** (d - 1) + 1 if d > 1 else 1), above))
    distinct, numbers = torch.unique(torch.cat([key.flatten() for key in keys]), return_inverse=True)
    root, *flat = torch.split(numbers, [key.numel() for key in keys])
    cells = tuple(part.reshape(key.shape) for part, key in zip(flat, keys[1:], strict=True))
    digits = [distinct[:-1] // (units + 1) ** power % (units + 1) for power in (3, 2, 1, 0)]
    return Lattice(depth, int(root), torch.stack(digits, dim=1), cells, tuple(parents))


def _pairs(rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Return rows[ky, i] + columns[kx, j] with offsets (ky, kx) and slots (i, j) numbered row by row."""
    pairs = rows[:, None, :, None] + columns[None, :, None, :]
    return pairs.flatten(0, 1).flatten(1, 2)


def _keys(begin: torch.Tensor, end: torch.Tensor, units: int) -> torch.Tensor:
    """Return one number per rectangle of these intervals by these; an empty one gets the highest of all."""
    base, empty = units + 1, (begin >= end).long()
    keys = _pairs((begin * base + end) * base**2, begin * base + end)
    return torch.where(_pairs(empty, empty) > 0, base**4, keys)
