"""RISE: show the classifier random parts of the image and average the parts by its scores.

Petsiuk, Das, Saenko 2018, "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC, equation 6 and
section 3.2.
"""

from typing import Any

import torch
import torch.nn.functional as F

from explainers.errors import UserError
from explainers.networks.perturbation import classify, usual_batch
from explainers.networks.stages import perturbed
from explainers.parameters import BatchSize, Count, Progress, Reference
from explainers.randomness import integers, seeded, uniform
from explainers.record import Base, Record, Trial


def rise(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    n_masks: Count = 4000,
    grid: Count = 8,
    p: float = 0.5,
    output: str = "softmax",
    precision: str = "full",
    generator: torch.Generator | None = None,
    reference: Reference = None,
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> torch.Tensor:
    """Return Σ f(x ⊙ M)·M / (N·p) over random masks M: (N, T, H, W), ≥ 0 for probabilities.

    A mask keeps each cell of a grid × grid raster with probability p; hidden pixels take zero in the model's input
    space. All images see the same masks. Cells are remembered and masks made from them a batch at a time, so memory
    does not grow with their number.

    A pixel without any influence has E[f·M] / p = E[f]: `reference` is called with the mean score (N, T) over the
    masks, which is the map's value for no effect.
    """
    if not 0 < p <= 1:
        raise UserError(f"p: expected a probability above 0, up to 1, found {p!r}.")
    if grid > max(images.shape[-2:]):
        raise UserError(f"grid: expected no more cells than the image has pixels, found {grid}.")
    masks = _Masks(images, n_masks, grid, p, seeded(generator))

    def hide(batch: torch.Tensor, _which: torch.Tensor, variant: torch.Tensor) -> None:
        first, last = int(variant[0]), int(variant[-1])
        batch *= masks(first, last + 1)[variant - first]

    options: dict[str, Any] = {"output": output, "precision": precision, "batch_size": batch_size, "progress": progress}
    scores = classify(model, images, n_masks, hide, targets, **options)
    if reference is not None:
        reference(scores.mean(dim=-1))
    total = torch.zeros((), device=images.device)
    for first in range(0, n_masks, size := usual_batch(images)):
        part = scores[..., first : first + size]
        total = total + torch.einsum("ntr,rhw->nthw", part, masks(first, first + part.shape[-1])[:, 0])
    return total / (n_masks * p)


class _Masks:
    """The random masks, made on demand: bilinearly enlarged cells, cut out at a random shift of up to one cell."""

    def __init__(self, images: torch.Tensor, n_masks: int, grid: int, p: float, generator: torch.Generator) -> None:
        self.height, self.width = images.shape[-2:]
        self.cell = -(-self.height // grid), -(-self.width // grid)
        self.enlarged = (grid + 1) * self.cell[0], (grid + 1) * self.cell[1]
        self.cells = (uniform((n_masks, 1, grid, grid), generator, images) < p).to(torch.bool)
        self.shifts = [integers(cell, (n_masks,), generator, images) for cell in self.cell]
        self.like = images

    def __call__(self, first: int, last: int) -> torch.Tensor:
        """Return masks first … last − 1: (n, 1, H, W), values 0 … 1."""
        cells = self.cells[first:last].to(self.like.dtype)
        enlarged = F.interpolate(cells, size=self.enlarged, mode="bilinear", align_corners=False)
        rows, columns = (
            shift[first:last, None] + torch.arange(length, device=cells.device)
            for shift, length in zip(self.shifts, (self.height, self.width), strict=True)
        )
        number = torch.arange(len(cells), device=cells.device)[:, None, None]
        return enlarged[number, 0, rows[:, :, None], columns[:, None, :]][:, None]


RECORD = Record(
    function=rise,
    title="RISE",
    paper="Petsiuk, Das, Saenko 2018, RISE, BMVC",
    parameters={
        "n_masks": "How many random masks are tried.",
        "grid": "Cells per side of the masks' raster.",
        "p": "Probability that a cell is kept.",
    },
    needs=("perturbs",),
    base=Base(
        perturbed(rise),
        ({"n_masks": 5000, "grid": 15, "p": 0.3}, {"n_masks": 3000, "grid": 10, "p": 0.15}),
        percentile=70,
        is_linear_in_probability=True,
        timed=({"n_masks": 1000}, {"n_masks": 600}),
    ),
    trials=(Trial(lambda _side: {"n_masks": 1000}),),
)
