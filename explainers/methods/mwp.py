"""Excitation backprop (marginal winning probability): where the paths that lead to a class come from.

Zhang et al. 2018, "Top-Down Neural Attention by Excitation Backprop", IJCV, section 3.3.
See `explainers.networks.excitation`.
"""

import torch.nn.functional as F

from explainers.networks.excitation import Excitation
from explainers.record import Record
from explainers.targets import as_weightings, pick


def mwp(model, images, targets, *, layer=None):
    """Return the probability at the layer, channels summed and enlarged bilinearly: (N, T, H, W), ≥ 0.

    At the layer itself ("input" for the pixels) a map sums to 1 on networks without biases; `excitation.excite`
    says how much is lost on others.
    """
    excitation = Excitation(model, images, [layer])
    pick(excitation.outputs, targets)  # refuses targets that the model does not have
    (found,) = excitation.propagated(as_weightings(targets, excitation.outputs.shape[1]))
    return F.interpolate(found.sum(dim=2), size=images.shape[-2:], mode="bilinear", align_corners=False)


RECORD = Record(
    function=mwp,
    title="Excitation backprop",
    paper="Zhang et al. 2018, Top-Down Neural Attention by Excitation Backprop, IJCV",
    needs=("gradients", "layer"),
)
