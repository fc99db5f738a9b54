"""What the registry knows about a method or a metric: each module in methods/ and metrics/ holds one as `RECORD`."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

SHARED_PARAMETERS = {
    "layer": "The layer whose activations are explained: a module or its dotted name.",
    "masks": "The true region (N, H, W), bool.",
    "output": "The score that is explained: softmax or sigmoid (a probability), or logit.",
    "fill": "What hides a region: neighbours (mean of the pixels around it), mean (of the image), grey, black, "
    "or three values in the model's input space.",
    "precision": "Numbers that the forward passes are computed in: full (the model's own), or bfloat16 or float16: "
    "sooner where the processor has them, and maps that differ a little.",
    "mean": "The preprocessing's mean per channel, to translate colours; filled in from [model].",
    "std": "The preprocessing's standard deviation per channel; filled in from [model].",
    "base": "The base explainer: grad_cam, mwp, rise or lime.",
    "stage_1": "Settings of the base explainer by name, such as layer or n_masks; the paper's when not given.",
    "mass": "The top classes are the fewest with this probability together.",
    "most": "There are never more top classes than this.",
    "scale": "What maps are divided by before they are subtracted: peak (largest magnitude), range or none.",
    "generator": "A torch.Generator on the model's device; the same seed gives the same map.",
    "batch_size": "Images per forward pass; chosen from the image size and device when not given.",
    "progress": "Called with the number of images classified since the last call.",
}


@dataclass(frozen=True)
class Record:
    """A method or metric: its function, its title and paper, and a sentence for each parameter it adds.

    `needs` names what the function relies on: "gradients", "layer" (a map-shaped activation),
    "preprocessing" (mean and std), "perturbs" (many forward passes, no gradients), "one_label" (probabilities that sum
    to 1 over the classes). `signed` says whether negative values mean something. `files` names
    the parameters that may be a file's name.
    """

    function: Callable
    title: str
    paper: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    signed: bool = False
    files: tuple[str, ...] = ()

    @cached_property
    def defaults(self) -> dict:
        """The keyword parameters of the function with their default values, None where one must be given."""
        parameters = [p for p in inspect.signature(self.function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        return {p.name: None if p.default is p.empty else p.default for p in parameters}

    def describe(self) -> dict:
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
        }


@dataclass(frozen=True)
class Metric(Record):
    """A metric: `function(model, images, targets, maps, …)` returns a value per image (N,) under each of its names.

    `directions` says of each name whether "higher" or "lower" is better; the first is what the file is named after.
    """

    directions: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> dict:
        return {**super().describe(), "directions": dict(self.directions)}


@dataclass(frozen=True)
class DatasetMetric(Metric):
    """A metric of a whole data set: `function(…)` returns one value under each of its names."""
