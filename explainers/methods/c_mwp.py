"""Contrastive excitation backprop: where the paths to a class come from, less those to its opposite.

Zhang et al. 2018, "Top-Down Neural Attention by Excitation Backprop", IJCV, section 3.4.
See `explainers.networks.propagation.excitation`.
"""

import torch

from explainers.networks.internals.activations import enlarged
from explainers.networks.propagation.excitation import Excitation, map_layer
from explainers.parameters import Layer
from explainers.record import Record, Trial
from explainers.targets import as_weightings, pick


def c_mwp(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, *, layer: Layer = None) -> torch.Tensor:
    """Return the positive part of the contrast at the layer, channels summed and enlarged: (N, T, H, W), ≥ 0."""
    excitation = Excitation(model, images, [layer])
    pick(excitation.outputs, targets)  # refuses targets that the model does not have
    contrast = excitation.contrast(as_weightings(targets, excitation.outputs.shape[1]))
    return enlarged(contrast.sum(dim=2).clamp(min=0), images)


RECORD = Record(
    function=c_mwp,
    title="Contrastive excitation backprop",
    short="Contrastive EBP",
    paper="Zhang et al. 2018, Top-Down Neural Attention by Excitation Backprop, IJCV",
    needs=("gradients", "layer"),
    together=True,
    finds_layer=map_layer,
    trials=(Trial(),),
)
