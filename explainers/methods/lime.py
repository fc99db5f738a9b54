"""LIME: a linear model of the score over the presence of the image's segments, fitted near the whole image.

Ribeiro, Singh, Guestrin 2016, '"Why Should I Trust You?" Explaining the Predictions of Any Classifier', KDD, section
3.4; segments, distance and kernel as in the authors' `lime` package for images.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from explainers.errors import UserError
from explainers.networks.perturbation import classify
from explainers.networks.rewriting.optimised import optimised
from explainers.networks.stages import perturbed
from explainers.parameters import BatchSize, Colour, Count, Fill, Progress
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD, as_rgb
from explainers.randomness import seeded, uniform
from explainers.record import Base, Peer, Record, Trial

_ALPHA = 1.0  # of the ridge
_WIDTH = 0.25  # of the kernel


@dataclass(frozen=True)
class Explanation:
    """Segments (H, W), int, and each target's coefficients (T, S) over them, signed."""

    segments: torch.Tensor
    coefficients: torch.Tensor

    @property
    def maps(self) -> torch.Tensor:
        return self.coefficients[:, self.segments]


def lime(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    n_samples: Count = 1000,
    kernel_size: Count = 4,
    fill: Fill = "segments",
    output: str = "softmax",
    precision: str = "full",
    generator: torch.Generator | None = None,
    mean: Colour = IMAGENET_MEAN,
    std: Colour = IMAGENET_STD,
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> torch.Tensor:
    """Return each pixel's segment's coefficient: (N, T, H, W), signed. See `lime_segments`."""
    generator = seeded(generator)
    state, model, maps = generator.get_state(), optimised(model, precision), []
    options: dict[str, Any] = {
        "n_samples": n_samples,
        "kernel_size": kernel_size,
        "fill": fill,
        "output": output,
        "precision": precision,
    }
    options |= {"mean": mean, "std": std, "batch_size": batch_size, "progress": progress}
    for image, target in zip(images, targets, strict=True):
        generator.set_state(state)  # an image's draws do not depend on the images before it
        maps.append(lime_segments(model, image, target, generator=generator, **options).maps)
    return torch.stack(maps)


def lime_segments(
    model: torch.nn.Module,
    image: torch.Tensor,
    target: torch.Tensor,
    *,
    n_samples: int,
    kernel_size: int,
    fill: Fill,
    output: str,
    generator: torch.Generator,
    mean: Colour,
    std: Colour,
    precision: str = "full",
    batch_size: int | None = None,
    progress: Progress = None,
) -> Explanation:
    """Return the segments of one image (C, H, W) and the coefficients of its targets (T,) or (T, K).

    Quickshift (max_dist 200, ratio 0.2) cuts the image into segments. Each sample hides every segment with
    probability ½, the first one hides none; hidden segments take their mean colour, or the colour `fill` in the
    model's input space. Ridge regression (α = 1) weighs a sample by exp(−d² / 2w²), d the cosine distance of its
    binary vector to the whole image's, w = 0.25; one factorisation serves all targets.
    """
    segments = segment(image, kernel_size, mean, std)
    n_segments = int(segments.max()) + 1
    present = uniform((n_samples, n_segments), generator, image) < 0.5
    present[0] = True
    hidden = _hidden(image, segments, fill)[None].contiguous(memory_format=torch.channels_last)

    def hide(batch: torch.Tensor, _which: torch.Tensor, variant: torch.Tensor) -> None:
        shown = present[variant].to(batch.dtype)[:, segments][:, None]
        batch.mul_(shown).addcmul_(hidden, 1 - shown)  # exact, and quicker than to choose by `where`

    options: dict[str, Any] = {"output": output, "precision": precision, "batch_size": batch_size, "progress": progress}
    scores = classify(model, image[None], n_samples, hide, target[None], **options)[0]
    share = present.double().mean(dim=1)
    weights = torch.exp(-((1 - share.sqrt()) ** 2) / (2 * _WIDTH**2))  # cosine to all ones: √share
    return Explanation(segments, _ridge(present.double(), scores.double(), weights).to(image))


def segment(image: torch.Tensor, kernel_size: int, mean: Colour, std: Colour) -> torch.Tensor:
    """Return quickshift's segments (H, W), numbered from 0, of an image in the model's input space."""
    from skimage.segmentation import quickshift

    rgb = as_rgb(image.cpu(), mean, std).permute(1, 2, 0).double().numpy()
    found = quickshift(rgb, kernel_size=kernel_size, max_dist=200, ratio=0.2, rng=0)
    return torch.from_numpy(np.unique(found, return_inverse=True)[1].reshape(found.shape)).to(image.device)


def _hidden(image: torch.Tensor, segments: torch.Tensor, fill: Fill) -> torch.Tensor:
    """Return what hidden pixels show, (C, H, W): their segment's mean colour, or one colour."""
    if fill != "segments":
        if isinstance(fill, str) or len(fill) != len(image):
            raise UserError(f'fill: expected "segments" or {len(image)} values, one per channel, found {fill!r}.')
        return torch.as_tensor(fill).to(image).reshape(-1, 1, 1).expand_as(image)
    flat, n_segments = segments.flatten(), int(segments.max()) + 1
    sums = image.new_zeros(len(image), n_segments).index_add_(1, flat, image.flatten(1))
    return (sums / torch.bincount(flat, minlength=n_segments))[:, segments]


def _ridge(present: torch.Tensor, scores: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return coefficients (T, S) of the weighted ridge regression with an intercept that is not penalised."""
    share = weights / weights.sum()
    x, y = present - share @ present, scores - (scores @ share)[:, None]
    weighted = x.T * weights
    found: torch.Tensor = torch.linalg.solve(weighted @ x + _ALPHA * torch.eye(x.shape[1]).to(x), weighted @ y.T)
    return found.T


def _authors_package(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, n_samples: int) -> None:
    from lime.lime_image import LimeImageExplainer
    from lime.wrappers.scikit_image import SegmentationAlgorithm

    mean, std = (torch.tensor(values).reshape(3, 1, 1).to(images) for values in (IMAGENET_MEAN, IMAGENET_STD))
    quickshift = SegmentationAlgorithm("quickshift", kernel_size=4, max_dist=200, ratio=0.2, random_seed=0)

    @torch.inference_mode()
    def classified(pictures: np.ndarray) -> np.ndarray:
        inputs = torch.stack([torch.from_numpy(picture).permute(2, 0, 1) for picture in pictures]).to(images)
        logits: torch.Tensor = model((inputs - mean) / std)
        return logits.softmax(dim=1).cpu().numpy()

    for image, target in zip(images, targets, strict=True):
        picture = (image * std + mean).clamp(0, 1).permute(1, 2, 0).double().cpu().numpy()
        options: dict[str, Any] = {"labels": (int(target),), "top_labels": None, "num_samples": n_samples}
        explainer = LimeImageExplainer(random_state=0)
        explainer.explain_instance(picture, classified, segmentation_fn=quickshift, **options)


RECORD = Record(
    function=lime,
    title="LIME",
    paper="Ribeiro, Singh, Guestrin 2016, KDD",
    parameters={
        "n_samples": "How many random choices of segments are tried.",
        "kernel_size": "Width of quickshift's kernel in pixels; larger means fewer segments.",
        "fill": "What hidden segments show: segments (their mean colour), or one colour in the model's input space.",
    },
    needs=("preprocessing", "perturbs"),
    signed=True,
    base=Base(
        perturbed(lime),
        ({"n_samples": 3000, "kernel_size": 8}, {"n_samples": 1000, "kernel_size": 4}),
        percentile=85,
        is_linear_in_probability=True,
        timed=({"n_samples": 1000}, {"n_samples": 333}),
    ),
    trials=(Trial(lambda _side: {"n_samples": 1000}, (Peer("lime", _authors_package),)),),
)
