"""What the registry knows about a method or a metric: each module in methods/, outputs/ and metrics/ holds a `RECORD`.

All that the engine has to know about one stands on its record; no other file names it.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

SHARED_PARAMETERS = {
    "layer": "The layer whose activations are explained: a module or its dotted name.",
    "relu": "Keep positive evidence only; false gives signed maps.",
    "reshape": "How the layer's output is a map, where its shape does not tell: channels_first, channels_last, "
    "{skip = tokens before the patches, grid = [rows, columns]}, or a function.",
    "masks": "The true region (N, H, W), bool.",
    "output": "The score that is explained: softmax or sigmoid (a probability), or logit.",
    "fill": "What hides a region: neighbours (mean of the pixels around it), mean (of the image), grey, black, "
    "or three values in the model's input space.",
    "precision": "Numbers that the forward passes are computed in: full (the model's own), or bfloat16 or float16: "
    "sooner where the processor has them, and maps that differ a little.",
    "mean": "The preprocessing's mean per channel, to translate colours; filled in from [model].",
    "std": "The preprocessing's standard deviation per channel; filled in from [model].",
    "generator": "A torch.Generator on the model's device; the same seed gives the same map.",
    "batch_size": "Images per forward pass; chosen from the image size and device when not given.",
    "reference": "Called with the maps' values (N, T) that mean no effect, where they aren't zero.",
    "progress": "Called with the number of images classified since the last call.",
}


def _as_it_is(model: Any, _parameters: Mapping[str, Any]) -> Any:
    return model


@dataclass(frozen=True)
class Base:
    """How a single-map method serves whole-output methods: its settings in both stages and the percentile δ of stage 2.

    `begin(model, image, settings, options)` gives the logits (K,) and a function (classes, stage) → signed maps
    (T, H, W). `is_linear_in_probability`: a cluster's map is the sum of its classes' maps (p(C) = Σ p(c)); otherwise
    it is their mean weighted by the softmax of the logits within the cluster (z_C = log Σ e^z, to first order).
    `timed`: settings of both stages for the benchmark, None for the usual ones.
    """

    begin: Callable[..., Any]
    stages: tuple[dict[str, Any], dict[str, Any]]
    percentile: float
    is_linear_in_probability: bool
    timed: tuple[dict[str, Any] | None, dict[str, Any] | None] = (None, None)


@dataclass(frozen=True)
class Peer:
    """Another implementation: `attribute(model, images, targets, **parameters)` gives maps (N, H, W), or None.

    `parameters` are those that ours is given. Its package, of the development requirements, is imported when it is
    called.
    """

    name: str
    attribute: Callable[..., Any]
    ours: Callable[..., Any] = field(default=lambda maps: maps)  # what of ours its maps are compared with


@dataclass(frozen=True)
class Trial:
    """What the benchmark times: the method with `parameters(side)` for images of this side, beside its peers."""

    parameters: Callable[[int], dict[str, Any]] = lambda _side: {}
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True)
class Record:
    """A method or metric: its function, its title and paper, and a sentence for each parameter it adds.

    `needs` names what the function relies on: "gradients", "layer" (a map-shaped activation), "attention" (among the
    tokens of a vision transformer), "preprocessing" (mean and std), "perturbs" (many forward passes, no gradients),
    "one_label" (probabilities that sum to 1 over the classes). `signed` says whether negative values mean something,
    `pixelwise` whether pixels are attributed one by one, so that a display may smooth the map. `files` names the
    parameters that may be a file's name.

    A run over many images asks further: `together`, whether one call may explain several images, as of methods
    that draw nothing and pass an image once or twice; `prepare(model, parameters)`, which gives the model in the
    form that the function would otherwise make anew for every image. `finds_layer(model, layer, images)`, of a
    method that looks at a layer, gives the module that it looks at. `base` is there where whole-output methods
    can build on the method. `trials` are what the benchmark times. `code`, of a method from elsewhere, changes with
    its code. `short` is what axes and tables say, where the title is long. `observe(**parameters)`, of a method that
    explains by a network of its own, gives a function of (model, image) whose result is by name what a `DatasetMetric`
    may ask of an image, each as a function.
    """

    function: Callable[..., Any]
    title: str
    paper: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    signed: bool = False
    pixelwise: bool = False
    files: tuple[str, ...] = ()
    together: bool = False
    prepare: Callable[[Any, Mapping[str, Any]], Any] = _as_it_is
    finds_layer: Callable[[Any, Any, Any], Any] | None = None
    base: Base | None = None
    trials: tuple[Trial, ...] = ()
    code: str = ""
    short: str = ""
    observe: Callable[..., Callable[[Any, Any], dict[str, Callable[[], Any]]]] | None = None

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The keyword parameters of the function with their default values, None where one must be given."""
        parameters = [p for p in inspect.signature(self.function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        return {p.name: None if p.default is p.empty else p.default for p in parameters}

    def taken(self, offered: Mapping[str, Any]) -> dict[str, Any]:
        """Return, of what is offered by name, what the function has a parameter for."""
        return {name: value for name, value in offered.items() if name in self.defaults}

    def describe(self) -> dict[str, Any]:
        """Return the record as plain values, for `--json` and the documentation."""
        parameters = {
            name: {"default": default, "description": self.parameters.get(name, SHARED_PARAMETERS.get(name, ""))}
            for name, default in self.defaults.items()
        }
        return {
            "title": self.title,
            "paper": self.paper,
            "parameters": parameters,
            "needs": list(self.needs),
            "signed": self.signed,
            "pixelwise": self.pixelwise,
        }


@dataclass(frozen=True)
class Metric(Record):
    """A metric: `function(model, images, targets, maps, …)` returns a value per image (N,) under each of its names.

    `directions` says of each name whether "higher" or "lower" is better; the first is what the file is named after.
    A metric that takes long is `on_request`: left out where no metrics are named.
    """

    directions: Mapping[str, str] = field(default_factory=dict)
    on_request: bool = False

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "directions": dict(self.directions)}


@dataclass(frozen=True)
class DatasetMetric(Metric):
    """A metric of a whole data set: `function(…)` returns one value under each of its names.

    For a bundle it is computed image by image. `of_image(…)` gives what one image adds, as plain values that JSON can
    hold; it has parameters for what it asks, of: the `approximations` (1, C) of the model's `logits` (1, K) of
    `classes`, with the logits' `thresholds` (K,) or None, the x-features' `maps` (1, n, H, W) and the `weights`
    (1, P, H, W) of the image's parts. `of_images` gives the values from what all images add.
    """

    of_image: Callable[..., Any] = field(kw_only=True)
    of_images: Callable[[list[Any]], dict[str, float]] = field(kw_only=True)

    @cached_property
    def asks(self) -> tuple[str, ...]:
        """What `of_image` is to be given, by name."""
        return tuple(inspect.signature(self.of_image).parameters)


def records_in(package: ModuleType) -> dict[str, Any]:
    """Return the records of a package's modules, by the modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"{package.__name__}.{name}").RECORD for name in names}
