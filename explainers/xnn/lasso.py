"""The baseline that embeds nothing: a few of the layer's dimensions, chosen by an L1 penalty (scikit-learn's Lasso)."""

import warnings

import numpy as np
import torch

from explainers.errors import UserError
from explainers.xnn.examples import Examples
from explainers.xnn.network import ExplanationNetwork
from explainers.xnn.settings import Settings


def fit_lasso(settings: Settings, classes: list[int], examples: Examples, weights: torch.Tensor) -> ExplanationNetwork:
    """Return a network whose x-features are the dimensions that the penalty `alpha` leaves, with their coefficients.

    `weights` (M,) say how often each example counts. Several classes share their dimensions (MultiTaskLasso). With α so
    large that none is left, the one that correlates most is kept, so that there is something to show; its coefficient
    is 0.
    """
    from sklearn.linear_model import Lasso, MultiTaskLasso

    if examples.activations.ndim != 2:
        raise UserError('[xnn] kind: lasso needs activations (N, d); give [xnn] space = "mean".')
    activations, logits = examples.activations.double().numpy(), examples.logits.double().numpy()
    counts = weights.double().numpy()
    several = logits.shape[1] > 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a small α does not converge fully; its error is what is reported
        if several:  # has no sample weights: rows and intercept are weighted by hand
            root = np.sqrt(counts)[:, None]
            means = (np.average(part, axis=0, weights=counts) for part in (activations, logits))
            centre, mean = means
            model = MultiTaskLasso(alpha=settings.alpha, max_iter=2000, fit_intercept=False)
            model.fit((activations - centre) * root, (logits - mean) * root)
            coefficients, intercept = model.coef_, mean - model.coef_ @ centre
        else:
            model = Lasso(alpha=settings.alpha, max_iter=2000)
            model.fit(activations, logits[:, 0], sample_weight=counts)
            coefficients, intercept = model.coef_[None], np.atleast_1d(model.intercept_)
    selected = np.flatnonzero(np.abs(coefficients).sum(axis=0))
    if not len(selected):
        centred = activations - activations.mean(axis=0)
        strength = np.abs(centred.T @ (logits - logits.mean(axis=0))).sum(axis=1) / (centred.std(axis=0) + 1e-12)
        selected = np.array([int(strength.argmax())])
    network = ExplanationNetwork(settings, classes, examples.activations.shape[1:], selected)
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(coefficients[:, selected]))
        network.head.bias.copy_(torch.from_numpy(intercept))
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval()
