"""Grad-CAM: where the last convolutional features speak for a class.

Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra 2017, "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", ICCV, equations 1 and 2.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F

from explainers.networks.internals.activations import Activations, activations_and_gradients, enlarged
from explainers.networks.internals.layers import find_layer
from explainers.networks.stages import BY_LAYER, layers_of_stages
from explainers.parameters import Layer, Reshape
from explainers.peers.class_activation_maps import pytorch_grad_cam
from explainers.record import Base, Record, Trial


def grad_cam(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    layer: Layer = None,
    relu: bool = True,
    reshape: Reshape = None,
) -> torch.Tensor:
    """Return Σ_c α_c A_c, with α the spatial mean of ∂y/∂A, bilinearly enlarged to the input's size: (N, T, H, W).

    y is the logit. One forward pass serves all targets, and one batched backward pass through the layers above
    `layer` only. As in the paper the ReLU comes before the enlargement; `relu=False` keeps the sign. Channels may come
    last, and tokens of patches are put back in their places; `reshape` says how where it cannot be told
    (see `explainers.networks.internals.maps`).
    """
    maps = _weighted(*activations_and_gradients(model, images, targets, layer, reshape))
    return enlarged(maps.relu() if relu else maps, images)


def _weighted(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    return torch.einsum("ntc,nchw->nthw", gradients.mean(dim=(-2, -1)), activations)


def _begin(
    model: torch.nn.Module, image: torch.Tensor, settings: Sequence[dict[str, Any]], _options: dict[str, Any]
) -> tuple[torch.Tensor, Callable[[Sequence[int], int], torch.Tensor]]:
    """One forward and one batched backward pass serve all classes and both layers; maps keep their sign."""
    activations = Activations(model, image, layers_of_stages(model, image, settings))

    @cache
    def maps(classes: tuple[int, ...]) -> list[torch.Tensor]:
        weightings = F.one_hot(torch.tensor(classes), activations.outputs.shape[1])[None]
        gradients = activations.gradients(weightings)
        return [_weighted(*at_layer) for at_layer in zip(activations.maps, gradients, strict=True)]

    return activations.outputs[0], lambda classes, stage: enlarged(maps(tuple(classes))[stage], image)[0]


RECORD = Record(
    function=grad_cam,
    title="Grad-CAM",
    paper="Selvaraju et al. 2017, Grad-CAM, ICCV",
    needs=("gradients", "layer"),
    together=True,
    finds_layer=find_layer,
    base=Base(_begin, BY_LAYER, percentile=50, is_linear_in_probability=False),
    trials=(Trial(peers=(pytorch_grad_cam("GradCAM"),)),),
)
