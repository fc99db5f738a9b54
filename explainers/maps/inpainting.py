"""Fill in pixels that are gone: each becomes the weighted mean of its neighbours, by one sparse linear system.

The weights are those of Rong et al. 2022, "A Consistent and Efficient Evaluation Strategy for Attribution Methods",
ICML, section 5: direct neighbours inside the image 1/6, diagonal ones 1/12.
"""

from functools import lru_cache
from typing import Any

import numpy as np

_BLOCK = 16  # pixels that are no longer parted


def interpolated(pixels: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Return the image (3, H, W), float64, with the pixels filled in that are gone (H, W); one at least must be there.

    They solve (Σw) v − Σ_gone w v' = Σ_there w v'. One factorisation serves the three channels, its unknowns in the
    order of a nested dissection: on a grid the fewest entries fill up (George 1973, SIAM Journal on Numerical Analysis
    10), and the factors are sparser than in the orders that SuperLU finds by itself.
    """
    from scipy.sparse.linalg import splu

    order, laplacian = _grid(*gone.shape)
    unknown = gone.ravel()[order]
    values = np.where(gone, 0.0, pixels).reshape(len(pixels), -1)[:, order]
    rows = laplacian[unknown]
    symmetric = {"permc_spec": "NATURAL", "diag_pivot_thresh": 0, "options": {"SymmetricMode": True}}
    values[:, unknown] = splu(rows[:, unknown].tocsc(), **symmetric).solve(-(rows @ values.T)).T
    filled = np.empty_like(values)
    filled[:, order] = values
    return filled.reshape(pixels.shape)


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> tuple[np.ndarray, Any]:
    """Return the pixels in the order of a nested dissection, and in that order Σw on and −w off the diagonal."""
    from scipy.sparse import diags_array, eye_array, kron

    down, across = (diags_array([1.0, 2.0, 1.0], offsets=(-1, 0, 1), shape=(n, n)) for n in (height, width))
    weights = (kron(down, across) - 4 * eye_array(height * width)) / 12
    order = _dissected(np.arange(height * width).reshape(height, width))
    return order, (diags_array(weights.sum(axis=1)) - weights).tocsr()[order][:, order]


def _dissected(grid: np.ndarray) -> np.ndarray:
    """Return the numbers of a grid (H, W): those of one half, of the other, then of the line that parts them."""
    if grid.size <= _BLOCK:
        return grid.ravel()
    if len(grid) < grid.shape[1]:
        grid = grid.T
    middle = len(grid) // 2
    return np.concatenate([_dissected(grid[:middle]), _dissected(grid[middle + 1 :]), grid[middle]])
