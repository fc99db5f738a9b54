"""DeepLIFT with the Rescale rule: every unit passes on the change of its output per change of its input.

Shrikumar, Greenside, Kundaje 2017, "Learning Important Features Through Propagating Activation Differences", ICML,
sections 3.2, 3.4 and 3.5.1. captum's is not complete on networks that reuse a ReLU, call it as a function, or have
ReLU6, and refuses ResNet50; here functions are intercepted instead of modules, however they are called.
On max-pooling after a ReLU captum's loses the rule of the pool; see `_MaxPool`.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F

from explainers.errors import UserError
from explainers.networks.baselines import baseline_of
from explainers.networks.checking import check_outputs
from explainers.networks.convolution import convolve
from explainers.networks.passes import gradient, in_quick_layout
from explainers.networks.steps import Arguments, Function, Options, Steps, applied
from explainers.parameters import Baseline
from explainers.record import Peer, Record, Trial
from explainers.targets import pick

_ELEMENTWISE = {
    "relu", "relu6", "hardtanh", "sigmoid", "tanh", "gelu", "silu", "elu", "selu", "celu", "leaky_relu", "hardswish",
    "hardsigmoid", "softplus", "mish", "clamp", "clamp_min", "clamp_max", "clip", "threshold", "softsign", "logsigmoid",
    "tanhshrink", "prelu", "hardshrink", "softshrink", "abs", "square", "sqrt", "exp", "log", "log1p", "erf",
}  # fmt: skip
_Pool: TypeAlias = Callable[..., Any]  # with `return_indices` values and indices, else values alone
_POOLS: dict[str, tuple[_Pool, tuple[str, ...]]] = {
    "max_pool2d": (F.max_pool2d, ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    "max_pool2d_with_indices": (F.max_pool2d, ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    "adaptive_max_pool2d": (F.adaptive_max_pool2d, ("output_size",)),
    "adaptive_max_pool2d_with_indices": (F.adaptive_max_pool2d, ("output_size",)),
}
_TOLERANCE = 1e-4
_Elementwise: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
_Noting: TypeAlias = tuple[torch.Tensor, ...]  # a step's inputs and outputs, of a pool also which inputs were largest


def deeplift(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    baseline: Baseline = None,
) -> torch.Tensor:
    """Return (x − x⁰) times the multipliers, channels summed: (N, T, H, W), signed.

    `baseline` x⁰ (C, H, W) or (N, C, H, W): zero in the model's input space when not given. A map sums to y(x) − y(x⁰),
    y the logit; this is checked, and networks in which units multiply each other (gates, layer norm) are refused by it.
    """
    start = baseline_of(baseline, images)
    maps, change = in_quick_layout(lambda inputs: _attributed(model, inputs, start, targets), images)
    _check_completeness(maps, change, type(model).__name__)
    return maps


def _attributed(
    model: torch.nn.Module, images: torch.Tensor, start: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maps and what they should sum to, (N, T, H, W) and (N, T).

    The baseline goes through the network alone, once when all images share it; the images then meet what it left, in
    the same memory layout: differences across layouts would take longer than the convolutions.
    """
    start = torch.empty_like(images[: len(start)]).copy_(start)
    with torch.no_grad(), _Noted() as noted:
        before = pick(noted.current(model(start)).expand(len(images), -1), targets)
    with torch.enable_grad():
        leaf, maps = images.detach().clone().requires_grad_(), list[torch.Tensor]()
        with _Rescale(noted.steps) as rescale:
            logits = rescale.current(model(leaf))
        scores = pick(logits, targets)
    check_outputs(model, logits, images, "deeplift")
    for t in range(scores.shape[1]):
        (multipliers,) = gradient(scores[:, t].sum(), [leaf], retain_graph=True)
        maps.append((multipliers * (images - start)).sum(dim=1))
    return torch.stack(maps, dim=1), scores.detach() - before


def _check_completeness(maps: torch.Tensor, change: torch.Tensor, name: str) -> None:
    lost = (maps.sum(dim=(2, 3)) - change).abs() / (maps.abs().sum(dim=(2, 3)) + change.abs()).clamp(min=1e-12)
    if not float(lost.max()) <= _TOLERANCE:
        raise UserError(
            f"deeplift: on {name} the map misses {float(lost.max()):.2g} of what it should sum to; units that multiply "
            "each other (gates, attention, layer norm) have no Rescale rule."
        )


class _Intercepted(Steps):
    """Meets activations and max-pools, however they are called; convolutions take their quicker way."""

    elementwise: Callable[[torch.Tensor, _Elementwise], torch.Tensor]  # what becomes of an activation
    max_pool: Callable[
        [torch.Tensor, _Pool, dict[str, Any]], torch.Tensor
    ]  # of values, pool and settings: what becomes of a max-pool

    def step(self, name: str, function: Function, arguments: Arguments, options: Options) -> Any:
        if name in _ELEMENTWISE and arguments and isinstance(arguments[0], torch.Tensor):
            values, *rest = arguments
            return self.elementwise(values, lambda x: function(x, *rest, **options))
        if name in _POOLS and not options.get("return_indices"):
            pool, names = _POOLS[name]
            settings = dict(zip(names, arguments[1:], strict=False))
            settings |= {key: value for key, value in options.items() if key not in ("input", "return_indices")}
            return self.max_pool(arguments[0] if arguments else options["input"], pool, settings)
        if name == "conv2d":
            return convolve(*arguments, **options)
        return function(*arguments, **options)


