"""What each step of a network does with its inputs' contributions: weigh, add, average, pass on, or choose.

LRP and excitation backprop share this reading of a network and differ in how they split what comes back. What has no
reading (products of activations, attention, layer norm) is refused, but only where it lies between what is explained
and the image.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import torch
import torch.nn.functional as F
from torch.utils._pytree import tree_map
from torch.utils.weak import WeakTensorKeyDictionary

from explainers.errors import UserError
from explainers.networks.convolution import convolve
from explainers.networks.steps import Arguments, Function, Options, Steps, applied, name_of_step, on_the_way

_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_WEIGHTED = {
    "conv1d": _CONVOLUTION, "conv2d": _CONVOLUTION, "conv3d": _CONVOLUTION,
    "conv_transpose1d": _TRANSPOSED, "conv_transpose2d": _TRANSPOSED, "conv_transpose3d": _TRANSPOSED,
    "linear": ("input", "weight", "bias"), "matmul": ("input", "weight"), "mm": ("input", "weight"),
    "addmm": ("bias", "input", "weight"),
}  # fmt: skip
_BATCH_NORM = ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")
_NATIVE_BATCH_NORM = ("input", "weight", "bias", "running_mean", "running_var", "training", "momentum", "eps", "cudnn")
_ACTIVATIONS = {
    "relu", "relu6", "silu", "gelu", "hardswish", "hardsigmoid", "elu", "selu", "celu", "leaky_relu", "prelu", "rrelu",
    "softplus", "mish", "hardtanh", "clamp", "clamp_min", "clamp_max", "clip", "sigmoid", "tanh", "logsigmoid",
    "softsign", "threshold", "tanhshrink", "hardshrink", "softshrink", "neg", "negative",
}  # fmt: skip
_SUMS = {"add": 1, "sub": -1, "subtract": -1, "__rsub__": -1, "rsub": -1}
_SCALINGS = {"mul", "multiply", "div", "divide", "true_divide"}
_AVERAGES = {
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "mean", "sum", "interpolate", "upsample", "fold",
}  # fmt: skip
_NEGATIVE_MODES = ("bicubic",)
# Each output element is one input element or a constant, so that a gradient is a contribution.
_CHOOSING = {
    "view", "reshape", "view_as", "reshape_as", "flatten", "unflatten", "ravel", "squeeze", "unsqueeze", "permute",
    "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "__get__", "contiguous", "clone", "detach", "to",
    "float", "double", "half", "bfloat16", "type", "type_as", "cat", "concat", "concatenate", "stack", "hstack",
    "vstack", "dstack", "chunk", "split", "split_with_sizes", "tensor_split", "unbind", "narrow", "select",
    "index_select", "gather", "__getitem__", "__setitem__", "expand", "expand_as", "broadcast_to", "repeat", "tile",
    "repeat_interleave", "roll", "flip", "pad", "where", "masked_fill", "masked_select", "max", "amax", "maximum",
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices", "max_pool2d_with_indices",
    "max_pool3d_with_indices", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices",
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout", "feature_alpha_dropout",
    "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle", "unfold", "copy", "as_subclass",
}  # fmt: skip
_MODULES = {
    "conv1d": torch.nn.Conv1d, "conv2d": torch.nn.Conv2d, "conv3d": torch.nn.Conv3d,
    "conv_transpose1d": torch.nn.ConvTranspose1d, "conv_transpose2d": torch.nn.ConvTranspose2d,
    "conv_transpose3d": torch.nn.ConvTranspose3d, "linear": torch.nn.Linear,
}  # fmt: skip


@dataclass(frozen=True)
class Weighted:
    """A linear step: a convolution or a linear layer, with its weight and bias, batch norm folded in where it follows.

    `given` is the parameter, or what took its place, that the network calls it with.
    """

    name: str
    weight: torch.Tensor
    bias: torch.Tensor | None
    settings: dict[str, Any] = field(default_factory=dict)
    given: torch.Tensor | None = None

    def __call__(
        self, x: torch.Tensor, weight: torch.Tensor | None = None, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the step's output for other weights than its own, without bias unless it is given."""
        weight = self.weight if weight is None else weight
        if self.name == "conv2d":
            return convolve(x, weight, bias, **self.settings)
        function = F.linear if self.name == "linear" else getattr(F, self.name)
        found: torch.Tensor = function(x, weight, bias, **self.settings)
        return found

    @property
    def is_plain_convolution(self) -> bool:
        """Whether it is a convolution of images with its padding in numbers."""
        return self.name == "conv2d" and not isinstance(self.settings.get("padding", 0), str)

    @property
    def kind(self) -> type[torch.nn.Module]:
        """The module that usually takes the step."""
        return _MODULES[self.name]

    def folded(self, scale: torch.Tensor, shift: torch.Tensor) -> "Weighted":
        """Return the step followed by y · scale + shift, per channel."""
        weight = self.weight * scale.reshape(-1, *[1] * (self.weight.ndim - 1))
        return replace(self, weight=weight, bias=shift if self.bias is None else self.bias * scale + shift)

    def opposite(self) -> "Weighted":
        return replace(self, weight=-self.weight)


