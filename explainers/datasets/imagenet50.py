"""SHAP's Imagenet50: fifty pictures in one array. Their labels are not ImageNet's classes, so the truth is unknown.

`imagenet50_224x224.npy` (50, 224, 224, 3), 0 … 255, from https://github.com/shap/shap/tree/master/data. Pictures are
files here: on first use each row is written as a PNG into the folder `imagenet50_pictures` beside the array.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from explainers.datasets.photograph import Photograph
from explainers.errors import UserError

ARRAY = "imagenet50_224x224.npy"
SOURCE = f"Download it from https://github.com/shap/shap/tree/master/data, and name the folder that holds {ARRAY}."


def photographs(folder: Path, _classes: list[str]) -> list[Photograph]:
    """Return the rows of the array as pictures, in its order."""
    path = folder / ARRAY
    if not path.is_file():
        raise UserError(f"{path}: is missing. {SOURCE}")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise UserError(f"{path}: is no array of numbers: {error}.") from None
    if array.ndim != 4 or array.shape[-1] != 3:
        raise UserError(f"{path}: expected (N, height, width, 3), found {array.shape}.")
    pictures = folder / "imagenet50_pictures"
    try:
        pictures.mkdir(exist_ok=True)
        return [_picture(pictures / f"{row:02d}.png", values) for row, values in enumerate(array)]
    except OSError as error:
        raise UserError(f"{pictures}: cannot be written: {error}.") from None


def _picture(path: Path, values: np.ndarray) -> Photograph:
    if not path.is_file():
        Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8)).save(path)
    return Photograph(path, path.name)
