"""How much each pixel weighs as a part of what the image shows: by regions, or by part points and a box.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence, algorithm 1.
"""

from collections.abc import Sequence

import torch


def mask_weights(regions: torch.Tensor, n_parts: int) -> torch.Tensor:
    """Return weight 1 inside each object and 0 elsewhere, (P, H, W), of an image of object numbers (H, W).

    Numbers run from 1 to `n_parts`; 0 is what is labelled as nothing and has no weight.
    """
    parts = torch.arange(1, n_parts + 1, device=regions.device)
    return (regions[None] == parts[:, None, None]).float()


def voronoi_weights(
    points: torch.Tensor, box: Sequence[float], size: tuple[int, int], context: bool = True
) -> torch.Tensor:
    """Return algorithm 1's weights (P, H, W), with `context` (P + 1, H, W), of part points (P, 2) as (x, y) in pixels.

    A pixel in the bounding `box` (left, top, right, bottom; right and bottom exclusive) belongs to the nearest point's
    cell and weighs 1 − d̄ there, with d̄ its distance to the point over the greatest in that cell (ours; the paper only
    says normalised). Elsewhere the part weighs 0. The context weighs 1 outside the box. Points that are NaN, of parts
    that cannot be seen, have no cell: their weight is 0. Of equally near points the first has the pixel.
    """
    height, width = size
    left, top, right, bottom = box
    y, x = torch.meshgrid(torch.arange(height).double(), torch.arange(width).double(), indexing="ij")
    inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
    points = points.double()
    distance = torch.hypot(x - points[:, 0, None, None], y - points[:, 1, None, None]).nan_to_num(torch.inf)
    nearest = distance.argmin(dim=0)
    weights = torch.zeros(len(points), height, width)
    for part in range(len(points)):
        cell = inside & (nearest == part) & distance[part].isfinite()
        if cell.any():
            furthest = distance[part][cell].max().clamp(min=torch.finfo(torch.double).tiny)
            weights[part][cell] = (1 - distance[part][cell] / furthest).float()
    return torch.cat([weights, (~inside).float()[None]]) if context else weights
