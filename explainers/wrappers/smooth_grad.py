"""SmoothGrad: the mean map of the image under noise, by any method that goes by gradients.

Smilkov, Thorat, Kim, Viégas, Wattenberg 2017, "SmoothGrad: removing noise by adding noise", section 3. Squared: Hooker,
Erhan, Kindermans, Kim 2019, "A Benchmark for Interpretability Methods in Deep Neural Networks", NeurIPS.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import torch

from explainers import methods
from explainers.errors import UserError, near
from explainers.networks.perturbation import usual_batch
from explainers.parameters import BatchSize, Bounds, Colour, Count, Progress
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.randomness import normal, seeded
from explainers.record import Peer, Record, Trial, records_in

_RECORDS: dict[str, Record] = records_in(methods)
_SMOOTHED = {name: record for name, record in _RECORDS.items() if "gradients" in record.needs}


def smooth_grad(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    method: str = "vanilla_gradient",
    parameters: Mapping[str, Any] | None = None,
    noise: Annotated[float, Bounds(least=0)] = 0.15,
    n_samples: Count = 50,
    squared: bool = False,
    mean: Colour = IMAGENET_MEAN,
    std: Colour = IMAGENET_STD,
    generator: torch.Generator | None = None,
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> torch.Tensor:
    """Return the mean of `method`'s maps of x + ε over draws of ε ~ N(0, σ²): (N, T, H, W).

    σ is `noise` times the image's range, greatest minus smallest value, as in the paper. `squared`: the mean of the
    maps' squares. All images see the same draws.
    """
    record, own = _smoothed(method, parameters)
    generator, model = seeded(generator), record.prepare(model, {**record.defaults, **own})
    own = {**record.taken({"mean": mean, "std": std, "generator": generator}), **own}
    spread = noise * (images.amax(dim=(1, 2, 3), keepdim=True) - images.amin(dim=(1, 2, 3), keepdim=True))
    total, per_pass = torch.zeros((), device=images.device), max(1, (batch_size or usual_batch(images)) // len(images))
    for first in range(0, n_samples, per_pass):
        n_draws = min(per_pass, n_samples - first)
        draws = torch.stack([normal(images.shape[1:], generator, images) for _ in range(n_draws)])
        noisy = (images + spread * draws[:, None]).flatten(0, 1)
        maps = record.function(model, noisy, targets.repeat(n_draws, *[1] * (targets.ndim - 1)), **own)
        maps = maps.detach().unflatten(0, (n_draws, len(images)))
        total = total + (maps.square() if squared else maps).sum(dim=0)
        if progress is not None:
            progress(len(noisy))
    return total / n_samples


def _smoothed(method: str, parameters: Mapping[str, Any] | None) -> tuple[Record, dict[str, Any]]:
    """Return the record of the method whose maps are averaged, and its parameters, checked."""
    if method not in _SMOOTHED:
        raise UserError(f"method: there is no method {method!r} that goes by gradients.{near(method, _SMOOTHED)}")
    if not isinstance(parameters or {}, Mapping):
        raise UserError(f"parameters: expected those of {method} by name, found {parameters!r}.")
    record, own = _SMOOTHED[method], dict(parameters or {})
    for name in own:
        if name not in record.defaults:
            raise UserError(f"parameters: {method} has no parameter {name!r}.{near(name, record.defaults)}")
    return record, own


def _prepared(model: Any, parameters: Mapping[str, Any]) -> Any:
    record, own = _smoothed(parameters["method"], parameters["parameters"])
    return record.prepare(model, {**record.defaults, **own})


def _captum(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, n_samples: int, **_parameters: Any
) -> None:
    """Its noise has one σ for all images."""
    from captum.attr import NoiseTunnel, Saliency

    options: dict[str, Any] = {"nt_samples": n_samples, "nt_samples_batch_size": 4, "stdevs": 0.15, "target": targets}
    NoiseTunnel(Saliency(model)).attribute(images.clone(), **options)


RECORD = Record(
    function=smooth_grad,
    title="SmoothGrad",
    paper="Smilkov et al. 2017, SmoothGrad: removing noise by adding noise",
    parameters={
        "method": "Whose maps are averaged: any method that goes by gradients.",
        "parameters": "That method's parameters by name.",
        "noise": "The noise's standard deviation as a share of the image's range.",
        "n_samples": "How many noisy images are explained.",
        "squared": "Average the maps' squares (SmoothGrad²; Hooker et al. 2019).",
    },
    needs=("gradients",),
    signed=True,
    pixelwise=True,
    prepare=_prepared,
    trials=(Trial(lambda _side: {"n_samples": 20}, (Peer("captum", _captum),)),),
)
