"""Score-CAM: channels weighted by the score that the image has where they are active; no gradients.

Wang, Wang, Du, Yang, Zhang, Ding, Mardziel, Hu 2020, "Score-CAM: Score-Weighted Visual Explanations for Convolutional
Neural Networks", CVPR workshops, definition 4 and algorithm 1.
"""

from typing import Any

import torch

from explainers.networks.internals.activations import activations_at, enlarged
from explainers.networks.internals.layers import find_layer
from explainers.networks.perturbation import classify
from explainers.networks.rewriting.optimised import optimised, original
from explainers.networks.state import untouched
from explainers.parameters import BatchSize, Count, Layer, Progress, Reshape
from explainers.peers.class_activation_maps import pytorch_grad_cam
from explainers.record import Record, Trial
from explainers.targets import as_weightings


def score_cam(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    layer: Layer = None,
    n_channels: Count | None = None,
    relu: bool = True,
    reshape: Reshape = None,
    precision: str = "full",
    batch_size: BatchSize = None,
    progress: Progress = None,
) -> torch.Tensor:
    """Return Σ_c α_c A_c, bilinearly enlarged to the input's size: (N, T, H, W).

    α is the softmax over channels of the logit of the image times A_c, enlarged and scaled to 0 … 1. The logit of the
    paper's baseline image, the same for all channels, does not change it. One forward pass per channel serves all
    targets; with `n_channels` only those whose activations vary most in the image, the others' α being 0.
    """
    source, quick = original(model), optimised(model, precision)
    with untouched(source):
        activations = activations_at(source, images, targets, layer, reshape)
    if n_channels is not None and n_channels < activations.shape[1]:
        chosen = activations.flatten(2).var(dim=2).topk(n_channels, dim=1).indices.sort(dim=1).values
        activations = activations.gather(1, chosen[..., None, None].expand(-1, -1, *activations.shape[2:]))
    quick.check(images[:1])

    def mask(batch: torch.Tensor, which: torch.Tensor, channel: torch.Tensor) -> None:
        batch *= _in_unit_range(enlarged(activations[which, channel][:, None], batch))

    options: dict[str, Any] = {"output": "logit", "batch_size": batch_size, "progress": progress}
    weightings = _of_logits(targets, bool(quick.reader.is_binary), images)
    scores = classify(quick, images, activations.shape[1], mask, weightings, precision=precision, **options)
    maps = torch.einsum("ntc,nchw->nthw", scores.softmax(dim=-1).to(activations), activations)
    return enlarged(maps.relu() if relu else maps, images)


def _of_logits(targets: torch.Tensor, is_binary: bool, images: torch.Tensor) -> torch.Tensor:
    """Return the targets; of a network with one output z as weights (N, T, 2) of z, since class 0 has the logit −z."""
    if not is_binary:
        return targets
    return as_weightings(targets, 2).to(images) * torch.tensor([-1.0, 1.0]).to(images)


def _in_unit_range(masks: torch.Tensor) -> torch.Tensor:
    low, high = masks.amin(dim=(2, 3), keepdim=True), masks.amax(dim=(2, 3), keepdim=True)
    return torch.where(high > low, (masks - low) / (high - low), 0)


RECORD = Record(
    function=score_cam,
    title="Score-CAM",
    paper="Wang et al. 2020, Score-CAM, CVPR workshops",
    parameters={
        "n_channels": "Only so many channels of the layer, those that vary most in the image; all (the paper's) when "
        "not given."
    },
    needs=("layer",),
    prepare=lambda model, _parameters: optimised(model),
    finds_layer=find_layer,
    trials=(Trial(lambda _side: {"n_channels": 128}), Trial(peers=(pytorch_grad_cam("ScoreCAM"),))),
)
