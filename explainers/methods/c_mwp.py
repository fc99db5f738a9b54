"""Contrastive excitation backprop: where the paths to a class come from, less those to its opposite.

Zhang et al. 2018, "Top-Down Neural Attention by Excitation Backprop", IJCV, section 3.4; see `explainers.excitation`.
"""

import torch.nn.functional as F

from explainers.excitation import excite
from explainers.record import Record
from explainers.targets import as_weightings, pick


def c_mwp(model, images, targets, *, layer=None):
    """Return the positive part of the contrast at the layer, channels summed and enlarged: (N, T, H, W), ≥ 0."""
    logits = model(images)
    pick(logits, targets)  # refuses targets that the model does not have
    found, _ = excite(model, images, as_weightings(targets, logits.shape[1]), layer, contrastive=True)
    maps = found.sum(dim=2).clamp(min=0)
    return F.interpolate(maps, size=images.shape[-2:], mode="bilinear", align_corners=False)


RECORD = Record(
    function=c_mwp,
    title="Contrastive excitation backprop",
    paper="Zhang et al. 2018, Top-Down Neural Attention by Excitation Backprop, IJCV",
    needs=("gradients", "trace", "layer"),
)
