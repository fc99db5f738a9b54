"""Eigen-CAM: what most of a layer's activations have in common, whatever the class.

Muhammad, Yeasin 2020, "Eigen-CAM: Class Activation Map using Principal Components", IJCNN, equations 2 and 3.
"""

import torch

from explainers.networks.internals.activations import activations_at, enlarged
from explainers.networks.internals.layers import find_layer
from explainers.parameters import Layer, Reshape
from explainers.peers.class_activation_maps import pytorch_grad_cam
from explainers.record import Record, Trial


def eigen_cam(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    layer: Layer = None,
    reshape: Reshape = None,
) -> torch.Tensor:
    """Return the activations' projection on their first singular vector, enlarged bilinearly: (N, T, H, W).

    Activations are places × channels, not centred, as in the paper (pytorch-grad-cam centres them). A singular vector's
    sign is arbitrary; ours is the one of a sum that is not negative, so that after a ReLU no place is negative. The
    class has no say: all targets have the same map.
    """
    activations = activations_at(model, images, targets, layer, reshape)
    places = activations.flatten(2).mT
    first = torch.linalg.svd(places, full_matrices=False).Vh[:, 0]
    projected = torch.einsum("npc,nc->np", places, first)
    oriented = torch.where(projected.sum(dim=1, keepdim=True) < 0, -projected, projected)
    small = oriented.reshape(len(images), 1, *activations.shape[-2:])
    return enlarged(small, images).expand(-1, targets.shape[1], -1, -1)


RECORD = Record(
    function=eigen_cam,
    title="Eigen-CAM",
    paper="Muhammad, Yeasin 2020, Eigen-CAM, IJCNN",
    needs=("layer",),
    together=True,
    finds_layer=find_layer,
    trials=(Trial(peers=(pytorch_grad_cam("EigenCAM"),)),),
)
