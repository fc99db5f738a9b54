"""How closely an explanation network's outputs follow the model's.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence, section 4.2, item 1.
"""

from collections.abc import Sequence

import numpy as np
import torch

from explainers.errors import UserError
from explainers.record import DatasetMetric


def faithfulness(
    approximations: torch.Tensor,
    logits: torch.Tensor,
    *,
    classes: Sequence[int],
    thresholds: Sequence[float] | None = None,
) -> dict[str, float]:
    """Return F_reg, the mean of |ŷ − ȳ|, and F_cls, the share of predictions that stay when ȳ replaces ŷ.

    `approximations` ȳ (M, C) are of the model's `logits` (M, K) of `classes`. One class is replaced at a time, as in
    the paper, where each network explains one; F_cls is the mean over classes. With `thresholds` (K,), of a multi-label
    model's logits, a class's prediction is ŷ > threshold; otherwise it is the highest of all K.
    """
    classes = list(classes)
    if approximations.shape != (len(logits), len(classes)):
        expected = (len(logits), len(classes))
        raise UserError(f"approximations: expected one per class, {expected}, found {tuple(approximations.shape)}.")
    error = (approximations - logits[:, classes]).abs().mean()
    return {"f_reg": float(error), "f_cls": float(_unchanged(approximations, logits, classes, thresholds).mean())}


def _unchanged(
    approximations: torch.Tensor, logits: torch.Tensor, classes: Sequence[int], thresholds: Sequence[float] | None
) -> torch.Tensor:
    kept = []
    for column, k in enumerate(classes):
        if thresholds is not None:
            kept.append((approximations[:, column] > thresholds[k]) == (logits[:, k] > thresholds[k]))
            continue
        replaced = logits.clone()
        replaced[:, k] = approximations[:, column]
        kept.append(replaced.argmax(dim=1) == logits.argmax(dim=1))
    return torch.stack(kept, dim=1).double()


def _of_image(
    approximations: torch.Tensor, logits: torch.Tensor, classes: Sequence[int], thresholds: Sequence[float] | None
) -> dict[str, float]:
    return faithfulness(approximations, logits, classes=classes, thresholds=thresholds)


def _of_images(values: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([of_image[name] for of_image in values])) for name in values[0]}


RECORD = DatasetMetric(
    function=faithfulness,
    title="Faithfulness of an explanation network",
    paper="Qi, Khorram, Li 2021, Embedding Deep Networks into Visual Explanations",
    parameters={
        "classes": "Which of the model's outputs the network explains.",
        "thresholds": "The logits above which a multi-label model predicts a class.",
    },
    directions={"f_reg": "lower", "f_cls": "higher"},
    of_image=_of_image,
    of_images=_of_images,
)
