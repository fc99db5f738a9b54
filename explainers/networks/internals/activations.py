"""A layer's activations and the gradients of the outputs there: what class activation maps are made from."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from explainers.errors import UserError
from explainers.networks.internals.layers import find_layer, say_layer
from explainers.networks.internals.maps import map_reader
from explainers.networks.passes import gradients_of_each, in_quick_layout
from explainers.networks.state import tapped
from explainers.parameters import Layer, Reshape
from explainers.targets import as_weightings, pick


class Activations:
    """One forward pass (N images), after which gradients can be asked for at each of the layers (modules, or names).

    `outputs` (N, K) are the model's, `maps` the layers' activations (N, C, h, w), both without gradients. Channels that
    come last, and tokens of patches, are put in their places; `reshape` says how where their shape does not tell
    (see `explainers.networks.internals.maps`). Only the layers above the lowest one are differentiated, and nothing
    stays on the model.
    """

    def __init__(
        self, model: torch.nn.Module, images: torch.Tensor, layers: Sequence[Layer], reshape: Reshape = None
    ) -> None:
        modules = [find_layer(model, layer, images) for layer in layers]
        for layer, module in zip(layers, modules, strict=True):
            say_layer(model, layer, module)
        with tapped(modules) as outputs:
            self._outputs = model(images)
        self._leaves = [_met(outputs.get(module), module, layer) for layer, module in zip(layers, modules, strict=True)]
        self._readers = [
            map_reader(model, module, leaf, images, reshape) for module, leaf in zip(modules, self._leaves, strict=True)
        ]
        self.outputs = self._outputs.detach()
        self.maps = [read(leaf.detach()) for read, leaf in zip(self._readers, self._leaves, strict=True)]

    def gradients(self, weightings: torch.Tensor) -> list[torch.Tensor]:
        """Return ∂y/∂A at each layer (N, T, C, h, w), y the outputs weighted by (N, T, K); by one backward pass."""
        starts = weightings.to(self.outputs).transpose(0, 1)
        gradients = gradients_of_each(self._outputs, self._leaves, starts)
        return [read(gradient).transpose(0, 1) for read, gradient in zip(self._readers, gradients, strict=True)]


def activations_and_gradients(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, layer: Layer = None, reshape: Reshape = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a layer's activations A (N, C, h, w) and ∂y/∂A (N, T, C, h, w), y the targets' logits.

    `targets` are indices (N, T) or weightings (N, T, K); `layer` a module, its dotted name, or None for the default;
    `reshape` says how its output is a map where its shape does not tell.
    One forward pass serves all targets, and one batched backward pass through the layers above `layer` only. A layer
    that gives no maps is a UserError.
    """
    activations = in_quick_layout(lambda inputs: Activations(model, inputs, [layer], reshape), images)
    pick(activations.outputs, targets)  # refuses targets that the model does not have
    (gradients,) = activations.gradients(as_weightings(targets, activations.outputs.shape[1]))
    return activations.maps[0], gradients


def activations_at(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, layer: Layer = None, reshape: Reshape = None
) -> torch.Tensor:
    """Return a layer's activations (N, C, h, w) alone, as `activations_and_gradients` finds and reads them."""
    activations = in_quick_layout(lambda inputs: Activations(model, inputs, [layer], reshape), images)
    pick(activations.outputs, targets)  # refuses targets that the model does not have
    maps: torch.Tensor = activations.maps[0]
    return maps


def _met(output: torch.Tensor | None, module: torch.nn.Module, layer: Layer) -> torch.Tensor:
    name = layer if isinstance(layer, str) else type(module).__name__
    if output is None:
        raise UserError(f"layer: {name} takes no part in the forward pass.")
    if output.ndim < 3:
        raise UserError(
            f"layer: a class activation map needs activations (N, C, H, W); {name} gives {tuple(output.shape)}."
        )
    return output


def enlarged(maps: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return maps (N, T, h, w) bilinearly enlarged to the images' size."""
    return F.interpolate(maps, size=images.shape[-2:], mode="bilinear", align_corners=False)
