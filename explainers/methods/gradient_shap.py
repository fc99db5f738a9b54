"""GradientSHAP, or expected gradients: gradients along random ways from backgrounds to the image.

Lundberg, Lee 2017, "A Unified Approach to Interpreting Model Predictions", NeurIPS; Erion et al. 2021, "Improving
performance of deep learning models with axiomatic attribution priors and expected gradients", equation 3.
"""

from typing import Any

import torch

from explainers.errors import UserError
from explainers.networks.perturbation import usual_batch
from explainers.networks.rewriting.optimised import optimised
from explainers.networks.ways import Ways
from explainers.parameters import BatchSize, Count, Layer, Progress
from explainers.randomness import integers, seeded, uniform
from explainers.record import Peer, Record, Trial


def gradient_shap(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    n_samples: Count = 50,
    background: torch.Tensor | None = None,
    layer: Layer = None,
    generator: torch.Generator | None = None,
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> torch.Tensor:
    """Return the expected gradients, channels summed: (N, T, H, W), signed. See `expected_gradients`."""
    options: dict[str, Any] = {"n_samples": n_samples, "background": background, "layer": layer, "generator": generator}
    maps, _ = expected_gradients(model, images, targets, **options, batch_size=batch_size, progress=progress)
    return maps


def expected_gradients(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    n_samples: int,
    background: torch.Tensor | None,
    layer: Layer,
    generator: torch.Generator | None,
    batch_size: int | None = None,
    progress: Progress = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean of ∇y(x' + t(x − x'))·(x − x') over draws of x' and t, and its standard error: (N, T, H, W) each.

    y is the logit, t ~ U(0, 1), x' one of `background` (B, 3, H, W), zero in the model's input space when not given. In
    expectation a map sums to y(x) minus the mean y(x'). With `layer` the way leads through that layer's activations
    and the map is enlarged bilinearly. All images see the same draws.
    """
    generator, background = seeded(generator), _background(background, images)
    origin = integers(len(background), (n_samples,), generator, images)
    t = uniform((n_samples,), generator, images)
    ways = Ways(model, images, background, layer)
    total = squares = torch.zeros((), device=images.device)
    per_pass = max(1, (batch_size or usual_batch(images)) // len(images))
    for first in range(0, n_samples, per_pass):
        draws = slice(first, first + per_pass)
        terms = ways.terms(targets, origin[draws], t[draws])
        total, squares = total + terms.sum(0), squares + terms.square().sum(0)
        if progress is not None:
            progress(len(terms) * len(images))
    mean = total / n_samples
    variance = (squares / n_samples - mean.square()).clamp(min=0) / max(n_samples - 1, 1)
    return ways.enlarged(mean), ways.enlarged(variance.sqrt())


def _background(background: torch.Tensor | None, images: torch.Tensor) -> torch.Tensor:
    if background is None:
        return torch.zeros_like(images[:1])
    background = torch.as_tensor(background).to(images)
    if background.shape[1:] != images.shape[1:]:
        raise UserError(f"background: expected (B, {', '.join(map(str, images.shape[1:]))}), found {background.shape}.")
    return background


def _captum(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, n_samples: int) -> None:
    from captum.attr import GradientShap

    images = images.clone().requires_grad_()
    options = {"n_samples": n_samples, "stdevs": 0.0, "target": targets}
    GradientShap(model).attribute(images, torch.zeros_like(images[:1]), **options)


def _shap(model: torch.nn.Module, images: torch.Tensor, _targets: torch.Tensor, n_samples: int) -> None:
    """It explains the first choices by itself; asked for given classes it would explain them all."""
    from shap import GradientExplainer

    explainer = GradientExplainer(model, torch.zeros_like(images[:1]), batch_size=usual_batch(images))
    explainer.shap_values(images, nsamples=n_samples, ranked_outputs=1, rseed=0)


RECORD = Record(
    function=gradient_shap,
    title="GradientSHAP (expected gradients)",
    short="GradientSHAP",
    paper="Lundberg, Lee 2017, NeurIPS; Erion et al. 2021, Nature Machine Intelligence",
    parameters={
        "n_samples": "Draws of a background and a point on the way from it to the image.",
        "background": "Images (B, 3, H, W) the ways begin at; zero in the model's input space when not given. "
        "In a configuration: how many photographs of the data set, drawn at random.",
        "layer": "Explain this layer's activations instead of the pixels: a module or its dotted name.",
    },
    needs=("gradients",),
    signed=True,
    pixelwise=True,
    prepare=lambda model, parameters: optimised(model) if parameters["layer"] is None else model,
    trials=(Trial(lambda _side: {"n_samples": 20}, (Peer("captum", _captum), Peer("shap", _shap))),),
)
