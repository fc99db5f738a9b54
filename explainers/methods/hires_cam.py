"""HiResCAM: which of a layer's activations a score consists of.

Draelos, Carin 2020, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks".
"""

import torch

from explainers.networks.internals.activations import activations_and_gradients, enlarged
from explainers.networks.internals.layers import find_layer
from explainers.parameters import Layer, Reshape
from explainers.peers.class_activation_maps import pytorch_grad_cam
from explainers.record import Record, Trial


def hires_cam(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    layer: Layer = None,
    relu: bool = False,
    reshape: Reshape = None,
) -> torch.Tensor:
    """Return Σ_channels A · ∂y/∂A, bilinearly enlarged to the input's size: (N, T, H, W), in the logit's unit.

    Where a linear layer alone lies above `layer`, the small map sums to the logit without its bias.
    """
    activations, gradients = activations_and_gradients(model, images, targets, layer, reshape)
    maps = torch.einsum("ntchw,nchw->nthw", gradients, activations)
    return enlarged(maps.relu() if relu else maps, images)


RECORD = Record(
    function=hires_cam,
    title="HiResCAM",
    paper="Draelos, Carin 2020, Use HiResCAM instead of Grad-CAM",
    needs=("gradients", "layer"),
    signed=True,
    together=True,
    finds_layer=find_layer,
    trials=(Trial(peers=(pytorch_grad_cam("HiResCAM"),)),),
)
