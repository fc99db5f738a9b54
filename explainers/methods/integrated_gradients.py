"""Integrated gradients: gradients along the straight way from a baseline to the image.

Sundararajan, Taly, Yan 2017, "Axiomatic Attribution for Deep Networks", ICML, equations 1 and 3 and section 5.
"""

import numpy as np
import torch

from explainers.networks.baselines import baseline_of
from explainers.networks.outputs import say
from explainers.networks.perturbation import usual_batch
from explainers.networks.rewriting.optimised import optimised, scores_of
from explainers.networks.ways import Ways
from explainers.parameters import Baseline, BatchSize, Count, Layer, Progress
from explainers.peers.attributions import captum
from explainers.record import Record, Trial

_LOST = 0.05  # of the change of the logit, from which the paper advises more steps


def integrated_gradients(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    n_steps: Count = 50,
    baseline: Baseline = None,
    layer: Layer = None,
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> torch.Tensor:
    """Return (x − x⁰) · ∫₀¹ ∇y(x⁰ + t(x − x⁰)) dt, channels summed: (N, T, H, W), signed.

    y is the logit, `baseline` x⁰ zero in the model's input space when not given. The integral is a sum over `n_steps`
    points by Gauss and Legendre; exactly, a map sums to y(x) − y(x⁰), and where it misses more than a twentieth of that
    (the paper's limit) the log says so. With `layer` the way leads through that layer's activations and the map is
    enlarged bilinearly.
    """
    begins = baseline_of(baseline, images)
    of_each = torch.arange(len(images), device=images.device) % len(begins)
    ways = Ways(model, images, begins, layer)
    t, weights = (torch.from_numpy(x).to(images) / 2 for x in np.polynomial.legendre.leggauss(n_steps))
    total, per_pass = torch.zeros((), device=images.device), max(1, (batch_size or usual_batch(images)) // len(images))
    for first in range(0, n_steps, per_pass):
        points = slice(first, first + per_pass)
        terms = ways.terms(targets, of_each.expand(len(t[points]), -1), t[points] + 0.5)
        total = total + torch.einsum("pnthw,p->nthw", terms, weights[points])
        if progress is not None:
            progress(len(terms) * len(images))
    _say_what_is_lost(model, images, begins, targets, total)
    return ways.enlarged(total)


@torch.no_grad()
def _say_what_is_lost(
    model: torch.nn.Module, images: torch.Tensor, begins: torch.Tensor, targets: torch.Tensor, maps: torch.Tensor
) -> None:
    of_begins = targets.flatten(0, 1)[None] if len(begins) == 1 else targets
    change = scores_of(model, images, targets) - scores_of(model, begins, of_begins).reshape(targets.shape[:2])
    lost = (maps.sum(dim=(2, 3)) - change).abs()
    if bool((lost > _LOST * change.abs()).any()):
        share = float((lost / change.abs().clamp(min=1e-12)).max())
        say(model, f"integrated gradients miss up to {share:.0%} of the change of the logit; more n_steps miss less.")


RECORD = Record(
    function=integrated_gradients,
    title="Integrated gradients",
    paper="Sundararajan, Taly, Yan 2017, Axiomatic Attribution for Deep Networks, ICML",
    parameters={
        "n_steps": "Points of the way at which the gradient is taken.",
        "baseline": "The image (C, H, W) or colour (C,) that ways begin at, in the model's input space; zero when not "
        "given.",
        "layer": "Explain this layer's activations instead of the pixels: a module or its dotted name.",
    },
    needs=("gradients",),
    signed=True,
    pixelwise=True,
    prepare=lambda model, parameters: optimised(model) if parameters["layer"] is None else model,
    trials=(
        Trial(
            lambda _side: {"n_steps": 20},
            (captum("IntegratedGradients", lambda ours: {"n_steps": ours["n_steps"], "internal_batch_size": 8}),),
        ),
    ),
)
