"""torchvision, importable beside a CPU build of PyTorch that lacks torchvision's compiled operators.

Without them `import torchvision` fails with "operator torchvision::nms does not exist". Declaring the two schemas it
registers for is enough for the model zoo; detection is never used here. Import torchvision through this module.
"""

from typing import Any

import torch

_SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def _import_torchvision() -> Any:
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        for name, schema in _SCHEMAS.items():
            torch.library.define(f"torchvision::{name}", schema)
        import torchvision
    return torchvision


torchvision = _import_torchvision()
