"""One map of an explanation that is a tree."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Node:
    """A map (H, W), raw and signed, a tensor, for some of the model's classes.

    `key` is the place in the tree: "0", "1" … for the roots, "0.0", "0.1" … below the first of them; `parent` is the
    key above, "" for a root. `classes` are indices, the most probable first. `label` is what people read; left empty,
    it is made from the classes' names. `score` is what the node stands for as a number (a probability, a
    contribution), `raw_score` the same before it was put on a common scale, where there is one. `reference` is the
    map's value that means no effect.
    """

    key: str
    parent: str
    classes: tuple[int, ...]
    label: str
    score: float
    map: Any
    raw_score: float | None = None
    reference: float = 0.0
