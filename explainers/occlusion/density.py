"""One density of importance from the rectangles of all trees at once, in place of a mean over whole trees.

Hiding a rectangle should cost what its area holds: the density whose mean over every rectangle of the lattice comes
nearest to what was measured there. So every area is explained by all rectangles that cover it, large and small, at all
offsets, and none has to be chosen.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from explainers.occlusion.lattice import Lattice

_TOLERANCE, _MOST_STEPS = 1e-10, 1000


def fitted_density(grid: Lattice, values: torch.Tensor, ridge: float) -> torch.Tensor:
    """Return the density per unit (N, U, U), in importance per whole image, from each rectangle's importance (N, R).

    It minimises Σ_r (mean of ρ over r − v_r / a_r)² + ridge · c · Σ_u ρ_u², a_r being r's share of the lattice's
    units and c the mean, over the units, of the first sum's curvature. Dividing by a_r makes small rectangles count.
    The normal equations are solved by conjugate gradients; sums over rectangles and their transpose come from
    cumulative sums, so that no matrix is ever made.
    """
    top, bottom, left, right = grid.rectangles.unbind(1)
    n_units = ((bottom - top) * (right - left)).to(values)

    def means(density: torch.Tensor) -> torch.Tensor:
        sums = F.pad(density.cumsum(-1).cumsum(-2), (1, 0, 1, 0))
        inside = sums[:, bottom, right] - sums[:, top, right] - sums[:, bottom, left] + sums[:, top, left]
        mean: torch.Tensor = inside / n_units
        return mean

    def transposed(each: torch.Tensor) -> torch.Tensor:
        side, each = grid.units + 1, each / n_units
        corners = each.new_zeros(len(each), side * side)
        for row, column, sign in ((top, left, 1), (top, right, -1), (bottom, left, -1), (bottom, right, 1)):
            corners.index_add_(1, row * side + column, each, alpha=sign)
        as_grid: torch.Tensor = corners.unflatten(1, (side, side))
        return as_grid.cumsum(-1).cumsum(-2)[:, :-1, :-1]

    strength = ridge * transposed(1 / n_units[None]).mean()
    measured = values * grid.units**2 / n_units
    return _solved(lambda density: transposed(means(density)) + strength * density, transposed(measured))


def _solved(matrix: Callable[[torch.Tensor], torch.Tensor], right_side: torch.Tensor) -> torch.Tensor:
    """Return x (N, …) with matrix(x) = right_side for a symmetric positive definite matrix, by conjugate gradients."""
    found, rest, way = torch.zeros_like(right_side), right_side, right_side
    tiny = torch.finfo(right_side.dtype).tiny
    error = first = _dot(rest, rest)
    for _ in range(_MOST_STEPS):
        if (error <= _TOLERANCE**2 * first).all():
            break
        turned = matrix(way)
        step = error / _dot(way, turned).clamp(min=tiny)
        found, rest = found + step * way, rest - step * turned
        error, before = _dot(rest, rest), error
        way = rest + error / before.clamp(min=tiny) * way
    return found


def _dot(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a * b).sum(dim=(-2, -1), keepdim=True)
