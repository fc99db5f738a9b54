"""Infidelity: whether what a map gives a region is what hiding it costs.

Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019, "On the (In)fidelity and Sensitivity of Explanations", NeurIPS, definition
2.1, with their removal of squares (section 3), and explanations scaled as best they fit (section 6).
"""

from typing import Any

import torch

from explainers.errors import UserError
from explainers.networks.perturbation import classify
from explainers.parameters import BatchSize, Count, Progress
from explainers.randomness import integers, seeded
from explainers.record import Metric


def infidelity(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    n_squares: Count = 100,
    sides: tuple[float, float] = (0.1, 0.5),
    output: str = "softmax",
    generator: torch.Generator | None = None,
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> dict[str, torch.Tensor]:
    """Return the mean over squares S of (β Σ_S map − (f(x) − f(x without S)))², f the target's score.

    A hidden square is zero in the model's input space; its side is drawn between two shares of the image's shorter
    side, its place anywhere inside. β ≥ 0 is the scale at which the image's map fits best; 0, so that nothing is
    explained, where none above zero does (captum's may be negative, and praises maps of the wrong sign). All images
    see the same squares.
    """
    if n_squares < 1 or not 0 < sides[0] <= sides[1] <= 1:
        raise UserError(f"n_squares, sides: expected 1 or more, and shares from 0 up to 1, found {n_squares}, {sides}.")
    squares = _squares(images, n_squares, sides, seeded(generator))

    def hide(batch: torch.Tensor, _which: torch.Tensor, variant: torch.Tensor) -> None:
        for row, square in enumerate(variant.tolist()):
            if square:  # the first variant is the image itself
                top, bottom, left, right = squares[square - 1]
                batch[row, :, top:bottom, left:right] = 0

    options: dict[str, Any] = {"output": output, "batch_size": batch_size, "progress": progress}
    scores = classify(model, images, n_squares + 1, hide, targets, **options)[:, 0].double()
    fallen = scores[:, :1] - scores[:, 1:]
    told = torch.stack([maps[:, t:b, l:r].double().sum(dim=(1, 2)) for t, b, l, r in squares], dim=1)  # noqa: E741
    size = told.square().sum(dim=1, keepdim=True)
    beta = ((told * fallen).sum(dim=1, keepdim=True) / size.where(size > 0, 1)).clamp(min=0)
    return {"infidelity": (beta * told - fallen).square().mean(dim=1)}


def _squares(
    images: torch.Tensor, n_squares: int, sides: tuple[float, float], generator: torch.Generator
) -> list[tuple[int, int, int, int]]:
    """Return top, bottom, left and right of each square, ends excluded."""
    height, width = images.shape[-2:]
    low, high = (max(1, round(share * min(height, width))) for share in sides)
    lengths = low + integers(high - low + 1, (n_squares,), generator, images)
    found = []
    for length in lengths.tolist():
        top, left = (int(integers(full - length + 1, (), generator, images)) for full in (height, width))
        found.append((top, top + length, left, left + length))
    return found


RECORD = Metric(
    function=infidelity,
    title="Infidelity",
    paper="Yeh et al. 2019, On the (In)fidelity and Sensitivity of Explanations, NeurIPS",
    parameters={
        "n_squares": "How many squares are hidden, one at a time.",
        "sides": "Shortest and longest side of a square, as shares of the image's shorter side.",
    },
    needs=("perturbs",),
    directions={"infidelity": "lower"},
)
