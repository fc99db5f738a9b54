"""Explanations of a whole output: maps of its top classes or confusion clusters, each against the others.

Equations of CWOX-2s (cwox-2s-supplementary.txt; Xie et al. 2023); `explainers.base_explainers` gives the maps.
"""

from functools import cache

import torch

from explainers.base_explainers import find_base, settings_of
from explainers.errors import UserError, near
from explainers.networks.outputs import probabilities, reader_of
from explainers.trees import Node, top_classes

SCALES = ("peak", "range", "none")
_NO_EVIDENCE = 1e-7  # a map without any larger value is rounding
_ROUNDING = 1e-5  # differences below this share of the largest value are rounding


class Output:
    """One image's output under a base explainer: its top classes and their maps."""

    def __init__(self, model, image, base, stages, *, mass, most, scale, options):
        if scale not in SCALES:
            raise UserError(f"scale: there is no {scale!r}.{near(scale, SCALES)}")
        self.base, self.scale = find_base(base), scale
        settings = settings_of(self.base, stages)
        logits, maps = self.base.begin(model, image[None], settings, options)
        self.logits = logits.double().cpu()
        self.is_binary = bool(reader_of(model).is_binary)
        self.probabilities = probabilities(self.logits, self.is_binary)
        self.classes = top_classes(self.probabilities, mass, most)
        self._maps = cache(lambda stage: maps(self.classes, stage))

    def class_maps(self, classes, stage: int = 0) -> torch.Tensor:
        """Return base maps of some of the top classes (T, H, W), raw and signed."""
        return self._maps(stage)[[self.classes.index(index) for index in classes]]

    def cluster_map(self, cluster, stage: int = 0) -> torch.Tensor:
        """Return the base map of a cluster (H, W): of Σ p(c), or of log Σ e^z."""
        weights = torch.ones(len(cluster)).double()
        if not self.base.is_linear_in_probability:
            weights = self.logits[list(cluster)].softmax(dim=0)
        maps = self.class_maps(cluster, stage)
        return (weights.to(maps)[:, None, None] * maps).sum(dim=0)

    def on_one_scale(self, maps: torch.Tensor) -> torch.Tensor:
        """Return maps (k, H, W) that can be subtracted from each other; one that is only rounding becomes zero.

        "peak": over the largest magnitude, which keeps zero and sign; "range": from 0 to 1; "none": as they are.
        """
        if self.scale == "none":
            return maps
        low = maps.amin(dim=(1, 2), keepdim=True) if self.scale == "range" else 0
        size = (maps - low).abs().amax(dim=(1, 2), keepdim=True)
        return torch.where(size > _NO_EVIDENCE, (maps - low) / size.clamp(min=_NO_EVIDENCE), 0)

    def node(self, key: str, parent: str, classes, saliency) -> Node:
        """Return a node whose score is the classes' probability, its raw score their logit (log Σ e^z of several)."""
        classes = tuple(sorted(classes, key=self.classes.index))
        score = float(self.probabilities[list(classes)].sum())
        return Node(key, parent, classes, "", score, saliency, float(self.logits[list(classes)].logsumexp(dim=0)))


def against_others(maps: torch.Tensor) -> torch.Tensor:
    """Return ReLU((k − 1)·H_i − Σ_{j ≠ i} H_j) of each of k maps (k, H, W); of a single one ReLU(H).

    As Σ_j (H_i − H_j), and without what is rounding, so that maps of the same shape cancel exactly.
    """
    if len(maps) == 1:
        return maps.relu()
    contrast = (maps[:, None] - maps[None]).sum(dim=1)
    return torch.where(contrast > _ROUNDING * maps.abs().max(), contrast, 0)


def above_percentile(saliency: torch.Tensor, percentile: float) -> torch.Tensor:
    """Return the pixels strictly above the map's percentile (H, W), bool; of a flat map none."""
    return saliency > torch.quantile(saliency.double().flatten(), percentile / 100).to(saliency)
