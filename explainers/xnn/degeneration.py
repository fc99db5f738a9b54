"""Detect x-features that explain nothing of their own: Qi et al. 2021, section 2.2 and figure .12.

The paper calls a network degenerate whose x-features repeat each other or hardly vary. Thresholds are ours.
"""

import torch

from explainers.xnn.loss import cosines

ACTIVE = 0.005  # an x-feature is dead when it is above zero in fewer examples
VARIES = 0.05  # constant when its deviation is below this share of its mean
ALIKE = 0.95  # a duplicate when its cosine with an earlier live one is higher
COUNTS = 0.005  # idle when its part of all contributions is smaller


@torch.no_grad()
def degenerate(features: torch.Tensor, weight: torch.Tensor) -> dict[int, str]:
    """Return what is wrong with which x-features, by number from 0: "dead", "constant", "duplicate of 3", "idle".

    `features` (M, n) over the training examples, of maps the mean; `weight` (C, n) from them to the outputs.
    """
    faults: dict[int, str] = {}
    alike = cosines(features)
    mean, deviation = features.mean(dim=0), features.std(dim=0, correction=0)
    share = (weight.abs().sum(dim=0) * features.abs().mean(dim=0)).double()
    share = share / share.sum().clamp(min=torch.finfo(torch.double).tiny)
    for i in range(features.shape[1]):
        twin = next((j for j in range(i) if j not in faults and float(alike[i, j]) > ALIKE), None)
        if float((features[:, i] > 0).float().mean()) < ACTIVE:
            faults[i] = "dead"
        elif float(deviation[i]) < VARIES * float(mean[i]):
            faults[i] = "constant"
        elif twin is not None:
            faults[i] = f"duplicate of {twin + 1}"
        elif float(share[i]) < COUNTS:
            faults[i] = "idle"
    return faults
