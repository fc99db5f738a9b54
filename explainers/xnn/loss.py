"""The terms of an explanation network's loss: Qi et al. 2021, equations 1 to 5.

`weights` (M,) say how often each example counts; without them once each, as in the paper. A weight of 2 gives the same
as the example standing there twice. Over maps (M, n, h, w) every position counts as an example of its own.
"""

import torch

AWAKE = 0.1  # of a batch: the share in which an SRAE's x-feature is to be above zero (ours)
_LEAST = 1e-12


def faithfulness(approximations, logits, weights=None):
    """Return the mean over examples of ‖vᵀE − ŷ‖², both (M, C): the first term of equation 5."""
    return _mean((approximations - logits).square().sum(dim=1), weights)


def reconstruction_errors(reconstructed, activations, weights=None):
    """Return Q (S,): each dimension's mean squared reconstruction error (equation 2)."""
    squared = (reconstructed - activations).square()
    if squared.ndim == 4:
        squared = squared.mean(dim=(2, 3))
    return _mean(squared, weights)


def sparse_reconstruction(errors, q):
    """Return mean_k log(1 + q·Q_k), in which some dimensions can afford not to be reconstructed at all."""
    return torch.log1p(q * errors).mean()


def pull_away(features, weights=None):
    """Return equation 3: the mean squared cosine of pairs of x-features (M, n) over the examples, not centred.

    An x-feature that is zero everywhere has cosine 0 with all others; a single x-feature has term 0.
    """
    n = features.shape[1]
    cosine = cosines(features, weights)
    return (cosine.square().sum() - cosine.diagonal().square().sum()) / max(n * (n - 1), 1)


def cosines(features, weights=None):
    """Return the cosines (n, n) of the x-features' vectors over the examples; 0 for one that is zero everywhere."""
    if features.ndim == 4:
        weights = None if weights is None else weights[:, None, None].expand(-1, *features.shape[2:]).flatten()
        features = features.movedim(1, 3).flatten(0, 2)
    weighted = features if weights is None else features * weights[:, None].sqrt()
    norms = weighted.norm(dim=0)
    unit = weighted / torch.where(norms > 0, norms, 1)
    return unit.T @ unit


def depth_of_sleep(before):
    """Return how far below zero those x-features end, summed, that fewer than `AWAKE` of the examples wake; else 0.

    `before` (M, n) or (M, n, h, w) is what passes the x-features' ReLU, through which a sleeping one gets no gradient.
    With a single example awake an x-feature would lie on the edge, and fall asleep for good at the end of training.
    """
    values = before.transpose(0, 1).flatten(1)
    count = max(1, round(AWAKE * values.shape[1]))
    return torch.relu(-values.topk(count, dim=1).values[:, -1]).sum()


def _mean(values, weights):
    if weights is None:
        return values.mean(dim=0)
    return torch.tensordot(weights, values, dims=1) / weights.sum().clamp(min=_LEAST)


def total(settings, approximations, logits, features, reconstructed, activations, weights=None, strength=1.0):
    """Return the loss that a kind of network minimises; equation 5 for "srae". `strength` scales β and η."""
    kind, loss, beta, eta = settings.kind, 0, strength * settings.beta, strength * settings.eta
    if kind != "cae":
        loss = faithfulness(approximations, logits, weights)
    if kind == "srae":
        errors = reconstruction_errors(reconstructed, activations, weights)
        sparse = beta * sparse_reconstruction(errors, settings.q)
        return loss + sparse + eta * pull_away(features, weights)
    if kind in ("sae", "cae"):
        loss = loss + beta * reconstruction_errors(reconstructed, activations, weights).mean()
    return loss
