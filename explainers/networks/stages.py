"""How single-map methods begin the maps that whole-output methods build on, at one or two stages.

Methods that look at a layer take a coarse one in stage 1 and a finer one in stage 2; one forward pass serves both and
all classes. Methods that perturb the image classify one set of variants per stage for all classes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from explainers.networks.internals.layers import find_layer, finer_layer
from explainers.networks.rewriting.optimised import optimised

BY_LAYER: tuple[dict[str, Any], dict[str, Any]] = ({"layer": None}, {"layer": None})


def layers_of_stages(
    model: torch.nn.Module, image: torch.Tensor, settings: Sequence[Mapping[str, Any]]
) -> list[torch.nn.Module]:
    """Return a module per stage: the named one, or the usual one in stage 1 and a finer one in stage 2."""
    usual: tuple[Callable[[], torch.nn.Module], ...] = (
        lambda: find_layer(model, None, image),
        lambda: finer_layer(model, image),
    )
    return [
        find() if stage["layer"] is None else find_layer(model, stage["layer"], image)
        for stage, find in zip(settings, usual, strict=False)
    ]


def perturbed(function: Callable[..., torch.Tensor]) -> Callable[..., Any]:
    """Return how a method that perturbs the image begins, as `Base.begin`: its stages differ in their settings."""

    def begin(
        model: torch.nn.Module, image: torch.Tensor, settings: Sequence[dict[str, Any]], options: dict[str, Any]
    ) -> tuple[torch.Tensor, Callable[[Sequence[int], int], torch.Tensor]]:
        model = optimised(model)
        with torch.inference_mode():
            logits = model(image)[0]

        def maps(classes: Sequence[int], stage: int) -> torch.Tensor:
            targets = torch.tensor([list(classes)], device=image.device)
            return function(model, image, targets, **settings[stage], **options)[0]

        return logits.clone(), maps

    return begin
