"""Show x-features in the image: contrastive excitation backprop from each of them (Qi et al. 2021, section 2.3).

The contrast negates the weights *into* the x-layer, as c-MWP does with those into the logits. An x-feature of maps
starts where it is active, in proportion to its values. The lasso's x-features, and the layer's own dimensions, are
neurons of the model, and the contrast negates the weights into their layer.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from explainers.networks.propagation.excitation import Graft, excite
from explainers.parameters import Layer
from explainers.xnn.activations import as_space, layer_output
from explainers.xnn.network import ExplanationNetwork, Selection
from explainers.xnn.settings import Settings

_IMAGES = 16  # in one propagation; memory grows with them


def x_feature_maps(
    model: torch.nn.Module, network: ExplanationNetwork, images: torch.Tensor, layer: Layer = None
) -> torch.Tensor:
    """Return each x-feature's map, ≥ 0 and enlarged to the images' size: (N, n, H, W). `layer` as for c-MWP."""
    if isinstance(network.encoder, Selection):
        return dimension_maps(model, network.settings, images, layer, network.encoder.index.tolist())
    maps = []
    for part in images.split(_IMAGES):
        output, _ = layer_output(model, part, network.settings.layer)
        activations = as_space(output, network.settings.space)
        modules = (*_as_vectors(output, activations), *network.encoder.children())
        maps.append(
            _propagated(model, part, Graft(network.settings.layer, modules), _starts(network, activations), layer)
        )
    return torch.cat(maps)


def dimension_maps(
    model: torch.nn.Module,
    settings: Settings,
    images: torch.Tensor,
    layer: Layer = None,
    dimensions: Sequence[int] | None = None,
) -> torch.Tensor:
    """Return the maps of dimensions of the settings' layer itself, of all of them by default: (N, D, H, W)."""
    output, _ = layer_output(model, images[:1], settings.layer)
    activations = as_space(output, "mean")
    chosen = torch.eye(activations.shape[1])[range(activations.shape[1]) if dimensions is None else dimensions]
    graft = Graft(settings.layer, _as_vectors(output, activations))
    parts = images.split(_IMAGES)
    return torch.cat([_propagated(model, part, graft, chosen.expand(len(part), -1, -1), layer) for part in parts])


def _as_vectors(output: torch.Tensor, activations: torch.Tensor) -> tuple[torch.nn.Module, ...]:
    """What makes the vectors that the network takes of the layer's output, where it is maps."""
    if activations.ndim == output.ndim:
        return ()
    return torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()


def _starts(network: ExplanationNetwork, activations: torch.Tensor) -> torch.Tensor:
    """Return where each x-feature starts: (N, n, n), or over maps (N, n, n, h, w) in proportion to its values."""
    eye = torch.eye(network.n_features)
    if activations.ndim == 2:
        return eye.expand(len(activations), -1, -1)
    with torch.inference_mode():
        features: torch.Tensor = network.encoder(activations)
    shares: torch.Tensor = features / features.sum(dim=(2, 3), keepdim=True).clamp(min=torch.finfo(features.dtype).tiny)
    return eye[None, :, :, None, None] * shares[:, None]


def _propagated(
    model: torch.nn.Module, images: torch.Tensor, graft: Graft, starts: torch.Tensor, layer: Layer
) -> torch.Tensor:
    found, _ = excite(model, images, starts, layer, contrastive=True, graft=graft)
    return _enlarged(found, images)


def _enlarged(found: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    maps = found.sum(dim=2).clamp(min=0)
    return F.interpolate(maps, size=images.shape[-2:], mode="bilinear", align_corners=False)
