"""A layer's activations and the gradients of the outputs there: what class activation maps are made from."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from explainers.errors import UserError
from explainers.networks.graph import in_quick_layout
from explainers.networks.layers import find_layer
from explainers.networks.state import tapped
from explainers.targets import as_weightings, pick


class Activations:
    """One forward pass (N images), after which gradients can be asked for at each of the layers (modules, or names).

    `outputs` (N, K) are the model's, `maps` the layers' activations (N, C, h, w), both without gradients. Only the
    layers above the lowest one are differentiated, and nothing stays on the model.
    """

    def __init__(self, model: torch.nn.Module, images: torch.Tensor, layers: Sequence[Any]) -> None:
        modules = [find_layer(model, layer, images) for layer in layers]
        with tapped(modules) as outputs:
            self._outputs = model(images)
        self._leaves = [
            _mapped(outputs.get(module), layer if isinstance(layer, str) else type(module).__name__)
            for layer, module in zip(layers, modules, strict=True)
        ]
        self.outputs = self._outputs.detach()
        self.maps = [leaf.detach() for leaf in self._leaves]

    def gradients(self, weightings: torch.Tensor) -> list[torch.Tensor]:
        """Return ∂y/∂A at each layer (N, T, C, h, w), y the outputs weighted by (N, T, K); by one backward pass."""
        starts = weightings.to(self.outputs).transpose(0, 1)
        gradients = torch.autograd.grad(self._outputs, self._leaves, starts, is_grads_batched=True, retain_graph=True)
        return [gradient.transpose(0, 1) for gradient in gradients]


def activations_and_gradients(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, layer: Any = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a layer's activations A (N, C, h, w) and ∂y/∂A (N, T, C, h, w), y the targets' logits.

    `targets` are indices (N, T) or weightings (N, T, K); `layer` a module, its dotted name, or None for the default.
    One forward pass serves all targets, and one batched backward pass through the layers above `layer` only. A layer
    that gives no maps is a UserError.
    """
    activations = in_quick_layout(lambda inputs: Activations(model, inputs, [layer]), images)
    pick(activations.outputs, targets)  # refuses targets that the model does not have
    (gradients,) = activations.gradients(as_weightings(targets, activations.outputs.shape[1]))
    return activations.maps[0], gradients


def _mapped(output: torch.Tensor | None, layer: str) -> torch.Tensor:
    if output is None or output.ndim != 4:
        what = "takes no part in the forward pass" if output is None else f"gives {tuple(output.shape)}"
        raise UserError(f"layer: a class activation map needs activations (N, C, H, W); {layer} {what}.")
    return output


def enlarged(maps: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Return maps (N, T, h, w) bilinearly enlarged to the images' size."""
    return F.interpolate(maps, size=images.shape[-2:], mode="bilinear", align_corners=False)
