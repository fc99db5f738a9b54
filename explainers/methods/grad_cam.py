"""Grad-CAM: where the last convolutional features speak for a class.

Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra 2017, "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", ICCV, equations 1 and 2.
"""

import torch
import torch.nn.functional as F

from explainers.errors import UserError
from explainers.networks.graph import gradients_of_each, in_quick_layout
from explainers.networks.layers import find_layer, say_layer
from explainers.networks.maps import map_reader
from explainers.networks.state import cut_at
from explainers.record import Record
from explainers.targets import pick


def grad_cam(model, images, targets, *, layer=None, relu=True, reshape=None):
    """Return Σ_c α_c A_c, with α the spatial mean of ∂y/∂A, bilinearly enlarged to the input's size: (N, T, H, W).

    y is the logit. One forward pass serves all targets, and one batched backward pass through the layers above
    `layer` only. As in the paper the ReLU comes before the enlargement; `relu=False` keeps the sign. Channels may come
    last, and tokens of patches are put back in their places; `reshape` says how where it cannot be told
    (see `explainers.networks.maps`).
    """
    module = find_layer(model, layer, images)
    say_layer(model, layer, module)
    with cut_at(module) as activations:
        scores = pick(in_quick_layout(model, images), targets)
        if not activations:
            raise UserError(f"layer: {layer or type(module).__name__} takes no part in the forward pass.")
        if activations[-1].ndim < 3:
            found = tuple(activations[-1].shape)
            raise UserError(
                f"layer: Grad-CAM needs activations (N, C, H, W); {layer or type(module).__name__} gives {found}."
            )
        each_target = torch.eye(scores.shape[1]).to(scores)[:, None].expand(-1, *scores.shape)
        (gradients,) = gradients_of_each(scores, activations[-1:], each_target)
    as_maps = map_reader(model, module, activations[-1], images, reshape)
    weights = as_maps(gradients).mean(dim=(-2, -1))
    maps = torch.einsum("tnc,nchw->nthw", weights, as_maps(activations[-1].detach()))
    if relu:
        maps = maps.relu()
    return F.interpolate(maps, size=images.shape[-2:], mode="bilinear", align_corners=False)


RECORD = Record(
    function=grad_cam,
    title="Grad-CAM",
    paper="Selvaraju et al. 2017, Grad-CAM, ICCV",
    parameters={
        "relu": "Keep positive evidence only (the paper's); false gives signed maps.",
        "reshape": "How the layer's output is a map, where its shape does not tell: channels_first, channels_last, "
        "{skip = tokens before the patches, grid = [rows, columns]}, or a function.",
    },
    needs=("gradients", "layer"),
)
