"""List the photographs that a configuration names, whatever the layout they lie in."""

from pathlib import Path

from explainers.datasets import ade20k, cub, folder, imagenet, imagenet50, voc
from explainers.datasets.photograph import Photograph
from explainers.errors import UserError, near

LAYOUTS = {
    "cub": cub.photographs,
    "ade20k": ade20k.photographs,
    "voc": voc.photographs,
    "imagenet_val": imagenet.photographs,
    "imagenet50": imagenet50.photographs,
}


def list_photographs(
    root: Path, labels: str | None, base: Path, classes: list[str], multilabel: bool, layout: str | None = None
) -> list[Photograph]:
    """Return the photographs below the folder `root`, sorted by name, with their labels.

    `layout` names a data set that has its labels in files of its own; without it `labels` says where they are, a CSV's
    path beginning at `base`.
    """
    if not root.is_dir():
        raise UserError(f"[images] folder: {root} is not a folder.")
    if layout is None:
        found = folder.photographs(root, labels, base, classes, multilabel)
    elif layout not in LAYOUTS:
        raise UserError(f"[images] dataset: there is no layout {layout!r}.{near(layout, LAYOUTS)}")
    elif labels is not None:
        raise UserError(f"[images] labels: the data set {layout!r} has labels of its own; leave them out.")
    else:
        found = LAYOUTS[layout](root, classes)
    return sorted(found, key=lambda photograph: photograph.source)
