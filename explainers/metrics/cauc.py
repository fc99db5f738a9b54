"""Contrastive faithfulness: does deleting what a map shows tell a class from those it is confused with?

Xie et al. 2023, "Two-Stage Holistic and Contrastive Explanation of Image Classification", UAI;
cwox-2s-supplementary.txt, section A, table A.1 and figure A.1.
"""

from collections.abc import Sequence

import torch

from explainers.errors import UserError
from explainers.maps.ranking import ranks, salient
from explainers.networks.perturbation import classify
from explainers.parameters import BatchSize, Count
from explainers.record import Metric
from explainers.targets import check_indices

_TAU = 0.05  # of all pixels: from here on CDROP is divided by the number of salient ones


def cauc(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    others: Sequence[Sequence[int]] | None = None,
    n_pixels: torch.Tensor | Sequence[int] | None = None,
    steps: Count = 25,
    threshold: float = 0.5,
    batch_size: BatchSize = None,
) -> dict[str, torch.Tensor]:
    """Return CAUC, CDROP and the number of salient pixels, by name.

    With the r highest pixels deleted (zero in the model's input space; ties in reading order) the contrastive score
    is s(r) = P(c)·(1 − P(C')), C' = `others`, each image's other classes of the target's confusion cluster. Salient:
    at least `threshold` of the map's range (a flat map: everywhere); n_δ is their number, of n pixels.
    CAUC = (1/n)·Σ s(r) over r = 1 … n_δ, or up to `n_pixels` (N,), the common cut-off where explainers are compared;
    s is linear between `steps` equally spaced r. CDROP = (s(0) − s(n_δ)) / log₂(1 + max(n_δ, τ)/τ), τ = 0.05·n.
    """
    weightings = _weightings(model, images, targets, others)
    own = salient(maps, threshold).flatten(1).sum(dim=1)
    cut_off = own if n_pixels is None else torch.as_tensor(n_pixels, device=own.device)
    counts = torch.cat([_spread(cut_off, steps), own[:, None]], dim=1)
    scores = contrastive_scores(model, images, weightings, maps, counts, batch_size)[0]
    n_all, tau = maps[0].numel(), _TAU * maps[0].numel()
    area = _sums(scores[:, :-1], counts[:, :-1]) / n_all
    drop = (scores[:, 0] - scores[:, -1]) / torch.log2(1 + own.clamp(min=tau) / tau)
    return {"cauc": area, "cdrop": drop, "n_delta": own.float()}


def _weightings(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, others: Sequence[Sequence[int]] | None
) -> torch.Tensor:
    """Return the target's and the others' weights (N, 2, K) on the probabilities."""
    if others is None or len(others) != len(images) or not all(others):
        raise UserError("others: expected for each image the other classes of the target's cluster, at least one.")
    with torch.inference_mode():
        n_classes = model(images[:1]).shape[1]
    check_indices(targets, n_classes)
    weightings = torch.zeros(len(images), 2, n_classes, device=images.device)
    for row, (target, rest) in enumerate(zip(targets.flatten().tolist(), others, strict=True)):
        wrong = [index for index in rest if not 0 <= index < n_classes or index == target]
        if wrong:
            raise UserError(f"others: expected other classes than {target} from 0 to {n_classes - 1}, found {wrong}.")
        weightings[row, 0, target] = 1
        weightings[row, 1, list(rest)] = 1
    return weightings


def _spread(cut_off: torch.Tensor, steps: int) -> torch.Tensor:
    """Return numbers of pixels from 0 to the cut-off (N, steps + 1), int64; every one where there are few."""
    shares = torch.linspace(0, 1, steps + 1, dtype=torch.float64, device=cut_off.device)
    return (shares * cut_off[:, None]).round().long()


def contrastive_scores(
    model: torch.nn.Module,
    images: torch.Tensor,
    weightings: torch.Tensor,
    maps: torch.Tensor,
    counts: torch.Tensor,
    batch_size: int | None = None,
) -> torch.Tensor:
    """Return s(r), P(c) and P(C'), (3, N, R), with the `counts` (N, R) highest pixels of each map deleted."""
    places = ranks(maps)

    def delete(batch: torch.Tensor, which: torch.Tensor, variant: torch.Tensor) -> None:
        batch.masked_fill_((places[which] < counts[which, variant].reshape(-1, 1, 1))[:, None], 0)

    own, rest = classify(model, images, counts.shape[1], delete, weightings, batch_size=batch_size).unbind(1)
    return torch.stack([own * (1 - rest), own, rest])


def _sums(scores: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Return Σ s(r) over r = 1 … the last count, s linear between the counts (N, R)."""
    width = counts.diff(dim=1).to(scores.dtype)
    first, last = scores[:, :-1], scores[:, 1:]
    # The values at the w steps after a count: w·first + (last − first)·(1 + … + w)/w.
    return (width * first + (last - first) * (width + 1) / 2 * (width > 0)).sum(dim=1)


RECORD = Metric(
    function=cauc,
    title="Contrastive area under the deletion curve, contrastive drop and number of salient pixels",
    paper="Xie et al. 2023, Two-Stage Holistic and Contrastive Explanation of Image Classification, UAI",
    parameters={
        "others": "Each image's classes that the target is told apart from.",
        "n_pixels": "Pixels up to which CAUC is summed; each map's salient ones when not given.",
        "steps": "At how many numbers of deleted pixels the score is measured.",
        "threshold": "Share of the map's range from which a pixel is salient.",
    },
    needs=("perturbs",),
    directions={"cauc": "lower", "cdrop": "higher", "n_delta": "lower"},
)