class _Noted(_Intercepted):
    """Notes what the baseline gives at each step: its inputs and outputs, of a pool also which inputs were largest."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[_Noting] = []

    def elementwise(self, values: torch.Tensor, function: _Elementwise) -> torch.Tensor:
        output = function(values)
        self.steps.append((values, output))
        return output

    def max_pool(self, values: torch.Tensor, pool: _Pool, settings: dict[str, Any]) -> torch.Tensor:
        output: torch.Tensor
        output, where = pool(values, return_indices=True, **settings)
        self.steps.append((values, output, where))
        return output


class _Rescale(_Intercepted):
    """Gives each step the slope from the baseline's values to the image's in place of its derivative."""

    def __init__(self, steps: list[_Noting]) -> None:
        super().__init__()
        self.steps = iter(steps)

    def elementwise(self, values: torch.Tensor, function: _Elementwise) -> torch.Tensor:
        return applied(_Sloped, values, *self._met(values), function)

    def max_pool(self, values: torch.Tensor, pool: _Pool, settings: dict[str, Any]) -> torch.Tensor:
        return applied(_MaxPool, values, *self._met(values), pool, settings)

    def _met(self, values: torch.Tensor) -> _Noting:
        noted = next(self.steps, None)
        if noted is None or noted[0].shape[1:] != values.shape[1:]:
            raise UserError("deeplift: the network takes other steps for the image than for the baseline.")
        return noted


class _Sloped(torch.autograd.Function):
    """An elementwise function whose slope is Δoutput / Δinput; its derivative where the input is the baseline's."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, x0: torch.Tensor, y0: torch.Tensor, function: _Elementwise) -> torch.Tensor:
        y = function(x)
        change = x - x0
        slope, same = (y - y0).div_(change), change == 0
        if same.any():
            slope = torch.where(same, _derivative(function, x), slope)
        ctx.save_for_backward(slope)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        return gradient * ctx.saved_tensors[0], None, None, None


def _derivative(function: _Elementwise, x: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        return torch.autograd.grad(function(leaf).sum(), leaf)[0]


class _MaxPool(torch.autograd.Function):
    """Max-pooling: a rise of the maximum goes to the image's largest input, a fall to the baseline's.

    With m = max(y, y⁰), y the pooled value, y − y⁰ = (m − y⁰) + (y − m): a rise that the image's largest input brings,
    and a fall from the baseline's. Each goes to its input as a share of that input's own change, which keeps the sum;
    unchanged inputs get nothing. The rule of the authors' code and of shap's DeepExplainer. captum 0.9 states the same
    rule, but a ReLU before the pool then receives the pool's plain gradient: of max(relu(x)) at x = (3, 1), x⁰ = (1, 2)
    it makes (2, 0), although the output changes by 1. Windows that overlap are added up; shap keeps one of them.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        x0: torch.Tensor,
        y0: torch.Tensor,
        at0: torch.Tensor,
        pool: _Pool,
        settings: dict[str, Any],
    ) -> torch.Tensor:
        y: torch.Tensor
        y, at = pool(x, return_indices=True, **settings)
        change = (x - x0).contiguous()
        ctx.save_for_backward(change.masked_fill_(change == 0, 1), y, y0, at, at0)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        change, y, y0, at, at0 = ctx.saved_tensors  # an unchanged input is passed nothing: its pool is no higher for it
        larger = torch.maximum(y, y0)
        passed = torch.zeros_like(change).flatten(2)
        passed.scatter_add_(2, at.flatten(2), (gradient * (larger - y0)).flatten(2))
        passed.scatter_add_(2, at0.expand_as(at).flatten(2), (gradient * (y - larger)).flatten(2))
        return passed.view_as(change).div_(change), *[None] * 5


def _captum(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    from captum.attr import DeepLift

    images = images.clone().requires_grad_()
    maps: torch.Tensor = DeepLift(model).attribute(images, torch.zeros_like(images), target=targets).sum(dim=1)
    return maps


RECORD = Record(
    function=deeplift,
    title="DeepLIFT (Rescale)",
    short="DeepLIFT",
    paper="Shrikumar, Greenside, Kundaje 2017, ICML",
    parameters={
        "baseline": "The image (C, H, W) or colour (C,) that differences are taken from, in the model's input space; "
        "zero when not given."
    },
    needs=("gradients",),
    signed=True,
    pixelwise=True,
    together=True,
    trials=(Trial(peers=(Peer("captum", _captum),)),),
)
