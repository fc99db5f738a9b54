"""The image that differences are taken from: where the evidence is missing."""

from typing import Any

import torch

from explainers.errors import UserError


def baseline_of(baseline: Any, images: torch.Tensor) -> torch.Tensor:
    """Return a baseline as images (1, C, H, W) or (N, C, H, W); zero in the model's input space where none is given.

    It may be a colour (C,), an image (C, H, W) for all, or one for each.
    """
    if baseline is None:
        return torch.zeros_like(images[:1])
    baseline = torch.as_tensor(baseline).to(images)
    try:
        if baseline.ndim < 4:  # a colour or one image, for all
            return (baseline[:, None, None] if baseline.ndim == 1 else baseline).expand_as(images[:1])
        return baseline.expand_as(images)
    except RuntimeError:
        raise UserError(f"baseline: expected a value per channel or an image, found {tuple(baseline.shape)}.") from None
