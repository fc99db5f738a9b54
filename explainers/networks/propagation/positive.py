"""The z⁺ rule's convolutions, which take nearly all of LRP's time: made and laid out once for weights that stay.

zennit computes the layer's gradient first, replaces it, and treats positive and negative inputs apart although after a
ReLU there are none below zero: six convolutions per layer. Here it takes three, with the same result.
"""

from dataclasses import replace
from functools import cached_property
from typing import Any

import torch

from explainers.networks.convolution import Convolution
from explainers.networks.kernels import Geometry, pair
from explainers.networks.propagation.contributions import Weighted

EPSILON = 1e-6  # zennit's, which keeps a sum of nothing from dividing


class Positive:
    """A convolution's weights above and below zero, each for the inputs that make them contribute positively."""

    def __init__(self, layer: Weighted) -> None:
        self.layer, self._made_of = replace(layer, given=None), _memory(layer)  # `given` may be what this is kept by
        self._geometry = _geometry(layer)

    def is_of(self, layer: Weighted) -> bool:
        """Return whether a layer has the very weights, unchanged, and settings that these were made of."""
        return self._made_of == _memory(layer) and self.layer.settings == layer.settings

    def shares(self, relevance: torch.Tensor, parts: list[torch.Tensor], total: torch.Tensor) -> torch.Tensor:
        """Return the relevance of inputs, given that of the outputs; parts and total as `contributions` gives them."""
        shared = relevance / total
        found = self._above.gradient(shared, parts[0]).mul_(parts[0])
        return found if len(parts) == 1 else found.add_(self._below.gradient(shared, parts[1]).mul_(parts[1]))

    def contributions(self, x: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Return the inputs above zero, those below if there are any, and the sum of all that contributes positively.

        The sum is above zero, so that it can be divided by.
        """
        if float(x.amin()) >= 0:  # `min` would copy what has its channels last
            return [x], self._above.forward(x)  # not called, as no hook is to take it for a step of the network
        above, below = x.clamp(min=0), x.clamp(max=0)
        return [above, below], self._below.forward(below, self._above.forward(above))

    @cached_property
    def _above(self) -> Convolution:
        weight, bias = self.layer.weight, self.layer.bias
        bias = weight.new_zeros(len(weight)) if bias is None else bias.clamp(min=0)
        return Convolution(weight.clamp(min=0), bias + EPSILON, self._geometry)

    @cached_property
    def _below(self) -> Convolution:
        return Convolution(self.layer.weight.clamp(max=0), None, self._geometry)


def _memory(layer: Weighted) -> list[tuple[Any, ...]]:
    """Return what changes when a layer's weights are others, or other values are written into them."""
    found = [one for one in (layer.weight, layer.bias) if one is not None]
    return [(one.data_ptr(), one.shape, one.stride(), one._version) for one in found]


def _geometry(layer: Weighted) -> Geometry:
    settings = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, **layer.settings}
    stride, padding, dilation = (pair(settings[name]) for name in ("stride", "padding", "dilation"))
    return Geometry(stride, padding, dilation, settings["groups"])
