"""Photographs on disk and their labels, one file per layout; no PyTorch here.

`list_photographs` gives what a configuration's `[images]` names; `open_picture` and `cut_out` what the model sees.
"""

from explainers.datasets.listing import LAYOUTS, list_photographs, with_parts
from explainers.datasets.masks import true_regions, with_masks
from explainers.datasets.parts import BOX, Parts
from explainers.datasets.photograph import SUFFIXES, Photograph, class_index
from explainers.datasets.pictures import cut_out, cut_points, open_picture

__all__ = [
    "BOX",
    "LAYOUTS",
    "SUFFIXES",
    "Parts",
    "Photograph",
    "class_index",
    "cut_out",
    "cut_points",
    "list_photographs",
    "open_picture",
    "true_regions",
    "with_masks",
    "with_parts",
]
