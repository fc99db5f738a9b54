"""Grad-CAM++: Grad-CAM whose weights count each place by how much it decides, so that several objects show.

Chattopadhay, Sarkar, Howlader, Balasubramanian 2018, "Grad-CAM++: Generalized Gradient-based Visual Explanations for
Deep Convolutional Networks", WACV, equations 5, 10 and 11, with Y = exp(y) of the logit y as there (equation 12 on).
"""

import torch

from explainers.networks.internals.activations import activations_and_gradients, enlarged
from explainers.networks.internals.layers import find_layer
from explainers.parameters import Layer, Reshape
from explainers.peers.class_activation_maps import pytorch_grad_cam
from explainers.record import Record, Trial


def grad_cam_plus_plus(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    layer: Layer = None,
    relu: bool = True,
    reshape: Reshape = None,
) -> torch.Tensor:
    """Return Σ_c w_c A_c, w = Σ_places α ReLU(∂y/∂A), bilinearly enlarged to the input's size: (N, T, H, W).

    With g = ∂y/∂A and ∂ⁿY/∂Aⁿ = Y gⁿ, as for a network that is linear above ReLUs, α = g² / (2g² + g³ Σ_places A) =
    1 / (2 + g Σ_places A). Of ∂Y/∂A = Y g in w the factor Y, the same at all places, is left out. The paper takes
    activations to be above zero; where others make the denominator zero or negative, α is 0.
    """
    activations, gradients = activations_and_gradients(model, images, targets, layer, reshape)
    denominator = 2 + gradients * activations.sum(dim=(-2, -1), keepdim=True)[:, None]
    alpha = torch.where(denominator > 0, 1 / denominator, 0)
    weights = (alpha * gradients.relu()).sum(dim=(-2, -1))
    maps = torch.einsum("ntc,nchw->nthw", weights, activations)
    return enlarged(maps.relu() if relu else maps, images)


RECORD = Record(
    function=grad_cam_plus_plus,
    title="Grad-CAM++",
    paper="Chattopadhay et al. 2018, Grad-CAM++, WACV",
    needs=("gradients", "layer"),
    together=True,
    finds_layer=find_layer,
    trials=(Trial(peers=(pytorch_grad_cam("GradCAMPlusPlus"),)),),
)
