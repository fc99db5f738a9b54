"""pytorch-grad-cam's class activation maps; the package is imported when one is called."""

from typing import Any

import torch

from explainers.networks.internals.layers import default_layer
from explainers.record import Peer


def pytorch_grad_cam(kind: str) -> Peer:
    """Return its class of that name, at the model's usual layer; its maps are scaled to 0 … 1."""

    def attribute(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, **_parameters: Any) -> Any:
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        with getattr(pytorch_grad_cam, kind)(model=model, target_layers=[default_layer(model, images)]) as peer:
            return torch.from_numpy(peer(images, [ClassifierOutputTarget(int(t)) for t in targets]))

    return Peer("pytorch-grad-cam", attribute, _to_unit_range)


def _to_unit_range(maps: torch.Tensor) -> torch.Tensor:
    """Return maps (N, H, W) without what is negative, each scaled to 0 … 1."""
    maps = maps.clamp(min=0)
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    scaled: torch.Tensor = (maps - low) / (high - low).clamp(min=1e-12)
    return scaled
