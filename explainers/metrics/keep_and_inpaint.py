"""Whether the model still recognises an image of which only a map's highest pixels are kept and the rest is filled in.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence, appendix II.3 and
table .5. The paper does not say by which algorithm it fills in; here it is the linear system of `inpainting`.
"""

from collections.abc import Sequence
from typing import Any

import torch

from explainers.maps.inpainting import interpolated
from explainers.maps.ranking import ranks
from explainers.networks.perturbation import classify
from explainers.parameters import BatchSize
from explainers.record import Metric
from explainers.targets import check_indices

KEPT = (300, 500, 1000)


def keep_and_inpaint(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    output: str = "softmax",
    batch_size: BatchSize = None,
) -> dict[str, torch.Tensor]:
    """Return 1 where the class is recognised and 0 where not: in the original, and with 300, 500 and 1000 pixels kept.

    Recognised is a class with the highest logit, or, with `output="sigmoid"`, with a score above one half. Give the
    true classes as targets, and the means are accuracies. Of equally high pixels the first in reading order are kept.
    """
    found = recognised(model, images, targets, maps, KEPT, output, batch_size)
    names = ("keep_all", *(f"keep_{count}" for count in KEPT))
    return dict(zip(names, found.unbind(1), strict=True))


def recognised(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    maps: torch.Tensor,
    kept: Sequence[int],
    output: str = "softmax",
    batch_size: BatchSize = None,
) -> torch.Tensor:
    """Return whether the class is recognised in the original and with each number of pixels kept, (N, 1 + K)."""
    places = ranks(maps)

    def change(batch: torch.Tensor, which: torch.Tensor, variant: torch.Tensor) -> None:
        for row, (n, v) in enumerate(zip(which.tolist(), variant.tolist(), strict=True)):
            if v > 0:
                batch[row] = inpainted(images[n], places[n] < kept[v - 1])

    n_classes = classes_of(model, images)
    check_indices(targets, n_classes)
    weightings = torch.eye(n_classes, device=images.device).expand(len(images), -1, -1)
    options: dict[str, Any] = {"output": "sigmoid" if output == "sigmoid" else "softmax", "batch_size": batch_size}
    scores = classify(model, images, 1 + len(kept), change, weightings, **options)
    own = scores.gather(1, targets[:, :1, None].expand(-1, -1, scores.shape[2]))[:, 0]
    highest = scores.argmax(dim=1) == targets[:, :1]
    return (own > 0.5 if output == "sigmoid" else highest).float()


@torch.inference_mode()
def classes_of(model: torch.nn.Module, images: torch.Tensor) -> int:
    logits: torch.Tensor = model(images[:1])
    return logits.shape[1]


def inpainted(image: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return the image (3, H, W) with all but the kept pixels (H, W) filled in; without any kept it is zero."""
    gone = ~kept.cpu().numpy()
    if not gone.any():
        return image.clone()
    if gone.all():
        return torch.zeros_like(image)
    pixels = image.detach().cpu().double().numpy()
    return torch.from_numpy(interpolated(pixels, gone)).to(image)


RECORD = Metric(
    function=keep_and_inpaint,
    title="Accuracy with the highest pixels kept and the rest filled in",
    paper="Qi, Khorram, Li 2021, Embedding Deep Networks into Visual Explanations",
    needs=("perturbs",),
    directions={"keep_300": "higher", "keep_500": "higher", "keep_1000": "higher", "keep_all": "higher"},
)