class Contributions(Steps):
    """Sorts the steps by kind; a subclass says how each kind hands back what comes to its output.

    `weighted(layer, x, value)`, `added(parts, value)`, `averaged(function, x, value)` and `passed(x, value)` return the
    step's value with a gradient of their own. `hint` ends the words in which a network is refused.
    """

    hint = ""
    weighted: Callable[[Weighted, torch.Tensor, torch.Tensor], torch.Tensor]
    added: Callable[[list[torch.Tensor], torch.Tensor], torch.Tensor]
    averaged: Callable[[Callable[[torch.Tensor], torch.Tensor], torch.Tensor, torch.Tensor], torch.Tensor]
    passed: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model, self._layers = model, WeakTensorKeyDictionary()

    def step(self, name: str, function: Function, arguments: Arguments, options: Options) -> Any:
        if name in _CHOOSING or not on_the_way(arguments, options):
            return function(*arguments, **options)
        found = self._known(name, function, arguments, options)
        if found is not None:
            return found
        result = function(*arguments, **options)
        reason = (
            f"model: no relevance rule is known for {name_of_step(name)!r} in {type(self.model).__name__}. LRP and "
            "excitation backprop need a network of convolutions, linear layers, pooling, activations and additions."
            f"{self.hint}"
        )
        return tree_map(lambda one: applied(_Refused, one, reason) if on_the_way(one) else one, result)

    def _known(self, name: str, function: Function, arguments: Arguments, options: Options) -> Any:
        """Return the value of a step whose kind is known, with its own gradient; None of any other."""
        if name in _WEIGHTED:
            return self._weighted(name, function, arguments, options)
        if name == "batch_norm":
            return self._normed(function, arguments, options)
        value = _value(function, arguments, options)
        if name in _SUMS and len(arguments) > 1 and all(map(on_the_way, arguments[:2])):
            a, b = arguments[1::-1] if name == "__rsub__" else arguments[:2]
            factor = _SUMS[name] * options.get("alpha", 1)
            b = b if factor == 1 else _scaled(b, factor)
            return self.added([part.expand_as(value) for part in (a, b)], value)
        if name in _ACTIVATIONS or name in _SUMS or name in _SCALINGS:
            changing = [one for one in arguments[:2] if on_the_way(one)]
            is_divisor = "div" in name and not on_the_way(arguments[0])
            return None if len(changing) != 1 or is_divisor else self.passed(changing[0].expand_as(value), value)
        if name in _AVERAGES and options.get("mode") not in _NEGATIVE_MODES:
            x, *rest = arguments if arguments else (options["input"],)
            others = {key: option for key, option in options.items() if key != "input"}
            return self.averaged(lambda inputs: function(inputs, *rest, **others), x, value)
        return None

    def _weighted(self, name: str, function: Function, arguments: Arguments, options: Options) -> torch.Tensor | None:
        given = dict(zip(_WEIGHTED[name], arguments, strict=False)) | options
        x, weight, bias = given.pop("input", None), given.pop("weight", None), given.pop("bias", None)
        if name in ("matmul", "mm", "addmm"):
            weight = given.pop("other", given.pop("mat2", weight))
            if (
                given
                or on_the_way(weight, bias)
                or weight.ndim != 2
                or x.ndim < 2
                or (bias is not None and bias.ndim > 1)
            ):
                return None
            layer = Weighted("linear", weight.T, bias, {}, weight)
        elif on_the_way(weight, bias):  # weights made from the image
            return None
        else:
            layer = Weighted(name, weight.detach(), None if bias is None else bias.detach(), given, weight)
        quick = convolve if name == "conv2d" else function
        result = self.weighted(layer, x, _value(quick, arguments, options))
        self._layers[result] = layer, x
        return result

    def _normed(self, function: Function, arguments: Arguments, options: Options) -> torch.Tensor | None:
        """Fold batch norm into the layer whose output it takes; elsewhere it passes on what comes back."""
        names = _NATIVE_BATCH_NORM if function is torch.batch_norm else _BATCH_NORM
        given: dict[str, Any] = {"training": False, "eps": 1e-5, "weight": None, "bias": None}
        given |= dict(zip(names, arguments, strict=False)) | options
        if given["training"] or given["running_mean"] is None:
            return None  # the other images of the batch decide too
        value, x = _value(function, arguments, options), given["input"]
        layer, before = self._layers.get(x, (None, None))
        if layer is None or "transpose" in layer.name or x.shape[1] != len(layer.weight):
            return self.passed(x, value)
        scale = (given["running_var"] + given["eps"]).rsqrt()
        scale = scale if given["weight"] is None else scale * given["weight"]
        shift = -given["running_mean"] * scale
        shift = shift if given["bias"] is None else shift + given["bias"]
        layer = layer.folded(scale.detach(), shift.detach())
        result = self.weighted(layer, before, value)
        self._layers[result] = layer, before
        return result


@torch.no_grad()
def _value(function: Function, arguments: Arguments, options: Options) -> Any:
    return function(*arguments, **options)


def _scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    """Return x · factor, whose gradient hands back everything: only shares of it are asked for."""
    return applied(_Scaled, x, factor)


class _Scaled(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: torch.Tensor, factor: float) -> torch.Tensor:
        return x * factor

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, contribution: torch.Tensor) -> tuple[torch.Tensor, None]:
        return contribution, None


class _Refused(torch.autograd.Function):
    """The identity, which nothing comes back through."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, reason: str) -> torch.Tensor:
        ctx.reason = reason
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, _contribution: torch.Tensor) -> NoReturn:
        raise UserError(ctx.reason)
