"""From an RGB picture to the model's input: values in 0 … 1, minus the mean, over the standard deviation."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def normalised(rgb: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return colours (…, 3, H, W) in 0 … 1 as the model's input values."""
    centre, scale = (torch.tensor(v, dtype=rgb.dtype, device=rgb.device).reshape(3, 1, 1) for v in (mean, std))
    return (rgb - centre) / scale


def input_tensor(picture: Image.Image, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return an RGB picture as the model's input (3, H, W)."""
    return normalised(torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255, mean, std)
