"""Photographs on disk and their labels, one file per layout; no PyTorch here.

`list_photographs` gives what a configuration's `[images]` names; `open_picture` and `cut_out` what the model sees.
"""

from explainers.datasets.folder import list_photographs
from explainers.datasets.photograph import SUFFIXES, Photograph, class_index
from explainers.datasets.pictures import cut_out, open_picture

__all__ = ["SUFFIXES", "Photograph", "class_index", "cut_out", "list_photographs", "open_picture"]
