"""Multi-scale occlusion: hide cells of all sizes, keep for each part of the image the scale that tells most.

"multiscale-occlusion-study", section 4: recursive occlusion (4.3), pruning (4.5), fill (4.7), importance (4.8), offsets
(4.10), the best of them (4.11) and their mean (4.12). The text is silent or illegible in places; ours are: the root is
classified and pruned like any node (`prune_root`); the importance divides by the original score; cells at or below
`epsilon` are pruned, negative ones too; the boundaries of cells in pixels are ⌊i·H / 2^(D+1)⌋.

D counts subdivisions. The caption of figure 20, "256 heatmaps with a max depth of 5", fits our D = 4, so the user
study's "depth of 4" may be our D = 3.
"""

import torch

from explainers.errors import UserError
from explainers.occlusion_lattice import Lattice, boundaries, lattice
from explainers.perturbation import importance, occluded_scores
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.record import Record


def multiscale_occlusion(
    model,
    images,
    targets,
    *,
    depth=4,
    fill="neighbours",
    n_best=5,
    epsilon=0.001,
    prune_root=True,
    output="softmax",
    precision="full",
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    batch_size=None,
    progress=None,
):
    """Return the mean of the `n_best` densest trees' heatmaps ("all": of all trees): (N, T, H, W), ≥ 0.

    There are 4^depth trees, one per offset. Their nodes share rectangles, so each distinct rectangle is classified
    once, for all targets: at depth 4 it takes 5,708 rectangles, the whole image and the image itself, against the
    97,589 of a loop over trees.
    """
    grid, n_trees = lattice(depth), 4**depth
    if n_best != "all" and not (isinstance(n_best, int) and 1 <= n_best <= n_trees):
        raise UserError(f'n_best: expected 1 … {n_trees} trees or "all", found {n_best!r}.')
    height, width = images.shape[-2:]
    rectangles = grid.in_pixels(height, width)
    options = {"fill": fill, "mean": mean, "std": std, "output": output, "precision": precision}
    options |= {"batch_size": batch_size, "progress": progress}
    scores = occluded_scores(model, images, rectangles, targets, **options)
    values = importance(*(score.double().cpu() for score in scores))
    areas = (rectangles[:, 1] - rectangles[:, 0]) * (rectangles[:, 3] - rectangles[:, 2]) / (height * width)
    n_kept = n_trees if n_best == "all" else n_best
    maps = torch.stack([_heatmap(grid, value, areas, n_kept, epsilon, prune_root) for value in values.flatten(0, 1)])
    rows, columns = (_units_of_pixels(length, grid.units) for length in (height, width))
    return maps[:, rows[:, None], columns].unflatten(0, values.shape[:2]).to(images)


def _heatmap(grid: Lattice, value, area, n_kept, epsilon, prune_root):
    """Return the map of one image and target in units (U, U), from each rectangle's importance and area (R,)."""
    leaves = _leaves(grid, value, epsilon, prune_root)
    areas = [area[grid.root].expand_as(leaves[0]), *(_with_empty(area)[cells] for cells in grid.cells)]
    told = sum(leaf.sum(dim=1) for leaf in leaves)
    covered = sum(((leaf > 0) * size).sum(dim=1) for leaf, size in zip(leaves, areas, strict=True))
    density = torch.where(covered > 0, told / covered, 0)
    best = density.sort(descending=True, stable=True).indices[:n_kept]
    painted = leaves[0][best, :, None].expand(-1, grid.units, grid.units)
    for d, leaf in enumerate(leaves[1:], 1):
        slots = grid.slots_of_units(d, best)
        painted = painted + leaf[best].gather(1, slots.flatten(1)).view_as(painted)
    return painted.mean(dim=0)


def _leaves(grid, value, epsilon, prune_root):
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


def _with_empty(values):
    """Append a zero, which empty slots point at."""
    return torch.cat([values, values.new_zeros(1)])


def _units_of_pixels(length, units):
    return torch.arange(units).repeat_interleave(boundaries(length, units).diff())


RECORD = Record(
    function=multiscale_occlusion,
    title="Multi-scale occlusion",
    paper="multiscale-occlusion-study, section 4",
    parameters={
        "depth": "How often the image is halved; 4^depth offsets are tried.",
        "n_best": 'How many of the densest trees are averaged, or "all".',
        "epsilon": "Leaves with an importance up to this are dropped.",
        "prune_root": "Whether the whole image may be all that is left of a tree: a map of one colour, as where the "
        "evidence is redundant. false: the root's children always stay.",
    },
    needs=("preprocessing", "perturbs"),
)
