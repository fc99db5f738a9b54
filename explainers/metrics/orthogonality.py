"""Whether the maps of different x-features fall on different regions.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence, section 4.2, item 2.
"""

import math

import torch

from explainers.errors import UserError
from explainers.record import DatasetMetric


def orthogonality(maps, *, jitter=1e-6):
    """Return O₁ = ‖P‖_F − √n and O₂ = −log det P of maps (M, n, H, W); both are 0 where no two are correlated.

    P is the correlation of the x-features' maps, their covariance aggregated over all pixels of all images. Each map is
    first divided by its sum, as in S_ij of the paper, so that no image counts for more. A feature whose map never
    varies is left out, with its share of n. `jitter` keeps log det finite for equal maps: P + jitter·I.
    """
    if maps.ndim != 4:
        raise UserError(f"maps: expected (images, x-features, H, W), found shape {tuple(maps.shape)}.")
    correlation = _correlation(maps.double())
    n = len(correlation)
    eye = torch.eye(n, dtype=correlation.dtype, device=correlation.device)
    log_det = torch.linalg.slogdet((correlation + jitter * eye) / (1 + jitter)).logabsdet if n else torch.zeros(())
    return {"o1": float(torch.linalg.norm(correlation)) - math.sqrt(n), "o2": -float(log_det)}


def _correlation(maps):
    """Return the correlation (n, n) of the x-features over all pixels, those that never vary left out."""
    sums = maps.flatten(2).sum(dim=2)[..., None, None]
    shares = torch.where(sums != 0, maps / torch.where(sums != 0, sums, 1), 0)
    values = shares.transpose(0, 1).flatten(1)
    centred = values - values.mean(dim=1, keepdim=True)
    varies = centred.norm(dim=1) > 1e-9 * values.norm(dim=1).clamp(min=torch.finfo(values.dtype).tiny)
    unit = torch.nn.functional.normalize(centred[varies], dim=1)
    return (unit @ unit.T).clamp(-1, 1)


RECORD = DatasetMetric(
    function=orthogonality,
    title="Orthogonality of x-features",
    paper="Qi, Khorram, Li 2021, Embedding Deep Networks into Visual Explanations",
    parameters={"jitter": "Added to the correlation's diagonal, so that equal maps have a finite value."},
    directions={"o1": "lower", "o2": "lower"},
)
