"""Max-sensitivity: how far a map can change when the image changes by next to nothing.

Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019, "On the (In)fidelity and Sensitivity of Explanations", NeurIPS, definition
4.1, estimated by draws as there.
"""

from collections.abc import Callable

import torch

from explainers.errors import UserError
from explainers.parameters import Count
from explainers.randomness import seeded, uniform
from explainers.record import Metric


def max_sensitivity(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    explainer: Callable[[torch.nn.Module, torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
    radius: float = 0.02,
    n_draws: Count = 10,
    generator: torch.Generator | None = None,
) -> dict[str, torch.Tensor]:
    """Return the greatest ‖Φ(x + δ) − Φ(x)‖ / ‖Φ(x)‖ over draws of δ, each value of which is within ± `radius`.

    Φ(x), too, is explained here by `explainer(model, images, targets)`, maps (N, H, W): `maps` may have been stored
    rounded, or drawn by another seed. Lengths are Euclidean; the ratio is captum's, the paper has the difference alone.
    A map of zeros that stays one has 0; one that does not is divided by the smallest float. All images see the same
    draws.
    """
    if not callable(explainer):
        raise UserError("explainer: expected a function of (model, images, targets) that gives maps (N, H, W).")
    if n_draws < 1 or not radius > 0:
        raise UserError(f"n_draws, radius: expected 1 or more, and above 0, found {n_draws!r} and {radius!r}.")
    generator = seeded(generator)
    usual = _flat(explainer(model, images, targets), maps)
    length = usual.norm(dim=1).clamp(min=torch.finfo(torch.float32).tiny)
    greatest = torch.zeros(len(images), device=images.device, dtype=torch.float64)
    for _ in range(n_draws):
        moved = images + radius * (2 * uniform(images.shape[1:], generator, images) - 1)
        changed = _flat(explainer(model, moved, targets), maps)
        greatest = torch.maximum(greatest, (changed - usual).norm(dim=1) / length)
    return {"max_sensitivity": greatest}


def _flat(found: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return found.to(like.device).reshape(len(like), -1).double()


RECORD = Metric(
    function=max_sensitivity,
    title="Max-sensitivity",
    paper="Yeh et al. 2019, On the (In)fidelity and Sensitivity of Explanations, NeurIPS",
    parameters={
        "explainer": "The method under test, as a function of (model, images, targets) giving maps (N, H, W).",
        "radius": "How far each value of the image may change, in the model's input space.",
        "n_draws": "How many changed images are explained.",
    },
    directions={"max_sensitivity": "lower"},
    on_request=True,  # every image is explained anew several times
)
