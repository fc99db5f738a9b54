"""Repeats: photographs that are the same, or nearly, as one taken twice or saved in another size.

Two are alike where their difference hashes are (Krawetz 2013, “Kind of like that”: of 9 × 8 grey cells, whether each is
brighter than the one to its right) and their colours are as well, in 16 × 16 cells.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from PIL import Image

MOST_BITS = 6  # of 64 that may differ
MOST_COLOUR = 12  # of 255: mean difference of the cells


@dataclass(frozen=True)
class Print:
    """What is kept of a photograph: its hash, bool (64,), and its cells' colours, float32 (16, 16, 3)."""

    bits: np.ndarray
    cells: np.ndarray


def printed(photograph: np.ndarray) -> Print:
    """Return what a photograph, uint8 (H, W, 3), is compared by."""
    whole = Image.fromarray(photograph)
    grey = np.asarray(whole.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    cells = np.asarray(whole.resize((16, 16), Image.Resampling.BOX), np.float32)
    return Print((grey[:, 1:] > grey[:, :-1]).ravel(), cells)


def repeats(prints: Mapping[str, Print]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of images, by id, that are the same or nearly."""
    names = list(prints)
    if not names:
        return
    bits = np.array([prints[name].bits for name in names])
    for first, name in enumerate(names):
        near = np.flatnonzero((bits[first + 1 :] != bits[first]).sum(axis=1) <= MOST_BITS) + first + 1
        for second in near.tolist():
            other = names[second]
            if np.abs(prints[name].cells - prints[other].cells).mean() <= MOST_COLOUR:
                yield name, other


def twice(roles: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the images that have two roles: image id, role, other role."""
    for (one, first), (other, second) in combinations(roles.items(), 2):
        for image_id in sorted({*first} & {*second}):
            yield image_id, one, other
