"""Balanced assignment: which condition, and which counterbalanced order, the next participant gets."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Cell:
    """One condition as assignment sees it.

    `active` counts unfinished runs with a recent sign of life, `placed` those of them whose people have consented: they
    alone, with the completed ones, take places. None: all have.
    """

    key: int
    completed: int
    active: int
    quota: int | None = None
    open: bool = True
    placed: int | None = None

    @property
    def load(self) -> int:
        return self.completed + self.active

    @property
    def has_room(self) -> bool:
        """Whether one more place can be taken; also in a condition that takes nobody new."""
        placed = self.active if self.placed is None else self.placed
        return self.quota is None or self.completed + placed < self.quota

    @property
    def free(self) -> bool:
        return self.open and self.has_room


def choose_condition(cells: list[Cell], rng: Random) -> int | None:
    """Return the key of the free cell with the fewest completed and active runs, ties at random; None: all full."""
    free = [cell for cell in cells if cell.free]
    if not free:
        return None
    fewest = min(cell.load for cell in free)
    return rng.choice([cell.key for cell in free if cell.load == fewest])


def choose_order(taken: dict[int, int], n_orders: int, rng: Random) -> int:
    """Return the order, 0 … n_orders − 1, taken least often so far in this condition, ties at random."""
    fewest = min(taken.get(order, 0) for order in range(n_orders))
    return rng.choice([order for order in range(n_orders) if taken.get(order, 0) == fewest])
