"""torchvision, importable beside a CPU build of PyTorch that lacks torchvision's compiled operators.

Without them `import torchvision` fails with "operator torchvision::nms does not exist". Declaring the two schemas it
registers for is enough for the model zoo; detection is never used here. Import torchvision through this module.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

_SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


@contextmanager
def _without_the_compiler() -> Iterator[None]:
    """Keep torchvision from loading PyTorch's compiler, which takes seconds, for an answer that detection alone needs.

    Whoever imports the compiler afterwards gets the real one.
    """
    name = "torch._dynamo.utils"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = ModuleType(name)
    vars(sys.modules[name])["is_compile_supported"] = lambda device: False
    try:
        yield
    finally:
        del sys.modules[name]


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


with _without_the_compiler():
    torchvision = _import_torchvision()
