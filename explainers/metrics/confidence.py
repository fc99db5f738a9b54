"""What the classifier's confidence does when the subject that a map shows, or the rest, is hidden.

imagenet50-xai-slides, after Chattopadhay, Sarkar, Howlader, Balasubramanian 2018, "Grad-CAM++", WACV, section 4.1.
"""

import torch

from explainers.errors import UserError
from explainers.maps.ranking import ranks, salient
from explainers.networks.perturbation import classify
from explainers.parameters import BatchSize
from explainers.record import Metric

_SUBJECTS = ("range", "quantile", "soft")


def confidence(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    subject: str = "range",
    threshold: float = 0.5,
    output: str = "softmax",
    batch_size: BatchSize = None,
) -> dict[str, torch.Tensor]:
    """Return, in percent, whether and by how much the target's probability changes without background or subject.

    Y is the probability on the image, O with the background ("b") or the subject ("s") at zero in the model's input
    space. Increase: 100 if O > Y, else 0. Drop: 100·max(0, Y − O) / Y. The subject is where the map reaches
    `threshold` of its range (a flat map: everywhere), its highest `threshold` share of pixels ("quantile"; ties in
    reading order), or the map scaled to 0 … 1 as a soft mask ("soft"; a flat map: nothing).
    """
    share = _subject(maps, subject, threshold)[:, None].to(images)

    def hide(batch: torch.Tensor, which: torch.Tensor, variant: torch.Tensor) -> None:
        kept = torch.where((variant == 1).reshape(-1, 1, 1, 1), share[which], 1 - share[which])
        batch *= torch.where((variant == 0).reshape(-1, 1, 1, 1), 1, kept)

    scores = classify(model, images, 3, hide, targets, output=output, batch_size=batch_size)[:, 0]
    whole, without_background, without_subject = scores.unbind(1)
    values = {}
    for name, hidden in (("b", without_background), ("s", without_subject)):
        values[f"confidence_{name}_increase"] = 100.0 * (hidden > whole)
        values[f"confidence_{name}_drop"] = 100 * (whole - hidden).clamp(min=0) / whole.clamp(min=1e-12)
    return values


def _subject(maps: torch.Tensor, subject: str, threshold: float) -> torch.Tensor:
    if subject == "range":
        return salient(maps, threshold)
    if subject == "quantile":
        return ranks(maps) < round(threshold * maps[0].numel())
    if subject != "soft":
        raise UserError(f"subject: expected {', '.join(_SUBJECTS)}, found {subject!r}.")
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=torch.finfo(maps.dtype).tiny)


RECORD = Metric(
    function=confidence,
    title="Confidence increase and drop",
    paper="imagenet50-xai-slides; Chattopadhay et al. 2018, Grad-CAM++, WACV",
    parameters={
        "subject": "What the map's subject is: range, quantile or soft.",
        "threshold": "Share of the map's range, or of its pixels, that makes the subject.",
    },
    needs=("perturbs",),
    directions={
        "confidence_b_increase": "higher",
        "confidence_b_drop": "lower",
        "confidence_s_increase": "lower",
        "confidence_s_drop": "higher",
    },
)
