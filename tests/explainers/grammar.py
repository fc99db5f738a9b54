"""A grammar of small networks, and excitation backprop on them by hand: slowly, in double precision, step by step.

A step is written twice: as networks write it (`fast`), and as a chain of the five things a step can do to contributions
(`slow`): weigh them, average them, pass them on, choose among them, add two of them.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import jacrev
from torch.nn.utils.parametrizations import spectral_norm

CHANNELS, SIDE, CLASSES = 4, 6, 3


class Tracked:
    """A value of one image and, for each of its sources, how probability goes back to it."""

    def __init__(self, value, sources=()):
        self.value, self.sources = value, sources


def weighed(x, f):
    contributions = _jacobian(f, x.value) * x.value.flatten()
    return Tracked(f(x.value), [(x, lambda p: _shared(contributions.clamp(min=0), p, x.value))])


def averaged(x, f):
    contributions = _jacobian(f, x.value) * x.value.flatten().abs()
    return Tracked(f(x.value), [(x, lambda p: _shared(contributions, p, x.value))])


def passed(x, f):
    return Tracked(f(x.value), [(x, lambda p: p)])


def chosen(x, f):
    chosen_from = _jacobian(f, x.value)
    return Tracked(f(x.value), [(x, lambda p: (chosen_from.T @ p.flatten()).view_as(x.value))])


def added(a, b, factor=1.0):
    sizes = a.value.abs(), (factor * b.value).abs()
    total = sum(sizes).where(sum(sizes) > 0, torch.inf)
    return Tracked(
        a.value + factor * b.value, [(a, lambda p: p * sizes[0] / total), (b, lambda p: p * sizes[1] / total)]
    )


def _jacobian(f, x):
    return jacrev(f)(x).reshape(-1, x.numel())


def _shared(contributions, p, x):
    total = contributions.sum(dim=1)
    return (contributions.T @ (p.flatten() / total.where(total > 0, torch.inf))).view_as(x)


def sent_back(output: Tracked, p: torch.Tensor, image: Tracked) -> torch.Tensor:
    """Return what arrives at the image from probabilities p at the output."""
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for source, _ in node.sources:
                visit(source)
            order.append(node)

    visit(output)
    arrived = {id(output): p}
    for node in reversed(order):
        for source, back in node.sources:
            arrived[id(source)] = arrived.get(id(source), 0) + back(arrived[id(node)])
    return arrived[id(image)]


class OwnConvolution(nn.Conv2d):
    """A convolution of the author's own, which standardises its weight."""

    def forward(self, x):
        weight = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        return F.conv2d(F.pad(x, (1, 1, 1, 1)), weight, self.bias)


def _convolution(kind=nn.Conv2d, padding=1):
    return kind(CHANNELS, CHANNELS, 3, padding=padding, bias=False)


def _norm():
    norm = nn.BatchNorm2d(CHANNELS)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    nn.init.uniform_(norm.weight, 0.5, 2)
    return norm


