"""ROAD: remove relevant or irrelevant pixels so that the removal itself cannot be seen, and watch the score.

Rong, Leemann, Borisov, Kasneci, Kasneci 2022, "A Consistent and Efficient Evaluation Strategy for Attribution Methods",
ICML, section 5; the columns as in imagenet50-xai-slides.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from explainers.maps.inpainting import interpolated
from explainers.maps.ranking import ranks
from explainers.networks.perturbation import classify
from explainers.parameters import BatchSize
from explainers.randomness import seeded
from explainers.record import Metric

_NOISE = 0.01


def road(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    percentiles: Sequence[float] = (10, 20, 30, 40, 50, 60, 70, 80, 90),
    output: str = "softmax",
    generator: torch.Generator | None = None,
    batch_size: BatchSize = None,
) -> dict[str, torch.Tensor]:
    """Return 100·mean(O − Y) over percentiles with the most relevant pixels removed (MoRF, the slides' "s"), with the
    least relevant removed (LeRF, "b"), and (LeRF − MoRF) / 2.

    Y is the target's probability on the image, O after removal of exactly that share of pixels, ties in reading order.
    """
    places, n_pixels = ranks(maps), maps[0].numel()
    counts = [round(n_pixels * percentile / 100) for percentile in percentiles]
    noise = seeded(generator)

    def removed(n: int, v: int) -> torch.Tensor:
        count, own = counts[v % len(counts)], torch.Generator(noise.device)
        own.set_state(noise.get_state())  # an image's noise does not depend on the images beside it
        return imputed(images[n], places[n] < count if v < len(counts) else places[n] >= n_pixels - count, own)

    options: dict[str, Any] = {"output": output, "batch_size": batch_size}
    whole = classify(model, images, 1, lambda *_: None, targets, **options)[:, 0]
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # a factorisation leaves the interpreter to others

        def remove(batch: torch.Tensor, which: torch.Tensor, variant: torch.Tensor) -> None:
            batch.copy_(torch.stack(list(pool.map(removed, which.tolist(), variant.tolist()))))

        scores = classify(model, images, 2 * len(counts), remove, targets, **options)[:, 0]
    most, least = (100 * (part - whole).mean(dim=1) for part in scores.split(len(counts), dim=1))
    return {"road": (least - most) / 2, "road_morf": most, "road_lerf": least}


def imputed(image: torch.Tensor, removed: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return the image (3, H, W) with its removed pixels (H, W) filled in by noisy linear imputation.

    Each is the weighted mean of its neighbours inside the image, direct ones 1/6 and diagonal ones 1/12, plus
    N(0, 0.01²); the removed ones among them are unknowns of one sparse linear system. An image without known pixels
    becomes its noise about zero.
    """
    gone = removed.cpu().numpy()
    if not gone.any():
        return image.clone()
    pixels = image.detach().cpu().double().numpy()
    filled = np.zeros_like(pixels) if gone.all() else interpolated(pixels, gone)
    noise = torch.randn(len(image), gone.sum(), generator=generator, device=generator.device)
    filled[:, gone] += _NOISE * noise.cpu().numpy()
    return torch.from_numpy(filled).to(image)


RECORD = Metric(
    function=road,
    title="ROAD",
    paper="Rong et al. 2022, A Consistent and Efficient Evaluation Strategy for Attribution Methods, ICML",
    parameters={"percentiles": "Shares of pixels that are removed, in percent."},
    needs=("perturbs",),
    directions={"road": "higher", "road_morf": "lower", "road_lerf": "higher"},
)
