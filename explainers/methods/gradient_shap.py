"""GradientSHAP, or expected gradients: gradients along random ways from backgrounds to the image.

Lundberg, Lee 2017, "A Unified Approach to Interpreting Model Predictions", NeurIPS; Erion et al. 2021, "Improving
performance of deep learning models with axiomatic attribution priors and expected gradients", equation 3.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F

from explainers.errors import UserError
from explainers.networks.graph import optimised
from explainers.networks.layers import find_layer
from explainers.networks.perturbation import usual_batch
from explainers.parameters import Layer, Progress
from explainers.randomness import integers, seeded, uniform
from explainers.record import Peer, Record, Trial
from explainers.targets import pick


def gradient_shap(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    n_samples: int = 50,
    background: torch.Tensor | None = None,
    layer: Layer = None,
    generator: torch.Generator | None = None,
    batch_size: int | None = None,
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
    module = None if layer is None else find_layer(model, layer, images)
    if module is None:
        model = optimised(model)
        start, base = (inputs.contiguous(memory_format=torch.channels_last) for inputs in (images, background))
    else:
        start, base = _activations(model, module, images), _activations(model, module, background)
    total = squares = torch.zeros((), device=images.device)
    per_pass = max(1, (batch_size or usual_batch(images)) // len(images))
    for first in range(0, n_samples, per_pass):
        draws = slice(first, first + per_pass)
        points = _between(start, base[origin[draws]], t[draws])
        terms = _terms(model, module, images, targets, *points)
        total, squares = total + terms.sum(0), squares + terms.square().sum(0)
        if progress is not None:
            progress(len(terms) * len(images))
    mean = total / n_samples
    variance = (squares / n_samples - mean.square()).clamp(min=0) / max(n_samples - 1, 1)
    size = images.shape[-2:]
    return _enlarged(mean, size), _enlarged(variance.sqrt(), size)


def _background(background: torch.Tensor | None, images: torch.Tensor) -> torch.Tensor:
    if background is None:
        return torch.zeros_like(images[:1])
    background = torch.as_tensor(background).to(images)
    if background.shape[1:] != images.shape[1:]:
        raise UserError(f"background: expected (B, {', '.join(map(str, images.shape[1:]))}), found {background.shape}.")
    return background


def _between(start: torch.Tensor, base: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return points x' + t(x − x') and differences x − x', both (draws, N, …)."""
    difference = start[None] - base[:, None]
    return base[:, None] + t.reshape(-1, *[1] * start.ndim) * difference, difference


def _terms(
    model: torch.nn.Module,
    module: torch.nn.Module | None,
    images: torch.Tensor,
    targets: torch.Tensor,
    points: torch.Tensor,
    difference: torch.Tensor,
) -> torch.Tensor:
    """Return gradient times difference, channels summed: (draws, N, T, h, w)."""
    leaf = points.flatten(0, 1).requires_grad_()
    repeated = targets.repeat(len(points), *[1] * (targets.ndim - 1))
    with torch.enable_grad():
        if module is None:
            scores = pick(model(leaf), repeated)
        else:
            with _replaced(module, leaf):
                scores = pick(model(images.repeat(len(points), 1, 1, 1)), repeated)
        n_targets = scores.shape[1]
        gradients = [
            torch.autograd.grad(scores[:, t].sum(), leaf, retain_graph=t + 1 < n_targets)[0] for t in range(n_targets)
        ]
    summed = [(g.unflatten(0, points.shape[:2]) * difference).sum(dim=2) for g in gradients]
    return torch.stack(summed, dim=2)


@torch.no_grad()
def _activations(model: torch.nn.Module, module: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    found: list[torch.Tensor] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: found.append(output))
    try:
        model(images)
    finally:
        handle.remove()
    if not found or found[-1].ndim != 4:
        raise UserError("layer: gradient_shap needs a layer with activations (N, C, H, W).")
    return found[-1].clone()


@contextmanager
def _replaced(module: torch.nn.Module, activations: torch.Tensor) -> Iterator[None]:
    handle = module.register_forward_hook(lambda _module, _inputs, _output: activations.clone())
    try:
        yield
    finally:
        handle.remove()


def _enlarged(maps: torch.Tensor, size: torch.Size) -> torch.Tensor:
    if maps.shape[-2:] == size:
        return maps
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


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
