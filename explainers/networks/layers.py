"""Find the layer a method looks at: given, named, known for a family, or the last map-shaped activation.

Two-stage explanations look at a second, finer one below it.
"""

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
_FINER = (
    (torchvision.models.ResNet, "layer3"),
    (torchvision.models.GoogLeNet, "inception4e"),
    (torchvision.models.DenseNet, "features.denseblock3"),
    (torchvision.models.MobileNetV2, "features.13"),
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
    output is a map of more than one pixel.
    """
    for family, name in _FAMILIES:
        if isinstance(model, family):
            return model.get_submodule(name)
    if isinstance(model, torchvision.models.VGG):
        return _before_pool(model.features, -1)
    found = _map_layers(model, images)
    if not found:
        raise UserError("layer: no layer of this model gives a map (N, C, H, W) with more than one pixel; name one.")
    return found[-1][0]


def finer_layer(model: nn.Module, images: torch.Tensor) -> nn.Module:
    """Return the last layer, below the default one, with a finer map: ResNet's `layer3`, GoogLeNet's `inception4e`.

    The default layer itself where no layer is finer.
    """
    for family, name in _FINER:
        if isinstance(model, family):
            return model.get_submodule(name)
    if isinstance(model, torchvision.models.SqueezeNet):
        return _before_pool(model.features, -1)
    if isinstance(model, torchvision.models.VGG):
        return _before_pool(model.features, -2)
    found = _map_layers(model, images)
    usual = default_layer(model, images)
    pixels = next((n_pixels for module, n_pixels in found if module is usual), None)
    finer = [module for module, n_pixels in found if pixels is not None and n_pixels > pixels]
    return finer[-1] if finer else usual


def _before_pool(features, number):
    pools = [place for place, module in enumerate(features) if isinstance(module, nn.MaxPool2d)]
    return features[pools[number] - 1]


def _map_layers(model, images):
    """Return the leaf modules with map-shaped outputs, in the order of a forward pass, and the maps' pixels."""
    found = []

    def note(module, _inputs, output):
        if isinstance(output, torch.Tensor) and output.ndim == 4 and output.shape[-1] * output.shape[-2] > 1:
            found.append((module, output.shape[-1] * output.shape[-2]))

    leaves = [module for module in model.modules() if not any(module.children())]
    wanted = [leaf for leaf in leaves if not (isinstance(leaf, _NO_FEATURES) or _POOLING.search(type(leaf).__name__))]
    handles = [leaf.register_forward_hook(note) for leaf in wanted]
    try:
        with torch.inference_mode():
            model(images[:1])
    finally:
        for handle in handles:
            handle.remove()
    return found
