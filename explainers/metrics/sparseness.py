"""Sparseness: whether a map names few pixels or shares itself out among all.

Chalasani, Chen, Chowdhury, Wu, Jha 2020, "Concise Explanations of Neural Networks using Adversarial Training", ICML,
section 2.2: the Gini index of the magnitudes (Hurley, Rickard 2009).
"""

import torch

from explainers.record import Metric


def sparseness(
    _model: torch.nn.Module, _images: torch.Tensor, _targets: torch.Tensor, maps: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return the Gini index of |map|: 0 where all pixels have the same, 1 − 1/n where one of n pixels has it all.

    With magnitudes in rising order v₁ ≤ … ≤ v_n it is 1 − 2 Σ (v_k / Σv) (n − k + ½) / n. A map of zeros has 0.
    """
    values = maps.abs().flatten(1).double().sort(dim=1).values
    n = values.shape[1]
    ranks = torch.arange(1, n + 1, device=values.device)
    total = values.sum(dim=1)
    below = (values * (n - ranks + 0.5)).sum(dim=1) / n
    return {"sparseness": torch.where(total > 0, 1 - 2 * below / total, 0)}


RECORD = Metric(
    function=sparseness,
    title="Sparseness",
    paper="Chalasani et al. 2020, Concise Explanations of Neural Networks, ICML",
    directions={"sparseness": "higher"},
)
