"""The image that differences are taken from: where the evidence is missing."""

import torch

from explainers.errors import UserError
from explainers.parameters import Baseline


def baseline_of(baseline: Baseline, images: torch.Tensor) -> torch.Tensor:
    """Return a baseline as images (1, C, H, W) or (N, C, H, W); zero in the model's input space where none is given.

    It may be a colour (C,), an image (C, H, W) for all, or one for each.
    """
    if baseline is None:
        return torch.zeros_like(images[:1])
    found = torch.as_tensor(baseline).to(images)
    try:
        if found.ndim < 4:  # a colour or one image, for all
            return (found[:, None, None] if found.ndim == 1 else found).expand_as(images[:1])
        return found.expand_as(images)
    except RuntimeError:
        raise UserError(f"baseline: expected a value per channel or an image, found {tuple(found.shape)}.") from None
