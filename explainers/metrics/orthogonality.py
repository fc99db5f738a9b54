"""Whether the maps of different x-features fall on different regions.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence, section 4.2, item 2.
"""

import math

import torch

from explainers.errors import UserError
from explainers.record import DatasetMetric

_VARIES = 1e-12  # of the mean square; below, a variance is rounding


def orthogonality(maps: torch.Tensor, *, jitter: float = 1e-6) -> dict[str, float]:
    """Return O₁ = ‖P‖_F − √n and O₂ = −log det P of maps (M, n, H, W); both are 0 where no two are correlated.

    P is the correlation of the x-features' maps, their covariance aggregated over all pixels of all images. Each map is
    first divided by its sum, as in S_ij of the paper, so that no image counts for more. A feature whose map never
    varies is left out, with its share of n. `jitter` keeps log det finite for equal maps: P + jitter·I.
    """
    if maps.ndim != 4:
        raise UserError(f"maps: expected (images, x-features, H, W), found shape {tuple(maps.shape)}.")
    return orthogonality_of(moments(maps), jitter)


def orthogonality_of(summed: torch.Tensor, jitter: float = 1e-6) -> dict[str, float]:
    """Return O₁ and O₂ of the `moments` of all images, summed."""
    correlation = _correlation(summed)
    n = len(correlation)
    eye = torch.eye(n, dtype=correlation.dtype, device=correlation.device)
    log_det = torch.linalg.slogdet((correlation + jitter * eye) / (1 + jitter)).logabsdet if n else torch.zeros(())
    return {"o1": float(torch.linalg.norm(correlation)) - math.sqrt(n), "o2": -float(log_det)}


def moments(maps: torch.Tensor) -> torch.Tensor:
    """Return Σ s sᵀ over all pixels of maps (M, n, H, W), with s = (1, S_1 … S_n): (1 + n, 1 + n).

    S are the maps divided by their sums, times the pixels of one. Moments of other images may be added.
    """
    maps = maps.double()
    sums = maps.flatten(2).mean(dim=2)[..., None, None]
    shares = torch.where(sums != 0, maps / sums, 0)
    values = shares.transpose(0, 1).flatten(1)
    values = torch.cat([torch.ones_like(values[:1]), values])
    return values @ values.T


def _correlation(summed: torch.Tensor) -> torch.Tensor:
    """Return the correlation (n, n) of the x-features over all pixels, those that never vary left out."""
    mean = summed[0, 1:] / summed[0, 0]
    second = summed[1:, 1:] / summed[0, 0]
    covariance = second - mean[:, None] * mean
    varies = covariance.diagonal() > _VARIES * second.diagonal()
    deviation = covariance.diagonal()[varies].sqrt()
    return (covariance[varies][:, varies] / deviation[:, None] / deviation).clamp(-1, 1)


RECORD = DatasetMetric(
    function=orthogonality,
    title="Orthogonality of x-features",
    paper="Qi, Khorram, Li 2021, Embedding Deep Networks into Visual Explanations",
    parameters={"jitter": "Added to the correlation's diagonal, so that equal maps have a finite value."},
    directions={"o1": "lower", "o2": "lower"},
    of_image=lambda maps: moments(maps).tolist(),
    of_images=lambda summands: orthogonality_of(torch.tensor(summands, dtype=torch.double).sum(dim=0)),
)
