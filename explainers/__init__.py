"""Heatmaps of image classifiers, precomputed: methods, metrics and the bundle they are written to.

`explain("grad_cam", model, images, targets)` gives raw maps and `explain_output("cwox_2s", model, image, tree=tree)` a
tree of them; `overlay` and `grid` show maps in a notebook. `METHODS`, `OUTPUTS` and `METRICS` say what there is. They
are loaded on first use, so that reading a bundle or a configuration needs no PyTorch.
"""

from typing import Any

_ENTRY_POINTS = ("DATASET_METRICS", "METHODS", "METRICS", "OUTPUTS", "explain", "explain_output", "score")
_PICTURES = ("grid", "overlay")


def __getattr__(name: str) -> Any:
    if name in _PICTURES:
        from explainers.maps import pictures

        return getattr(pictures, name)
    if name not in _ENTRY_POINTS:
        raise AttributeError(f"module 'explainers' has no attribute {name!r}")
    from explainers import registry

    return getattr(registry, name)


def __dir__() -> list[str]:
    return [*globals(), *_ENTRY_POINTS, *_PICTURES]