def _shuffled(h):
    n, c, height, width = h.size()
    return h.view(n, 2, c // 2, height, width).transpose(1, 2).contiguous().view(n, c, height, width)


def _set(h):
    h = h.clone()
    h[:, 0] = h[:, 1]
    return h


def _slice_in_place(_m, h):
    y = h * 1
    y[:, :2] *= 2
    return y


def _view_in_place(_m, h):
    return (h * 1).view(h.size(0), -1).relu_().view(h.size())


def _in_place(m, h):
    y = m[0](h)
    y += h
    return y


def _without_rebinding(_m, h):
    y = h * 2
    y.clamp_(min=0)
    return y


class Hooked(nn.Sequential):
    """A convolution whose hook turns two channels off."""

    def __init__(self):
        super().__init__(_convolution())
        self.register_forward_hook(
            lambda _module, _inputs, output: output * torch.tensor([1.0, 0, 1, 0])[:, None, None]
        )


def _unbatched(f):
    """Return the function for a single image in double precision."""
    return lambda x: f(x[None])[0]


# name: (modules, fast(modules, h), slow(modules, tracked))
STEPS = {
    "convolution": ([_convolution], lambda m, h: m[0](h), lambda m, t: weighed(t, _unbatched(m[0]))),
    "own convolution": (
        [lambda: _convolution(OwnConvolution, 0)],
        lambda m, h: m[0](h),
        lambda m, t: weighed(t, _unbatched(m[0])),
    ),
    "norm after": (
        [_convolution, _norm],
        lambda m, h: m[1](m[0](h)),
        lambda m, t: weighed(t, _unbatched(lambda x: m[1](m[0](x)))),
    ),
    "norm before": ([_norm], lambda m, h: m[0](h), lambda m, t: passed(t, _unbatched(m[0]))),
    "spectral": (
        [lambda: spectral_norm(_convolution()), _norm],
        lambda m, h: m[1](m[0](h)),
        lambda m, t: weighed(t, _unbatched(lambda x: m[1](m[0](x)))),
    ),
    "relu module": ([lambda: nn.ReLU(inplace=True)], lambda m, h: m[0](h + 0), lambda _m, t: passed(t, F.relu)),
    "relu function": ([], lambda _m, h: F.relu(h), lambda _m, t: passed(t, F.relu)),
    "relu in place": ([], lambda _m, h: F.relu_(h * 1), lambda _m, t: passed(t, F.relu)),
    "clamp": ([], lambda _m, h: h.clamp(min=0), lambda _m, t: passed(t, F.relu)),
    "not rebound": ([], _without_rebinding, lambda _m, t: passed(t, lambda x: F.relu(2 * x))),
    "leaky": ([], lambda _m, h: F.leaky_relu(h, 0.3), lambda _m, t: passed(t, lambda x: F.leaky_relu(x, 0.3))),
    "residual": ([_convolution], _in_place, lambda m, t: added(weighed(t, _unbatched(m[0])), t)),
    "alpha": (
        [_convolution],
        lambda m, h: torch.add(h, m[0](h), alpha=0.2),
        lambda m, t: added(t, weighed(t, _unbatched(m[0])), 0.2),
    ),
    "difference": (
        [_convolution],
        lambda m, h: h - m[0](h),
        lambda m, t: added(t, weighed(t, _unbatched(m[0])), -1.0),
    ),
    "context": (
        [],
        lambda _m, h: h + h.mean((2, 3), keepdim=True),
        lambda _m, t: added(
            t,
            chosen(averaged(t, lambda x: x.mean((1, 2), keepdim=True)), lambda x: x.expand(-1, SIDE, SIDE)),
        ),
    ),
    "shuffle": ([], lambda _m, h: _shuffled(h), lambda _m, t: chosen(t, _unbatched(_shuffled))),
    "slice in place": (
        [],
        _slice_in_place,
        lambda _m, t: passed(t, lambda x: x * torch.tensor([2, 2, 1, 1])[:, None, None]),
    ),
    "view in place": ([], _view_in_place, lambda _m, t: passed(t, F.relu)),
    "zero pad": (
        [lambda: nn.ZeroPad2d(1)],
        lambda m, h: m[0](h)[..., 1:-1, 2:],
        lambda m, t: chosen(t, _unbatched(lambda x: m[0](x)[..., 1:-1, 2:])),
    ),
    "slices": (
        [],
        lambda _m, h: torch.cat([h[:, 2:], h[:, :2]], 1),
        lambda _m, t: chosen(t, lambda x: torch.cat([x[2:], x[:2]])),
    ),
    "set item": ([], lambda _m, h: _set(h), lambda _m, t: chosen(t, lambda x: torch.stack([x[1], *x[1:]]))),
    "max pool": (
        [],
        lambda _m, h: F.interpolate(F.max_pool2d(h, 2), size=(SIDE, SIDE)),
        lambda _m, t: chosen(t, _unbatched(lambda x: F.interpolate(F.max_pool2d(x, 2), size=(SIDE, SIDE)))),
    ),
    "average pool": (
        [],
        lambda _m, h: F.avg_pool2d(h, 3, 1, 1),
        lambda _m, t: averaged(t, _unbatched(lambda x: F.avg_pool2d(x, 3, 1, 1))),
    ),
    "scaled": ([], lambda _m, h: h / torch.tensor([1.0, 2, 3, 4]).view(1, -1, 1, 1), None),
    "hook": ([Hooked], lambda m, h: m[0](h), None),
}
STEPS["scaled"] = (*STEPS["scaled"][:2], lambda _m, t: passed(t, lambda x: x / torch.arange(1, 5)[:, None, None]))
STEPS["hook"] = (
    *STEPS["hook"][:2],
    lambda m, t: passed(weighed(t, _unbatched(m[0][0])), lambda x: x * torch.tensor([1, 0, 1, 0])[:, None, None]),
)


def _flat_features(h):
    n = 1
    for length in h.size()[1:]:
        n *= length
    return h.view(-1, n)


def _mean(x):
    return x.mean((1, 2))


# name: (how many features, fast, slow)
HEADS = {
    "mean": (CHANNELS, lambda h: h.mean([2, 3]), lambda t: averaged(t, _mean)),
    "mean by mean": (
        CHANNELS,
        lambda h: h.mean(3).mean(2),
        lambda t: averaged(averaged(t, lambda x: x.mean(2)), lambda x: x.mean(1)),
    ),
    "size of the map": (CHANNELS, lambda h: F.avg_pool2d(h, h.size()[2:]).flatten(1), lambda t: averaged(t, _mean)),
    "adaptive": (CHANNELS, lambda h: F.adaptive_avg_pool2d(h, 1).view(h.size(0), -1), lambda t: averaged(t, _mean)),
    "flat by a loop": (CHANNELS * SIDE**2, _flat_features, lambda t: chosen(t, lambda x: x.flatten())),
    "flat": (
        CHANNELS * SIDE**2,
        lambda h: h.view(-1, h.size(1) * h.size(2) * h.size(3)),
        lambda t: chosen(t, lambda x: x.flatten()),
    ),
}
RETURNS = {
    "tensor": lambda logits, _h: logits,
    "tuple": lambda logits, h: (logits, h),
    "dictionary": lambda logits, h: {"logits": logits, "features": h.mean((2, 3))},
    "softmax": lambda logits, _h: logits.softmax(dim=1),
    "log softmax": lambda logits, _h: F.log_softmax(logits, dim=-1),
}


class Drawn(nn.Module):
    """A network by the names of its steps, its head and how it returns its logits, without biases."""

    def __init__(self, steps, head, returns, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.steps, self.head, self.returns = steps, head, returns
        self.first = nn.Conv2d(3, CHANNELS, 3, padding=1, bias=False)
        self.parts = nn.ModuleList(nn.ModuleList(make() for make in STEPS[step][0]) for step in steps)
        self.last = nn.Linear(HEADS[head][0], CLASSES, bias=False)

    def logits(self, x):
        h = self.first(x)
        for step, modules in zip(self.steps, self.parts, strict=True):
            h = STEPS[step][1](modules, h)
        return self.last(HEADS[self.head][1](h)), h

    def forward(self, x):
        return RETURNS[self.returns](*self.logits(x))

    def excited(self, image, target):
        """Return excitation backprop's probability at the pixels of one image (3, H, W), in double precision."""
        start = node = Tracked(image)
        node = weighed(node, _unbatched(self.first))
        for step, modules in zip(self.steps, self.parts, strict=True):
            node = STEPS[step][2](modules, node)
        node = weighed(HEADS[self.head][2](node), self.last)
        return sent_back(node, F.one_hot(torch.tensor(target), CLASSES).double(), start)
