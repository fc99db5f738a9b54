"""DeepLIFT with the Rescale rule: every unit passes on the change of its output per change of its input.

Shrikumar, Greenside, Kundaje 2017, "Learning Important Features Through Propagating Activation Differences", ICML,
sections 3.2, 3.4 and 3.5.1. captum's is not complete on networks that reuse a ReLU, call it as a function, or have
ReLU6, and refuses ResNet50; here functions are intercepted instead of modules, however they are called.
On max-pooling the two split the same sum differently; ours is described at `_MaxPool`.
"""

import torch
from torch.overrides import TorchFunctionMode

from explainers.errors import UserError
from explainers.graph import in_quick_layout
from explainers.record import Record
from explainers.targets import pick

_ELEMENTWISE = (
    "relu", "relu_", "relu6", "hardtanh", "sigmoid", "sigmoid_", "tanh", "tanh_", "gelu", "silu", "elu", "selu", "celu",
    "leaky_relu", "hardswish", "hardsigmoid", "softplus", "mish",
)  # fmt: skip
_TOLERANCE = 1e-4


def deeplift(model, images, targets, *, baseline=None):
    """Return (x − x⁰) times the multipliers, channels summed: (N, T, H, W), signed.

    `baseline` x⁰ (3, H, W) or (N, 3, H, W): zero in the model's input space when not given. A map sums to y(x) − y(x⁰),
    y the logit; this is checked, and networks in which units multiply each other (gates, layer norm) are refused by it.
    """
    start = _baseline(baseline, images)
    both = torch.cat([images, start]).requires_grad_()
    with torch.enable_grad(), _Rescale():
        scores = pick(in_quick_layout(model, both), torch.cat([targets, targets]))
    after, before = scores.detach().chunk(2)
    maps = []
    for t in range(after.shape[1]):
        (multipliers,) = torch.autograd.grad(scores[: len(images), t].sum(), both, retain_graph=True)
        maps.append((multipliers[: len(images)] * (images - start)).sum(dim=1))
    maps = torch.stack(maps, dim=1)
    _check_completeness(maps, after - before, type(model).__name__)
    return maps


def _baseline(baseline, images):
    if baseline is None:
        return torch.zeros_like(images)
    baseline = torch.as_tensor(baseline).to(images)
    try:
        return (baseline[:, None, None] if baseline.ndim == 1 else baseline).expand_as(images)
    except RuntimeError:
        raise UserError(f"baseline: expected a colour (3,) or an image, found {tuple(baseline.shape)}.") from None


def _check_completeness(maps, change, name):
    lost = (maps.sum(dim=(2, 3)) - change).abs() / (maps.abs().sum(dim=(2, 3)) + change.abs()).clamp(min=1e-12)
    if not float(lost.max()) <= _TOLERANCE:
        raise UserError(
            f"deeplift: on {name} the map misses {float(lost.max()):.2g} of what it should sum to; units that multiply "
            "each other (gates, attention, layer norm) have no Rescale rule."
        )


class _Rescale(TorchFunctionMode):
    """Gives activations and max-pools, however they are called, secant slopes in place of derivatives."""

    def __torch_function__(self, function, types, arguments=(), options=None):
        options, name = options or {}, getattr(function, "__name__", "")
        if name in _ELEMENTWISE:
            values, *rest = arguments
            settings = {key: value for key, value in options.items() if key != "inplace"}
            rest = rest[:-1] if rest and rest[-1] is True else rest
            return _secant(values, lambda x: function(x, *rest, **settings))
        if name == "max_pool2d":
            settings = dict(
                zip(("kernel_size", "stride", "padding", "dilation", "ceil_mode"), arguments[1:], strict=False)
            )
            settings |= {key: value for key, value in options.items() if key != "return_indices"}
            return _MaxPool.apply(arguments[0], settings)
        return function(*arguments, **options)


def _secant(values, function):
    """Return an elementwise function of the batch whose slope is Δoutput / Δinput between its two halves."""
    leaf = values.detach().requires_grad_()
    output = function(leaf.clone())
    (slope,) = torch.autograd.grad(output.sum(), leaf)
    (x, x0), (y, y0) = values.detach().chunk(2), output.detach().chunk(2)
    secant = torch.where(x == x0, slope.chunk(2)[0], (y - y0) / torch.where(x == x0, 1, x - x0))
    return _Sloped.apply(values, output.detach(), secant)


class _Sloped(torch.autograd.Function):
    """A given output with a given slope for the first half of the batch; the second half passes nothing."""

    @staticmethod
    def forward(ctx, _values, output, slope):
        ctx.save_for_backward(slope)
        return output.clone()

    @staticmethod
    def backward(ctx, gradient):
        passed = gradient.chunk(2)[0] * ctx.saved_tensors[0]
        return torch.cat([passed, torch.zeros_like(passed)]), None, None


class _MaxPool(torch.autograd.Function):
    """Max-pooling: a rise of the maximum goes to the image's largest input, a fall to the baseline's."""

    @staticmethod
    def forward(ctx, values, settings):
        output, where = torch.nn.functional.max_pool2d(values, return_indices=True, **settings)
        ctx.save_for_backward(values, output, where)
        return output

    @staticmethod
    def backward(ctx, gradient):
        values, output, where = ctx.saved_tensors
        (x, x0), (y, y0), (at, at0) = values.chunk(2), output.chunk(2), where.chunk(2)
        larger = torch.maximum(y, y0)
        gradient = gradient.chunk(2)[0]
        passed = torch.zeros_like(x).flatten(2)
        passed.scatter_add_(2, at.flatten(2), (gradient * (larger - y0)).flatten(2))
        passed.scatter_add_(2, at0.flatten(2), (gradient * (y - larger)).flatten(2))
        change = (x - x0).flatten(2)
        multipliers = torch.where(change == 0, 0, passed / torch.where(change == 0, 1, change)).view_as(x)
        return torch.cat([multipliers, torch.zeros_like(multipliers)]), None


RECORD = Record(
    function=deeplift,
    title="DeepLIFT (Rescale)",
    paper="Shrikumar, Greenside, Kundaje 2017, ICML",
    parameters={
        "baseline": "The image (3, H, W) or colour (3,) that differences are taken from, in the model's input space; "
        "zero when not given."
    },
    needs=("gradients",),
    signed=True,
)
