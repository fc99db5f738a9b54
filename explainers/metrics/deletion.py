"""Deletion and insertion: the score while the most relevant pixels vanish, or appear in a blurred image.

Petsiuk, Das, Saenko 2018, "RISE", BMVC, section 4.2: the area under the score as a function of the share of pixels.
"""

import torch
import torch.nn.functional as F

from explainers.maps.ranking import ranks
from explainers.networks.perturbation import classify
from explainers.parameters import BatchSize, Count
from explainers.record import Metric

_BLUR = 11, 5.0  # side and standard deviation in pixels


def deletion(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    steps: Count = 50,
    output: str = "softmax",
    batch_size: BatchSize = None,
) -> dict[str, torch.Tensor]:
    """Return the areas under both curves, 0 … 1 for probabilities; trapezoids over `steps` equal shares of pixels.

    Deleted pixels take zero in the model's input space; insertion starts from the image blurred by a Gaussian. Ties
    vanish in reading order.
    """
    places, n_pixels, blurred = ranks(maps), maps[0].numel(), _blurred(images)
    counts = torch.linspace(0, n_pixels, steps + 1, device=images.device).round()

    def change(batch: torch.Tensor, which: torch.Tensor, variant: torch.Tensor) -> None:
        chosen = (places[which] < counts[variant % (steps + 1)].reshape(-1, 1, 1))[:, None]
        deleting = (variant <= steps).reshape(-1, 1, 1, 1)
        inserted = torch.where(chosen, batch, blurred[which])
        batch.copy_(torch.where(deleting, torch.where(chosen, 0, batch), inserted))

    scores = classify(model, images, 2 * (steps + 1), change, targets, output=output, batch_size=batch_size)[:, 0]
    deleted, inserted = (torch.trapezoid(part, counts / n_pixels) for part in scores.split(steps + 1, dim=1))
    return {"deletion": deleted, "insertion": inserted}


def _blurred(images: torch.Tensor) -> torch.Tensor:
    side, deviation = _BLUR
    weights = torch.exp(-((torch.arange(side) - side // 2) ** 2) / (2 * deviation**2)).to(images)
    kernel = (torch.outer(weights, weights) / weights.sum() ** 2).expand(images.shape[1], 1, side, side)
    return F.conv2d(F.pad(images, [side // 2] * 4, mode="replicate"), kernel, groups=images.shape[1])


RECORD = Metric(
    function=deletion,
    title="Deletion and insertion",
    paper="Petsiuk, Das, Saenko 2018, RISE, BMVC",
    parameters={"steps": "Equal shares of pixels in which they vanish or appear."},
    needs=("perturbs",),
    directions={"deletion": "lower", "insertion": "higher"},
)
