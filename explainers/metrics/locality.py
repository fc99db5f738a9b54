"""Over how many parts or objects an x-feature's maps spread.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence, section 4.2, item 3,
and algorithm 1 in the appendix.
"""

import torch

from explainers.errors import UserError
from explainers.record import DatasetMetric


def locality(shares):
    """Return the mean over x-features of the entropy (in nats) of their share of each part; 0 is one part only.

    `shares` (M, n, P), as `part_shares` gives them, are averaged over the images *first*, over those in which the part
    is known (not NaN); then they are normalised over the parts. An x-feature without any share is left out.
    """
    found = entropies(shares)
    known = found[~found.isnan()]
    return {"locality": float(known.mean()) if len(known) else 0.0}


def entropies(shares: torch.Tensor) -> torch.Tensor:
    """Return each x-feature's entropy (n,); NaN for one without any share."""
    if shares.ndim != 3:
        raise UserError(f"shares: expected (images, x-features, parts), found shape {tuple(shares.shape)}.")
    mean = shares.double().nanmean(dim=0).nan_to_num(0)
    distribution = mean / mean.sum(dim=1, keepdim=True)
    return -torch.where(distribution == 0, 0, distribution * distribution.log()).sum(dim=1)


def part_shares(maps: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return Σ_ij weight · S_ij with S = map / Σ map: (M, n, P), of maps (M, n, H, W) ≥ 0 and weights (M, P, H, W).

    A map without mass has share 0 of every part.
    """
    sums = maps.flatten(2).sum(dim=2)[..., None, None]
    shares = torch.where(sums > 0, maps / torch.where(sums > 0, sums, 1), 0)
    return torch.einsum("mnhw,mphw->mnp", shares, weights.to(shares))


def mask_weights(regions: torch.Tensor, n_parts: int) -> torch.Tensor:
    """Return weight 1 inside each object and 0 elsewhere, (P, H, W), of an image of object numbers (H, W).

    Numbers run from 1 to `n_parts`; 0 is what is labelled as nothing and has no weight.
    """
    parts = torch.arange(1, n_parts + 1, device=regions.device)
    return (regions[None] == parts[:, None, None]).float()


def voronoi_weights(points: torch.Tensor, box, size: tuple[int, int], context: bool = True) -> torch.Tensor:
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


RECORD = DatasetMetric(
    function=locality,
    title="Locality of x-features",
    paper="Qi, Khorram, Li 2021, Embedding Deep Networks into Visual Explanations",
    directions={"locality": "lower"},
)
