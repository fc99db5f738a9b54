"""From an RGB picture to the model's input: values in 0 … 1, minus the mean, over the standard deviation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import torch  # when it runs only where there are tensors: a configuration is read without PyTorch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # what a picture becomes for a model of so many channels


def normalised(rgb: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return colours (…, C, H, W) in 0 … 1 as the model's input values; `mean` and `std` are C values each."""
    centre, scale = (rgb.new_tensor(values).reshape(-1, 1, 1) for values in (mean, std))
    return (rgb - centre) / scale


def input_tensor(picture: Image.Image, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return a picture as the model's input (C, H, W): in RGB, in grey for one mean value, with alpha for four."""
    import torch

    pixels = np.array(picture.convert(MODES[len(mean)]))
    values = torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1).float() / 255
    return normalised(values, mean, std)


def as_rgb(image: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Return an input of a model (C, H, W) as colours (3, H, W) in 0 … 1, to look at.

    Of more than three channels the first three; one is grey. Where `mean` and `std` are of another number of channels,
    the values are stretched over 0 … 1.
    """
    if len(mean) == len(image):
        centre, scale = (image.new_tensor(values).reshape(-1, 1, 1) for values in (mean, std))
        colours = (image * scale + centre).clamp(0, 1)
    else:
        low, high = image.min(), image.max()
        colours = (image - low) / (high - low).clamp(min=1e-30)
    return colours[:3] if len(colours) >= 3 else colours[:1].expand(3, -1, -1)
