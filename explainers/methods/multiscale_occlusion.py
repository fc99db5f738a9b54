"""Multi-scale occlusion: hide cells of all sizes, keep for each part of the image the scale that tells most.

"multiscale-occlusion-study", section 4: recursive occlusion (4.3), pruning (4.5), fill (4.7), importance (4.8), offsets
(4.10), the best of them (4.11) and their mean (4.12). The text is silent or illegible in places; we read it so that the
root is classified and pruned like any node (`prune_root`), the importance divides by the original score, cells at or
below `epsilon` are pruned, negative ones too, and the boundaries of cells in pixels are ⌊i·H / 2^(D+1)⌋.

D counts subdivisions. The caption of figure 20, "256 heatmaps with a max depth of 5", fits our D = 4, so the user
study's "depth of 4" may be our D = 3.

Ours, not the paper's: by default the root's children stay, since the paper's rule leaves maps of one colour where the
evidence is redundant (`paper` goes back to it); and `combine = "density"`, for what its section 8.1 leaves open, how to
put all offsets into one structure in place of the mean of whole trees; see `explainers.occlusion.density`.
"""

from typing import Annotated, Any

import torch

from explainers.errors import UserError, near
from explainers.occlusion.density import fitted_density
from explainers.occlusion.hiding import importance, occluded_scores
from explainers.occlusion.lattice import Lattice, boundaries, lattice
from explainers.parameters import BatchSize, Bounds, Colour, Count, Fill, Progress
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.record import Record, Trial

COMBINATIONS = ("trees", "density")
PAPERS = {"combine": "trees", "n_best": 5, "epsilon": 0.001}  # beside the root's pruning; depth and fill it varies


