"""Over how many parts or objects an x-feature's maps spread.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence, section 4.2, item 3,
and algorithm 1 in the appendix.
"""

import torch

from explainers.errors import UserError
from explainers.record import DatasetMetric


def locality(shares: torch.Tensor) -> dict[str, float]:
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
    shares = torch.where(sums > 0, maps / sums, 0)
    return torch.einsum("mnhw,mphw->mnp", shares, weights.to(shares))


def _of_image(maps: torch.Tensor, weights: torch.Tensor) -> list[list[float]]:
    return part_shares(maps, weights)[0].tolist()


def _of_images(shares: list[list[list[float]]]) -> dict[str, float]:
    return locality(torch.tensor(shares, dtype=torch.double))


RECORD = DatasetMetric(
    function=locality,
    title="Locality of x-features",
    paper="Qi, Khorram, Li 2021, Embedding Deep Networks into Visual Explanations",
    directions={"locality": "lower"},
    of_image=_of_image,
    of_images=_of_images,
)
