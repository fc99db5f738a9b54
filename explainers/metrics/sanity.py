"""Sanity check: a map that stays the same when the model's weights become random does not explain the model.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim 2018, "Sanity Checks for Saliency Maps", NeurIPS, section 4.1: the
cascading randomisation.
"""

import copy
from collections.abc import Callable

import torch

from explainers.errors import UserError
from explainers.parameters import Count
from explainers.randomness import seeded
from explainers.record import Metric


def sanity(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    explainer: Callable[[torch.nn.Module, torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
    stages: Count = 3,
    generator: torch.Generator | None = None,
) -> dict[str, torch.Tensor]:
    """Return the mean absolute Spearman correlation of the maps with those of the randomised model, 0 … 1.

    From the output down, weights (not biases, nor the scales of norms) become normal ones of the same mean and
    deviation: at stage k of `stages` the last k / `stages` of them. `explainer(model, images, targets)` gives the maps
    (N, H, W) or (N, 1, H, W). The correlation with a flat map counts as 0.
    """
    if not callable(explainer):
        raise UserError("explainer: expected a function of (model, images, targets) that gives maps (N, H, W).")
    generator, randomised = seeded(generator), copy.deepcopy(model)
    weights = [weight for weight in randomised.parameters() if weight.ndim > 1][::-1]
    total, done = torch.zeros(len(images), device=images.device), 0
    for stage in range(1, stages + 1):
        upto = -(-len(weights) * stage // stages)
        for weight in weights[done:upto]:
            _randomise(weight, generator)
        done = upto
        found = explainer(randomised, images, targets).to(maps)
        total += spearman(maps, found.reshape(maps.shape)).abs()
    return {"sanity": total / stages}


@torch.no_grad()
def _randomise(weight: torch.Tensor, generator: torch.Generator) -> None:
    draws = torch.randn(weight.shape, generator=generator, device=generator.device).to(weight)
    weight.copy_(weight.mean() + (weight.std() if weight.numel() > 1 else 1) * draws)


def spearman(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the rank correlation of maps (N, H, W), ties sharing their mean rank; 0 where one of them is flat."""
    ranked = torch.stack([torch.stack([_mean_ranks(row) for row in maps.flatten(1)]) for maps in (a, b)])
    centred = ranked - ranked.mean(dim=2, keepdim=True)
    product = (centred[0] * centred[1]).sum(dim=1)
    size = centred.square().sum(dim=2).prod(dim=0).sqrt()
    return torch.where(size > 0, product / size.clamp(min=1e-12), 0).float()


def _mean_ranks(values: torch.Tensor) -> torch.Tensor:
    _, inverse, counts = values.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    mean_of_ties: torch.Tensor = last - (counts - 1) / 2
    return mean_of_ties[inverse]


RECORD = Metric(
    function=sanity,
    title="Sanity check by cascading randomisation",
    paper="Adebayo et al. 2018, Sanity Checks for Saliency Maps, NeurIPS",
    parameters={
        "explainer": "The method under test, as a function of (model, images, targets) giving maps (N, H, W).",
        "stages": "In how many steps the weights become random.",
    },
    directions={"sanity": "lower"},
    on_request=True,  # every image is explained anew several times
)
