"""LayerCAM: activations weighted where they stand, by the gradients that speak for the class.

Jiang, Zhang, Hou, Cheng, Wei 2021, "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", IEEE
Transactions on Image Processing, equations 6 and 7. Made for layers of any depth: below the last one, name it.
"""

import torch

from explainers.networks.internals.activations import activations_and_gradients, enlarged
from explainers.networks.internals.layers import find_layer
from explainers.parameters import Layer, Reshape
from explainers.peers.class_activation_maps import pytorch_grad_cam
from explainers.record import Record, Trial


def layer_cam(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    layer: Layer = None,
    relu: bool = True,
    reshape: Reshape = None,
) -> torch.Tensor:
    """Return Σ_channels A · ReLU(∂y/∂A), bilinearly enlarged to the input's size: (N, T, H, W)."""
    activations, gradients = activations_and_gradients(model, images, targets, layer, reshape)
    maps = torch.einsum("ntchw,nchw->nthw", gradients.relu(), activations)
    return enlarged(maps.relu() if relu else maps, images)


RECORD = Record(
    function=layer_cam,
    title="LayerCAM",
    paper="Jiang et al. 2021, LayerCAM, IEEE Transactions on Image Processing",
    needs=("gradients", "layer"),
    together=True,
    finds_layer=find_layer,
    trials=(Trial(peers=(pytorch_grad_cam("LayerCAM"),)),),
)