def multiscale_occlusion(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    depth: Count = 4,
    fill: Fill = "neighbours",
    combine: str = "trees",
    ridge: float = 3.0,
    n_best: int | str = 5,
    epsilon: Annotated[float, Bounds(least=0, most=1)] = 0.001,
    prune_root: bool = False,
    paper: bool = False,
    output: str = "softmax",
    precision: str = "full",
    mean: Colour = IMAGENET_MEAN,
    std: Colour = IMAGENET_STD,
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> torch.Tensor:
    """Return the mean of the `n_best` densest trees' heatmaps ("all": of all trees): (N, T, H, W), ≥ 0.

    There are 4^depth trees, one per offset. Their nodes share rectangles, so each distinct rectangle is classified
    once, for all targets: at depth 4 it takes 5,708 rectangles, the whole image and the image itself, against the
    97,589 of a loop over trees.

    With `combine` "density" return the one density that explains all these rectangles best, signed, in importance per
    whole image: no tree is built, and `n_best`, `epsilon` and `prune_root` have no say.

    With `paper`, the settings of the paper: `PAPERS`, and the root is pruned. What contradicts them is refused.
    """
    given = {"combine": combine, "n_best": n_best, "epsilon": epsilon}
    if paper and given != PAPERS:
        wrong = next(name for name, value in given.items() if value != PAPERS[name])
        raise UserError(f"{wrong}: with paper = true, expected {PAPERS[wrong]!r}, found {given[wrong]!r}.")
    grid = lattice(depth)
    if combine not in COMBINATIONS:
        raise UserError(f"combine: there is no {combine!r}.{near(combine, COMBINATIONS)}")
    if not ridge > 0:
        raise UserError(f"ridge: expected a number above 0, found {ridge!r}.")
    if combine == "trees" and n_best != "all" and not (isinstance(n_best, int) and 1 <= n_best <= 4**depth):
        raise UserError(f'n_best: expected 1 … {4**depth} trees or "all", found {n_best!r}.')
    options = {"fill": fill, "mean": mean, "std": std, "output": output, "precision": precision}
    values = measured(model, images, targets, grid, **options, batch_size=batch_size, progress=progress)
    size, flat = images.shape[-2:], values.flatten(0, 1)
    maps = (
        density(grid, flat, size, ridge)
        if combine == "density"
        else trees(grid, flat, size, n_best, epsilon, prune_root or paper)
    )
    unflattened: torch.Tensor = maps.unflatten(0, values.shape[:2])
    return unflattened.to(images)


def measured(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, grid: Lattice, **options: Any
) -> torch.Tensor:
    """Return the importance of each of the lattice's rectangles (N, T, R), float64."""
    height, width = images.shape[-2:]
    original, occluded = occluded_scores(model, images, grid.in_pixels(height, width), targets, **options)
    return importance(original.double().cpu(), occluded.double().cpu())


def density(grid: Lattice, values: torch.Tensor, size: torch.Size, ridge: float) -> torch.Tensor:
    """Return the one density that explains the rectangles' importance (n, R) best, at an image's size (n, H, W)."""
    return _in_pixels(fitted_density(grid, values, ridge), size)


def trees(
    grid: Lattice,
    values: torch.Tensor,
    size: torch.Size,
    n_best: int | str = 5,
    epsilon: float = 0.001,
    prune_root: bool = False,
) -> torch.Tensor:
    """Return the mean of the densest trees by the rectangles' importance (n, R), at an image's size (n, H, W)."""
    top, bottom, left, right = grid.in_pixels(*size).unbind(1)
    areas = (bottom - top) * (right - left) / (size[0] * size[1])
    n_kept = 4**grid.depth if isinstance(n_best, str) else n_best
    maps = torch.stack([_heatmap(grid, value, areas, n_kept, epsilon, prune_root) for value in values])
    return _in_pixels(maps, size)


def _in_pixels(maps: torch.Tensor, size: torch.Size) -> torch.Tensor:
    rows, columns = (_units_of_pixels(length, maps.shape[-1]) for length in size)
    return maps[:, rows[:, None], columns]


def _heatmap(
    grid: Lattice, value: torch.Tensor, area: torch.Tensor, n_kept: int, epsilon: float, prune_root: bool
) -> torch.Tensor:
    """Return the map of one image and target in units (U, U), from each rectangle's importance and area (R,)."""
    leaves = _leaves(grid, value, epsilon, prune_root)
    areas = [area[grid.root].expand_as(leaves[0]), *(_with_empty(area)[cells] for cells in grid.cells)]
    nothing = leaves[0].new_zeros(len(leaves[0]))
    told = sum((leaf.sum(dim=1) for leaf in leaves), nothing)
    covered = sum((((leaf > 0) * size).sum(dim=1) for leaf, size in zip(leaves, areas, strict=True)), nothing)
    density = torch.where(covered > 0, told / covered, 0)
    best = density.sort(descending=True, stable=True).indices[:n_kept]
    painted = leaves[0][best, :, None].expand(-1, grid.units, grid.units)
    for d, leaf in enumerate(leaves[1:], 1):
        slots = grid.slots_of_units(d, best)
        painted = painted + leaf[best].gather(1, slots.flatten(1)).view_as(painted)
    return painted.mean(dim=0)


def _leaves(grid: Lattice, value: torch.Tensor, epsilon: float, prune_root: bool) -> list[torch.Tensor]:
    """Return, for depths 0 … D, the importance of each tree's remaining leaves (trees, slots), 0 elsewhere.

    A node's children go when it tells strictly more than their plain sum; so each node is decided by itself. Leaves
    at or below epsilon go too.
    """
    measured = [value[grid.root].expand(4**grid.depth, 1), *(_with_empty(value)[cells] for cells in grid.cells)]
    alive, leaves = torch.ones_like(measured[0], dtype=torch.bool), []
    for d, here in enumerate(measured):
        ends = torch.ones_like(alive)
        if d < grid.depth:
            ends = here > torch.zeros_like(here).scatter_add(1, grid.parents[d], measured[d + 1])
            ends &= d > 0 or prune_root
        leaves.append(torch.where(alive & ends & (here > epsilon), here, 0))
        if d < grid.depth:
            alive = (alive & ~ends).gather(1, grid.parents[d])
    return leaves


def _with_empty(values: torch.Tensor) -> torch.Tensor:
    """Append a zero, which empty slots point at."""
    return torch.cat([values, values.new_zeros(1)])


def _units_of_pixels(length: int, units: int) -> torch.Tensor:
    return torch.arange(units).repeat_interleave(boundaries(length, units).diff())


RECORD = Record(
    function=multiscale_occlusion,
    title="Multi-scale occlusion",
    paper="multiscale-occlusion-study, section 4",
    parameters={
        "depth": "How often the image is halved; 4^depth offsets are tried.",
        "combine": "trees: the mean of the best trees, as in the paper; density: one density from all rectangles of "
        "all trees, and no tree is chosen.",
        "ridge": "How much the density is drawn towards zero, in units of how strongly the rectangles determine it.",
        "n_best": 'How many of the densest trees are averaged, or "all".',
        "epsilon": "Leaves with an importance up to this are dropped.",
        "prune_root": "Whether the whole image may be all that is left of a tree: a map of one colour, as where the "
        "evidence is redundant. false: the root's children always stay.",
        "paper": "The paper's settings in one word: its five trees, each pruned from the root on.",
    },
    needs=("preprocessing", "perturbs"),
    trials=(Trial(lambda _side: {"depth": 2}),),
)
