"""The explanation network: an embedding of a layer's activations Z into n x-features E, a head from E to the logits.

Qi et al. 2021, section 2.1 and figure 2: encoder Z–800–100–n with ReLU, the decoder its mirror image, ŷ ≈ vᵀE. For
maps (C, h, w) every layer is a 1 × 1 convolution (section 4.4).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from explainers.xnn.settings import Settings

_LEAST = 1e-12


class Selection(nn.Module):
    """Some dimensions of the activations as they are: the x-features of the lasso."""

    index: torch.Tensor

    def __init__(self, index: torch.Tensor | np.ndarray) -> None:
        super().__init__()
        self.register_buffer("index", torch.as_tensor(index, dtype=torch.long))

    def forward(self, activations: torch.Tensor) -> torch.Tensor:
        return activations[:, self.index]


class ExplanationNetwork(nn.Module):
    """`classes` are the model's outputs that the network explains, C of them; `shape` is that of Z, (d,) or (C, h, w).

    Calling it with activations (N, d) or (N, C, h, w) gives the x-features, (N, n) or (N, n, h, w), and the
    approximations ȳ (N, C). `facts` says where it comes from and how good it is, in plain values.
    """

    def __init__(
        self,
        settings: Settings,
        classes: list[int],
        shape: tuple[int, ...],
        selected: torch.Tensor | np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.settings, self.classes, self.shape = settings, list(classes), tuple(shape)
        self.facts: dict[str, Any] = {}
        self.encoder: Selection | nn.Sequential
        self.decoder: nn.Sequential | None = None
        if settings.kind == "lasso":
            if selected is None:
                raise ValueError("selected: expected the dimensions that the lasso left.")
            self.encoder = Selection(selected)
            self.n_features = len(self.encoder.index)
        else:
            self.n_features = settings.features
            widths = (self.shape[0], *settings.hidden, settings.features)
            self.encoder = nn.Sequential(*_layers(widths, len(self.shape) == 3), nn.ReLU())
            if settings.kind != "nn":
                self.decoder = nn.Sequential(*_layers(widths[::-1], len(self.shape) == 3))
        fitted = settings.kind in ("cae", "lasso")  # by least squares, with an intercept
        self.head = nn.Linear(self.n_features * self.positions, len(classes), bias=fitted)

    @property
    def positions(self) -> int:
        """How many values of each x-feature the head sees."""
        keeps_all = len(self.shape) == 3 and self.settings.pool == "none"
        return self.shape[1] * self.shape[2] if keeps_all else 1

    def forward(self, activations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features: torch.Tensor = self.encoder(activations)
        return features, self.head(self.seen(features))

    def before_relu(self, activations: torch.Tensor) -> torch.Tensor:
        """Return what the x-features are before their ReLU, where they are trained: it may be negative."""
        for layer in list(self.encoder.children())[:-1]:
            activations = layer(activations)
        return activations

    def seen(self, features: torch.Tensor) -> torch.Tensor:
        """Return what the head sees of the x-features: (N, n · positions)."""
        if features.ndim == 4 and self.settings.pool == "max":
            features = F.adaptive_max_pool2d(features, 1)
        elif features.ndim == 4 and self.settings.pool == "mean":
            features = F.adaptive_avg_pool2d(features, 1)
        return features.flatten(1)

    def features_of(self, seen: torch.Tensor) -> torch.Tensor:
        """Return each x-feature's mean over what the head sees of it: (N, n)."""
        by_feature: torch.Tensor = seen.unflatten(1, (self.n_features, self.positions))
        return by_feature.mean(dim=2)

    def contributions(self, features: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
        """Return what each x-feature adds to the approximation of an output, v_i E_i summed over positions: (N, n).

        `outputs` (N,) are positions in `classes`.
        """
        terms = self.head.weight[outputs] * self.seen(features)
        by_feature: torch.Tensor = terms.unflatten(1, (self.n_features, self.positions))
        return by_feature.sum(dim=2)


def normalised(contributions: torch.Tensor) -> torch.Tensor:
    """Return signed contributions (N, n) whose magnitudes sum to 1, of an image without any to 0."""
    return contributions / contributions.abs().sum(dim=1, keepdim=True).clamp(min=_LEAST)


def _layers(widths: Sequence[int], convolutional: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 1) if convolutional else nn.Linear(before, after), nn.ReLU()]
    return layers[:-1]


@torch.no_grad()
def initialise(network: ExplanationNetwork, activations: torch.Tensor, generator: torch.Generator) -> None:
    """Draw the weights, so that over some activations every x-feature has mean 1 and deviation 1 before its ReLU.

    He's uniform weights and no biases elsewhere; only the decoder begins with the activations' mean, whatever it is
    given. An x-feature that was below zero everywhere would never learn, and with a decoder that begins with large
    errors the shortest way to smaller ones is to switch all x-features off.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.kaiming_uniform_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    nn.init.uniform_(network.head.weight, -0.1, 0.1, generator=generator)
    if network.decoder is not None:
        weight, bias = _weights(network.decoder, -1)
        weight *= 0.01
        bias.copy_(activations.transpose(0, 1).flatten(1).mean(dim=1))
    weight, bias = _weights(network.encoder, -2)
    before = network.before_relu(activations).transpose(0, 1).flatten(1)
    for i, values in enumerate(before):
        scale = 1 / values.std().clamp(min=1e-3)
        weight[i] *= scale
        bias[i] = 1 - scale * values.mean()


@torch.no_grad()
def rescale_input(network: ExplanationNetwork, scale: float) -> None:
    """Make a network that was trained on Z / scale one of Z itself."""
    weight, _ = _weights(network.encoder, 0)
    weight /= scale
    if network.decoder is not None:
        for parameter in _weights(network.decoder, -1):
            parameter *= scale


def _weights(layers: nn.Module, place: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weights and biases of the layer at this place, themselves, to be changed."""
    weight, bias = list(layers.children())[place].parameters()
    return weight, bias
