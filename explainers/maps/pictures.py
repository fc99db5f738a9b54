"""Look at maps in a notebook: one over its photograph, or several photographs and methods side by side.

    maps = explainers.explain("grad_cam", model, images, targets)
    explainers.overlay(images[0], maps[0, 0])
    explainers.grid(images, {"Grad-CAM": maps, "LRP": explainers.explain("lrp", model, images, targets)})

Both give pictures that a notebook shows and `.save("map.png")` stores.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image, ImageDraw

from explainers.datasets import cut_out, open_picture
from explainers.errors import UserError
from explainers.maps.render import colour_table, coloured, peaks, shared_scale
from explainers.parameters import Colour
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD

Picture: TypeAlias = Image.Image | torch.Tensor | np.ndarray | str | Path
"""What a model sees: its input (3, H, W), or a picture of it; or a photograph's file, out of which that is cut."""

Map: TypeAlias = torch.Tensor | np.ndarray

_GAP_PX, _TITLE_PX = 4, 16
_SHOWN_PX = 224  # shorter side, at least, of what is cut out of a file


def overlay(
    image: Picture,
    saliency: Map,
    *,
    colormap: str | None = None,
    scale: tuple[float, float] | None = None,
    mean: Colour = IMAGENET_MEAN,
    std: Colour = IMAGENET_STD,
) -> Image.Image:
    """Return a map (H, W) in colour over its image: a model's input (3, H, W), a picture of it, or a photograph's file.

    Of a file the part is shown that models usually see: the centre, 7/8 of the shorter side, in the map's proportions.
    Where yours sees another part, open the file, cut that out, and give the picture.
    `colormap` is Matplotlib's; Reds when not given, RdBu_r where the map has values below zero. `scale` (vmin, vmax)
    makes maps comparable; the map's own when not given.
    """
    saliency = np.asarray(torch.as_tensor(saliency).detach().cpu(), dtype=np.float32)
    if saliency.ndim != 2:
        raise UserError(f"saliency: expected one map (H, W), found shape {saliency.shape}.")
    colormap = colormap or _usual_colormap([saliency])
    found = scale or shared_scale([peaks(saliency)], colormap)
    photograph = _photograph(image, saliency.shape, mean, std)
    colours = coloured(saliency, found, colour_table(colormap), photograph.size)
    return Image.alpha_composite(photograph.convert("RGBA"), colours).convert("RGB")


def grid(
    images: Sequence[Picture] | torch.Tensor,
    maps: Mapping[str, Map],
    *,
    colormap: str | None = None,
    mean: Colour = IMAGENET_MEAN,
    std: Colour = IMAGENET_STD,
) -> Image.Image:
    """Return photographs as rows and, beside each, the maps of several methods: {title: (N, T, H, W) or (N, H, W)}.

    Of several targets the first is shown. Maps of one method share one colour scale.
    """
    first = {title: _first_target(found, len(images), title) for title, found in maps.items()}
    shape = next((found[0].shape for found in first.values()), (_SHOWN_PX, _SHOWN_PX))
    columns = [[_photograph(image, shape, mean, std) for image in images]]
    for found in first.values():
        colours = colormap or _usual_colormap(found)
        scale = shared_scale([peaks(saliency) for saliency in found], colours)
        columns.append(
            [
                overlay(image, saliency, colormap=colours, scale=scale, mean=mean, std=std)
                for image, saliency in zip(images, found, strict=True)
            ]
        )
    width, height = columns[0][0].size
    size = (width + _GAP_PX) * len(columns) - _GAP_PX, _TITLE_PX + (height + _GAP_PX) * len(images) - _GAP_PX
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    for at, (title, column) in enumerate(zip(["photograph", *first], columns, strict=True)):
        pen.text(((width + _GAP_PX) * at, 0), title, fill="black")
        for row, picture in enumerate(column):
            place = (width + _GAP_PX) * at, _TITLE_PX + (height + _GAP_PX) * row
            sheet.paste(picture.resize((width, height)), place)
    return sheet


def _first_target(found: Map, n_images: int, title: str) -> np.ndarray:
    found = torch.as_tensor(found).detach().cpu().float()
    found = found[:, 0] if found.ndim == 4 else found
    if found.ndim != 3 or len(found) != n_images:
        raise UserError(f"maps: {title}: expected {n_images} maps (N, T, H, W), found shape {tuple(found.shape)}.")
    return found.numpy()


def _usual_colormap(maps: Iterable[np.ndarray]) -> str:
    return "RdBu_r" if any(saliency.min() < 0 for saliency in maps) else "Reds"


def _photograph(image: Picture, shape: tuple[int, ...], mean: Colour, std: Colour) -> Image.Image:
    """Return the picture that a map of this shape (H, W) lies over."""
    if isinstance(image, str | Path):
        height, width = shape
        factor = max(1.0, _SHOWN_PX / min(shape))
        shown = round(height * factor), round(width * factor)
        return cut_out(open_picture(Path(image)), None, (height, width), shown)
    if isinstance(image, Image.Image):
        return image.convert("RGB")
    image = torch.as_tensor(image).detach().cpu().float()
    if image.ndim != 3 or image.shape[0] != 3:
        raise UserError(f"image: expected a picture or a model's input (3, H, W), found shape {tuple(image.shape)}.")
    centre, scale = (torch.tensor(values).reshape(3, 1, 1) for values in (mean, std))
    pixels = ((image * scale + centre).clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())
