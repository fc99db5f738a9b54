"""The terms of an explanation network's loss: Qi et al. 2021, equations 1 to 5.

`weights` (M,) say how often each example counts; without them once each, as in the paper. A weight of 2 gives the same
as the example standing there twice. Over maps (M, n, h, w) every position counts as an example of its own.
"""

import torch

from explainers.xnn.settings import Settings

AWAKE = 0.1  # of a batch: the share in which an SRAE's x-feature is to be above zero (ours)
_LEAST = 1e-12


def faithfulness(
    approximations: torch.Tensor, logits: torch.Tensor, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the mean over examples of ‖vᵀE − ŷ‖², both (M, C): the first term of equation 5."""
    return _mean((approximations - logits).square().sum(dim=1), weights)


def reconstruction_errors(
    reconstructed: torch.Tensor, activations: torch.Tensor, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Return Q (S,): each dimension's mean squared reconstruction error (equation 2)."""
    squared = (reconstructed - activations).square()
    if squared.ndim == 4:
        squared = squared.mean(dim=(2, 3))
    return _mean(squared, weights)


def sparse_reconstruction(errors: torch.Tensor, q: float) -> torch.Tensor:
    """Return mean_k log(1 + q·Q_k), in which some dimensions can afford not to be reconstructed at all."""
    return torch.log1p(q * errors).mean()


def pull_away(features: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Return equation 3: the mean squared cosine of pairs of x-features (M, n) over the examples, not centred.

    An x-feature that is zero everywhere has cosine 0 with all others; a single x-feature has term 0.
    """
    n = features.shape[1]
    cosine = cosines(features, weights)
    return (cosine.square().sum() - cosine.diagonal().square().sum()) / max(n * (n - 1), 1)


def cosines(features: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Return the cosines (n, n) of the x-features' vectors over the examples; 0 for one that is zero everywhere."""
    if features.ndim == 4:
        weights = None if weights is None else weights[:, None, None].expand(-1, *features.shape[2:]).flatten()
        features = features.movedim(1, 3).flatten(0, 2)
    weighted = features if weights is None else features * weights[:, None].sqrt()
    norms = weighted.norm(dim=0)
    unit = weighted / torch.where(norms > 0, norms, 1)
    return unit.T @ unit


def depth_of_sleep(before: torch.Tensor) -> torch.Tensor:
    """Return how far below zero those x-features end, summed, that fewer than `AWAKE` of the examples wake; else 0.

    `before` (M, n) or (M, n, h, w) is what passes the x-features' ReLU, through which a sleeping one gets no gradient.
    With a single example awake an x-feature would lie on the edge, and fall asleep for good at the end of training.
    """
    values = before.transpose(0, 1).flatten(1)
    count = max(1, round(AWAKE * values.shape[1]))
    return torch.relu(-values.topk(count, dim=1).values[:, -1]).sum()


def _mean(values: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    if weights is None:
        return values.mean(dim=0)
    summed: torch.Tensor = torch.tensordot(weights, values, dims=1)
    return summed / weights.sum().clamp(min=_LEAST)


def total(
    settings: Settings,
    approximations: torch.Tensor,
    logits: torch.Tensor,
    features: torch.Tensor,
    reconstructed: torch.Tensor | None,
    activations: torch.Tensor,
    weights: torch.Tensor | None = None,
    strength: float = 1.0,
) -> torch.Tensor:
    """Return the loss that a kind of network minimises; equation 5 for "srae". `strength` scales β and η."""
    beta, eta = strength * settings.beta, strength * settings.eta
    faithful = faithfulness(approximations, logits, weights)
    if reconstructed is None or settings.kind not in ("srae", "sae", "cae"):
        return faithful
    errors = reconstruction_errors(reconstructed, activations, weights)
    if settings.kind == "cae":
        return beta * errors.mean()
    if settings.kind == "sae":
        return faithful + beta * errors.mean()
    return faithful + beta * sparse_reconstruction(errors, settings.q) + eta * pull_away(features, weights)
