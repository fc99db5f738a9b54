"""Fill in pixels that are gone: each becomes the weighted mean of its neighbours, by one sparse linear system.

The weights are those of Rong et al. 2022, "A Consistent and Efficient Evaluation Strategy for Attribution Methods",
ICML, section 5: direct neighbours inside the image 1/6, diagonal ones 1/12.
"""

import numpy as np

_NEIGHBOURS = [(dy, dx, 1 / 6 if dy == 0 or dx == 0 else 1 / 12) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]


def interpolated(pixels, gone):
    """Return the values (3, n) of the pixels that are gone (H, W): (Σw) v − Σ_unknown w v' = Σ_known w v'.

    `pixels` are (3, H, W), float64; at least one pixel must be there.
    """
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    height, width = gone.shape
    number = np.full(gone.shape, -1)
    number[gone] = np.arange(gone.sum())
    y, x = np.nonzero(gone)
    known, weights = np.zeros((len(y), 3)), np.zeros(len(y))
    entries = []
    for dy, dx, weight in _NEIGHBOURS:
        inside = (y + dy >= 0) & (y + dy < height) & (x + dx >= 0) & (x + dx < width)
        rows, ny, nx = np.flatnonzero(inside), y[inside] + dy, x[inside] + dx
        weights[rows] += weight
        is_known = ~gone[ny, nx]
        known[rows[is_known]] += weight * pixels[:, ny[is_known], nx[is_known]].T
        entries.append((rows[~is_known], number[ny[~is_known], nx[~is_known]], np.full((~is_known).sum(), -weight)))
    diagonal = (np.arange(len(y)), np.arange(len(y)), weights)
    rows, columns, values = (np.concatenate(parts) for parts in zip(diagonal, *entries, strict=True))
    return splu(csc_array((values, (rows, columns)), shape=(len(y), len(y)))).solve(known).T
