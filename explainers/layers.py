"""Find the layer a method looks at: given, named, known for a family, or the last map-shaped activation."""

import re

import torch
from torch import nn

from explainers._torchvision import torchvision
from explainers.errors import UserError, near

_FAMILIES = (
    (torchvision.models.ResNet, "layer4"),
    (torchvision.models.GoogLeNet, "inception5b"),
    (torchvision.models.DenseNet, "features"),
    (torchvision.models.SqueezeNet, "features"),
    (torchvision.models.MobileNetV2, "features"),
)
_NO_FEATURES = (nn.Dropout, nn.Dropout2d, nn.Identity, nn.Flatten)
_POOLING = re.compile(r"Pool\d?d?$")


def find_layer(model: nn.Module, layer, images: torch.Tensor) -> nn.Module:
    """Return `layer` as a module of the model: a module, a dotted name, or None for the default."""
    if layer is None:
        return default_layer(model, images)
    modules = dict(model.named_modules())
    if isinstance(layer, nn.Module):
        if not any(layer is module for module in modules.values()):
            raise UserError(f"layer: the given {type(layer).__name__} is not part of the model.")
        return layer
    if layer not in modules:
        raise UserError(f"layer: the model has no layer {layer!r}.{near(layer, [name for name in modules if name])}")
    return modules[layer]


def default_layer(model: nn.Module, images: torch.Tensor) -> nn.Module:
    """Return the usual last convolutional layer of a torchvision family.

    For any other model: the last leaf module, in the order of a forward pass and pooling and dropout apart, whose
    output is a map of more than one pixel. VGG's is so found to be the last ReLU before the last pooling.
    """
    for family, name in _FAMILIES:
        if isinstance(model, family):
            return model.get_submodule(name)
    found = []

    def note(module, _inputs, output):
        if isinstance(output, torch.Tensor) and output.ndim == 4 and output.shape[-1] * output.shape[-2] > 1:
            found.append(module)

    leaves = [module for module in model.modules() if not any(module.children())]
    wanted = [leaf for leaf in leaves if not (isinstance(leaf, _NO_FEATURES) or _POOLING.search(type(leaf).__name__))]
    handles = [leaf.register_forward_hook(note) for leaf in wanted]
    try:
        with torch.inference_mode():
            model(images[:1])
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise UserError("layer: no layer of this model gives a map (N, C, H, W) with more than one pixel; name one.")
    return found[-1]
