"""Occlusion: slide a window over the image and see how the score falls.

Zeiler, Fergus 2014, "Visualizing and Understanding Convolutional Networks", ECCV, section 4.2 (the occluder's size,
step and colour are parameters here).
"""

from typing import Any

import torch

from explainers.errors import UserError
from explainers.occlusion.hiding import importance, occluded_scores
from explainers.parameters import BatchSize, Colour, Count, Fill, Progress
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.record import Peer, Record, Trial


def occlusion(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    window: Count | None = None,
    stride: Count | None = None,
    fill: Fill = "neighbours",
    relative: bool = True,
    output: str = "softmax",
    precision: str = "full",
    mean: Colour = IMAGENET_MEAN,
    std: Colour = IMAGENET_STD,
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> torch.Tensor:
    """Return, per pixel, the mean importance of the windows that cover it: (N, T, H, W).

    The last window of a row or column ends at the image's border, so that every pixel is covered.
    """
    height, width = images.shape[-2:]
    window = max(1, min(height, width) // 8) if window is None else window
    stride = max(1, window // 2) if stride is None else stride
    if not 1 <= window <= min(height, width):
        raise UserError(f"window: expected 1 … {min(height, width)} pixels, found {window}.")
    if not 1 <= stride <= window:
        raise UserError(f"stride: expected 1 … window ({window}) pixels, so that all are covered, found {stride}.")
    tops, lefts = _starts(height, window, stride), _starts(width, window, stride)
    rectangles = torch.tensor([(t, t + window, l, l + window) for t in tops for l in lefts])  # noqa: E741
    options: dict[str, Any] = {"fill": fill, "mean": mean, "std": std, "output": output, "precision": precision}
    options |= {"batch_size": batch_size, "progress": progress}
    original, occluded = occluded_scores(model, images, rectangles, targets, **options)
    values = importance(original, occluded, relative).unflatten(-1, (len(tops), len(lefts)))
    rows, columns = _coverage(tops, window, height), _coverage(lefts, window, width)
    rows, columns = rows.to(values), columns.to(values)
    covering = torch.outer(rows.sum(0), columns.sum(0))
    return torch.einsum("ntab,ay,bx->ntyx", values, rows, columns) / covering


def _starts(length: int, window: int, stride: int) -> list[int]:
    return [*range(0, length - window, stride), length - window]


def _coverage(starts: list[int], window: int, length: int) -> torch.Tensor:
    """Return which pixels (columns) each window (row) covers, as ones and zeros."""
    pixels, first = torch.arange(length), torch.tensor(starts)[:, None]
    return (pixels >= first) & (pixels < first + window)


def _captum(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, window: int, stride: int, **_parameters: Any
) -> torch.Tensor:
    from captum.attr import Occlusion

    shape, strides = (3, window, window), (3, stride, stride)
    with torch.inference_mode():
        maps: torch.Tensor = Occlusion(model).attribute(
            images, shape, strides, target=targets, perturbations_per_eval=16
        )
    return maps[:, 0]


def _as_captum_has_it(side: int) -> dict[str, Any]:
    black = (0.0, 0.0, 0.0)
    return {"window": side // 7, "stride": side // 14, "fill": black, "output": "logit", "relative": False}


RECORD = Record(
    function=occlusion,
    title="Occlusion",
    paper="Zeiler, Fergus 2014, Visualizing and Understanding Convolutional Networks, ECCV",
    parameters={
        "window": "Side of the window in pixels; an eighth of the image's shorter side when not given.",
        "stride": "Step between windows in pixels; half the window when not given.",
        "relative": "Divide the fall of the score by the original score.",
    },
    needs=("preprocessing", "perturbs"),
    signed=True,
    trials=(Trial(_as_captum_has_it, (Peer("captum", _captum),)),),
)
