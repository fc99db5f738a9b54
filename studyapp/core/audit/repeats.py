"""Repeats: photographs that are nearly the same, as one saved in another size or quality, brighter, or cut a little.

Two are alike where their difference hashes are (Krawetz 2013, “Kind of like that”: of 17 × 16 grey cells, whether each
is brighter than the one to its right) and the colours of 32 × 32 cells correlate. Of photographs of ImageNet, gulls and
cells drawn here, those saved at JPEG quality 30, at half the size, or with a fifth more contrast or brightness are all
found, of those cut by 3 % on each side about half, and no two others are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from PIL import Image

MOST_BITS = 50  # of 256 that may differ
LEAST_CORRELATION = 0.9


@dataclass(frozen=True)
class Print:
    """What is kept of a photograph: its hash, bool (256,), and its cells' colours, float32 (32, 32, 3)."""

    bits: np.ndarray
    cells: np.ndarray


def printed(photograph: np.ndarray) -> Print:
    """Return what a photograph, uint8 (H, W, 3), is compared by."""
    whole = Image.fromarray(photograph)
    grey = np.asarray(whole.convert("L").resize((17, 16), Image.Resampling.BOX), np.int16)
    cells = np.asarray(whole.resize((32, 32), Image.Resampling.BOX), np.float32)
    return Print((grey[:, 1:] > grey[:, :-1]).ravel(), cells)


def repeats(prints: Mapping[str, Print]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of images, by id, that are the same or nearly."""
    names = list(prints)
    if not names:
        return
    bits, cells = (np.array([getattr(prints[name], part) for name in names]) for part in ("bits", "cells"))
    shapes = (cells - cells.mean(axis=(1, 2), keepdims=True)).reshape(len(names), -1)
    shapes /= np.maximum(np.linalg.norm(shapes, axis=1, keepdims=True), 1.0)
    for first, name in enumerate(names):
        alike = (bits[first + 1 :] != bits[first]).sum(axis=1) <= MOST_BITS
        same = (cells[first + 1 :] == cells[first]).all(axis=(1, 2, 3))  # pictures of one colour have no shape
        alike &= (shapes[first + 1 :] @ shapes[first] >= LEAST_CORRELATION) | same
        for second in np.flatnonzero(alike).tolist():
            yield name, names[first + 1 + second]


def twice(roles: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the images that have two roles: image id, role, other role."""
    for (one, first), (other, second) in combinations(roles.items(), 2):
        for image_id in sorted({*first} & {*second}):
            yield image_id, one, other
