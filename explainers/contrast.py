"""Explanations of a whole output: maps of its top classes or confusion clusters, each against the others.

Equations of CWOX-2s (cwox-2s-supplementary.txt; Xie et al. 2023); `explainers.base_explainers` gives the maps.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Annotated, Any

import torch

from explainers.base_explainers import BASES, find_base, settings_of
from explainers.errors import UserError, near
from explainers.networks.outputs import probabilities, reader_of
from explainers.parameters import BatchSize, Bounds, Colour, Count, Progress
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.trees import Node, Tree, as_tree, clusters, top_classes
from explainers.trees.clusters import MASS, MOST

*_BUT_LAST, _LAST = BASES
PARAMETERS = {
    "tree": "Not used to make the maps; says which classes they are contrasted with when scored.",
    "base": f"The base explainer: {', '.join(_BUT_LAST)} or {_LAST}.",
    "stage_1": "Settings of the base explainer by name, such as layer or n_masks; the paper's when not given.",
    "stage_2": "As `stage_1`, for the maps within clusters.",
    "mass": "The top classes are the fewest with this probability together.",
    "most": "There are never more top classes than this.",
    "scale": "What maps are divided by before they are subtracted: peak (largest magnitude), range or none.",
}
SCALES = ("peak", "range", "none")
_NO_EVIDENCE = 1e-7  # a map without any larger value is rounding
_ROUNDING = 1e-5  # differences below this share of the largest value are rounding


class Output:
    """One image's output under a base explainer: its top classes and their maps, at one stage or two."""

    def __init__(
        self,
        model: torch.nn.Module,
        image: torch.Tensor,
        n_stages: int,
        *,
        tree: Tree | None = None,
        base: str,
        stage_1: dict[str, Any] | None = None,
        stage_2: dict[str, Any] | None = None,
        mass: Annotated[float, Bounds(above=0, most=1)] = MASS,
        most: Count = MOST,
        scale: str = "peak",
        generator: torch.Generator | None = None,
        mean: Colour = IMAGENET_MEAN,
        std: Colour = IMAGENET_STD,
        batch_size: BatchSize = None,
        progress: Progress = None,
    ) -> None:
        if scale not in SCALES:
            raise UserError(f"scale: there is no {scale!r}.{near(scale, SCALES)}")
        record, self.base = find_base(base)
        self.tree, self.scale = tree, scale
        self._told: list[torch.Tensor] = []
        options: dict[str, Any] = {
            "generator": generator,
            "mean": mean,
            "std": std,
            "batch_size": batch_size,
            "progress": progress,
        }
        options["reference"] = self._told.append
        settings = settings_of(self.base, (stage_1, stage_2)[:n_stages])
        logits, maps = self.base.begin(model, image[None], settings, record.taken(options))
        self.logits = logits.double().cpu()
        reader = reader_of(model)
        self.is_binary = reader is not None and bool(reader.is_binary)
        self.probabilities = probabilities(self.logits, self.is_binary)
        self.classes = top_classes(self.probabilities, mass, most)
        # Making maps tells their references, where these aren't zero.
        self._maps: Callable[[int], torch.Tensor] = cache(lambda stage: maps(self.classes, stage))

    def clusters(self, tree: Tree, level: int) -> list[tuple[int, ...]]:
        """Return the top classes in the confusion clusters that a tree has at this level."""
        tree, n_classes = as_tree(tree), len(self.logits)
        highest = max((index for root in tree.roots for index in root.classes), default=0)
        if highest >= n_classes:
            raise UserError(f"tree: has a class {highest}, but those of the model are 0 … {n_classes - 1}.")
        return clusters(self.classes, tree, level)

    def class_maps(self, classes: Sequence[int], stage: int = 0) -> torch.Tensor:
        """Return base maps of some of the top classes (T, H, W), raw and signed."""
        return self._maps(stage)[[self.classes.index(index) for index in classes]]

    def references(self) -> list[float]:
        """Return the values of the first stage's class maps that mean no effect, of all top classes."""
        self._maps(0)
        return self._told[0][0].tolist() if self._told else [0.0] * len(self.classes)

    def cluster_map(self, cluster: Sequence[int], stage: int = 0) -> torch.Tensor:
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

    def node(
        self, key: str, parent: str, classes: Sequence[int], saliency: torch.Tensor, reference: float = 0.0
    ) -> Node:
        """Return a node whose score is the classes' probability, its raw score their logit (log Σ e^z of several)."""
        classes = tuple(sorted(classes, key=self.classes.index))
        score = float(self.probabilities[list(classes)].sum())
        raw_score = float(self.logits[list(classes)].logsumexp(dim=0))
        return Node(key, parent, classes, "", score, saliency, raw_score, reference)

    def class_nodes(
        self, classes: Sequence[int], maps: torch.Tensor, parent: str = "", references: list[float] | None = None
    ) -> list[Node]:
        """Return a node per class, in their order, with its map of (T, H, W)."""
        prefix, neutral = f"{parent}." if parent else "", references or [0.0] * len(classes)
        return [self.node(f"{prefix}{i}", parent, (c,), maps[i], neutral[i]) for i, c in enumerate(classes)]


def whole_output(*, base: str, n_stages: int, scaled: bool = True) -> Callable[..., Callable[..., list[Node]]]:
    """Return a decorator: of explain(output, *, …) → nodes it makes the method (model, image, *, …).

    The method has the parameters of `Output` beside its own, `base` by default as said here; without `stage_2` where
    it has one stage, and without `scale` where its maps are not subtracted from each other (`scaled`).
    """

    def decorated(explain: Callable[..., list[Node]]) -> Callable[..., list[Node]]:
        own = _keyword_only(explain)
        left_out = {"stage_2"} if n_stages == 1 else set()
        left_out |= set() if scaled else {"scale"}
        shared = [p for p in _keyword_only(Output.__init__) if p.name not in left_out]
        shared = [p.replace(default=base) if p.name == "base" else p for p in shared]
        split = [p.name for p in shared].index("mass")  # a method's own parameters stand between its maps' and the rest

        @wraps(explain)
        def method(model: torch.nn.Module, image: torch.Tensor, **given: Any) -> list[Node]:
            bound = signature.bind(model, image, **given)
            bound.apply_defaults()
            settings = bound.kwargs
            own_settings = {p.name: settings.pop(p.name) for p in own}
            return explain(Output(model, image, n_stages, **settings), **own_settings)

        positional = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ("model", "image")]
        signature = inspect.Signature([*positional, *shared[:split], *own, *shared[split:]])
        method.__signature__ = signature  # type: ignore[attr-defined]
        return method

    return decorated


def _keyword_only(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]


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
