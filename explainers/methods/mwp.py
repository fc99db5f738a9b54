"""Excitation backprop (marginal winning probability): where the paths that lead to a class come from.

Zhang et al. 2018, "Top-Down Neural Attention by Excitation Backprop", IJCV, section 3.3.
See `explainers.networks.propagation.excitation`.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F

from explainers.networks.internals.activations import enlarged
from explainers.networks.propagation.excitation import Excitation, map_layer
from explainers.networks.stages import BY_LAYER, layers_of_stages
from explainers.parameters import Layer
from explainers.record import Base, Record, Trial
from explainers.targets import as_weightings, pick


def mwp(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, *, layer: Layer = None) -> torch.Tensor:
    """Return the probability at the layer, channels summed and enlarged bilinearly: (N, T, H, W), ≥ 0.

    At the layer itself ("input" for the pixels) a map sums to 1 on networks without biases; `excitation.excite`
    says how much is lost on others.
    """
    excitation = Excitation(model, images, [layer])
    pick(excitation.outputs, targets)  # refuses targets that the model does not have
    (found,) = excitation.propagated(as_weightings(targets, excitation.outputs.shape[1]))
    return enlarged(found.sum(dim=2), images)


def _begin(
    model: torch.nn.Module, image: torch.Tensor, settings: Sequence[dict[str, Any]], _options: dict[str, Any]
) -> tuple[torch.Tensor, Callable[[Sequence[int], int], torch.Tensor]]:
    """One forward and one batched backward pass serve all classes and both layers."""
    excitation = Excitation(model, image, layers_of_stages(model, image, settings))

    @cache
    def maps(classes: tuple[int, ...]) -> list[torch.Tensor]:
        starts = F.one_hot(torch.tensor(classes), excitation.outputs.shape[1])[None]
        return [probability.sum(dim=2) for probability in excitation.propagated(starts)]

    return excitation.outputs[0], lambda classes, stage: enlarged(maps(tuple(classes))[stage], image)[0]


RECORD = Record(
    function=mwp,
    title="Excitation backprop",
    paper="Zhang et al. 2018, Top-Down Neural Attention by Excitation Backprop, IJCV",
    needs=("gradients", "layer"),
    together=True,
    finds_layer=map_layer,
    base=Base(_begin, BY_LAYER, percentile=60, is_linear_in_probability=False),
    trials=(Trial(),),
)
