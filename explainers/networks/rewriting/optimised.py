"""A quicker copy of the model: batch norm folded, channels last, on request fewer bits; the model is never touched."""

import copy
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import fx, nn
from torch.nn.utils import parametrize

from explainers.errors import UserError, near
from explainers.networks.outputs import Reader, differ_by_rounding, reader_of, say, without_readers
from explainers.networks.passes import NO_VIEW, in_quick_layout
from explainers.networks.rewriting.chosen import chosen
from explainers.networks.rewriting.graph import fold_batch_norm, fuse_convolutions, graph_of
from explainers.networks.rewriting.joining import part_joined
from explainers.networks.rewriting.masking import mask_in_place
from explainers.networks.rewriting.pooling import pool_relus
from explainers.networks.state import untouched
from explainers.targets import check_indices, pick

PRECISIONS = {"full": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Optimised(nn.Module):
    """A copy of a model that gives its logits (N, K) sooner: batch norm folded, channels last, on request fewer bits.

    On a CPU convolutions do the additions and activations that follow them; gradients flow to the input only. A model
    that has hooks, or that torch.fx cannot trace, is copied as it is; only its memory layout changes, and not even that
    if the model views its activations in the usual one. The copy's outputs are compared with the model's on the first
    batch, and where they differ the model itself is run. Probabilities differ from the model's by rounding (below 1e-5;
    with `precision` not "full" by up to some hundredths). On a CPU it takes a quarter to six tenths of plain eager's
    time.
    """

    def __init__(self, model: nn.Module, precision: str = "full", full: "Optimised | None" = None) -> None:
        super().__init__()
        if precision not in PRECISIONS:
            raise UserError(f"precision: there is no {precision!r}.{near(precision, PRECISIONS)}")
        self.precision, self._others = precision, dict[str, Optimised]()
        self._original, self._full = (model,), (full,)  # in tuples, as they are no parts of this module
        self.reader = reader_of(model) or Reader(model)
        self._is_checked = self._writes_into_input = False
        self._n_classes = 0  # of logits that are the network's own outputs; known once it is checked
        source = _copy_of(model) if full is None else copy.deepcopy(full._unfused[0])
        if source is None:
            self._take_original()
        else:
            self._take(source, full is None)

    def _take(self, network: nn.Module, is_new: bool) -> None:
        """Run this copy of the model; a new one as a graph, where it can be."""
        graph = graph_of(network) if is_new else None
        if graph is not None:
            fold_batch_norm(graph)
        self.layout = torch.channels_last
        network = _laid_out((graph or network).to(PRECISIONS[self.precision]), self.layout)
        self._unfused: tuple[nn.Module | None] = (network.requires_grad_(False),)  # no part, to be looked through anew
        self.model: nn.Module | None = network
        if isinstance(network, fx.GraphModule):
            fused = fx.GraphModule(network, copy.deepcopy(network.graph))
            part_joined(fused)
            fuse_convolutions(fused)
            pool_relus(fused)
            mask_in_place(fused)
            self.model = fused
        self._chosen = chosen(self.model)

    def _take_original(self) -> None:
        self.layout, self.model, self._unfused, self._chosen = torch.contiguous_format, None, (None,), None

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.check(images)
        return self.read(self._classified, self.as_input(images)).to(images.dtype)

    def scores(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the targets' logits (N, T), or weighted sums of all, as `pick` gives them.

        Of a network whose last convolution has a channel for each class, only the targets' are computed.
        """
        self.check(images)
        if self._chosen is None or targets.ndim == 3 or self._chosen.n_classes != self._n_classes:
            return pick(self(images), targets)
        check_indices(targets, self._n_classes)
        classes, places = targets.unique(return_inverse=True)
        logits = self.read(self._chosen, classes.tolist(), self.as_input(images))
        if logits.shape[1] != len(classes):  # images of another size have more outputs
            return pick(self(images), targets)
        return logits.to(images.dtype).gather(1, places)

    def read(self, function: Callable[..., Any], *arguments: Any) -> torch.Tensor:
        """Return the logits in what a function, such as the copy or part of it, gives for images."""
        return self.reader.run(function, *arguments)

    def plain_graph(self, images: torch.Tensor) -> fx.GraphModule | None:
        """Return the copy with each step by itself, for who follows them; None where it is no graph.

        Its inputs are what `as_input` returns. Nobody changes its weights.
        """
        self.check(images)
        (unfused,) = self._unfused
        return unfused if isinstance(unfused, fx.GraphModule) else None

    def as_input(self, images: torch.Tensor) -> torch.Tensor:
        """Return images in the copy's precision and memory layout."""
        given = images.to(PRECISIONS[self.precision] or images.dtype).contiguous(memory_format=self.layout)
        return given.clone() if self._writes_into_input else given

    @torch.no_grad()
    def check(self, images: torch.Tensor) -> None:
        """Compare the copy's outputs with the model's, once; take the model itself where they are others."""
        (full,), (model,), images = self._full, self._original, images.detach()
        if self._is_checked:
            return
        self._is_checked = True
        if full is not None:
            full.check(images)
            (own,), (unfused,) = self._unfused, full._unfused
            if isinstance(own, fx.GraphModule) and not isinstance(unfused, fx.GraphModule):
                self._take(copy.deepcopy(unfused), False) if unfused is not None else self._take_original()
            self._writes_into_input, self._n_classes = full._writes_into_input, full._n_classes
            return
        with untouched(model):
            expected = in_quick_layout(model, images)
        given = self.as_input(images).clone()
        before = given.clone()
        if not self._gives(expected, given):
            say(model, "its optimised copy gives other outputs; it is run as it is.")
            source = _copy_of(model)
            self._take(source, False) if source is not None else self._take_original()
            if self.model is not None and not self._gives(expected, self.as_input(images).clone()):
                self._take_original()
        self._writes_into_input = not torch.equal(given, before)
        is_plain = not self.reader.is_binary and not self.reader.are_probabilities
        self._n_classes = expected.shape[1] if is_plain else 0

    def _gives(self, expected: torch.Tensor, images: torch.Tensor) -> bool:
        try:
            found = self.read(self._classified, images)
        except UserError:
            raise
        except Exception:  # a graph may fail where the model does not
            return False
        return found.shape == expected.shape and differ_by_rounding(found.to(expected), expected)

    def _classified(self, images: torch.Tensor) -> Any:
        (model,) = self._original
        if self.model is None:
            with untouched(model):
                return model(images)
        try:
            return self.model(images)
        except RuntimeError as error:
            if NO_VIEW not in str(error) or self.layout == torch.contiguous_format:
                raise
        self.layout = torch.contiguous_format
        _laid_out(self.model, self.layout)
        return self.model(images.contiguous())

    def at(self, precision: str) -> "Optimised":
        """Return the copy of this precision; made once."""
        if precision == self.precision:
            return self
        if precision not in self._others:
            (model,), full = self._original, self._full[0] or self
            self._others[precision] = full if precision == "full" else Optimised(model, precision, full)
            self._others[precision]._others["full"] = full
        return self._others[precision]


def scores_of(model: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the targets' logits (N, T) of a model, by an optimised copy sooner."""
    return model.scores(images, targets) if isinstance(model, Optimised) else pick(model(images), targets)


def original(model: nn.Module) -> nn.Module:
    """Return the model that an optimised copy was made of; any other model as it is."""
    return model._original[0] if isinstance(model, Optimised) else model


def optimised(model: nn.Module, precision: str = "full") -> Optimised:
    """Return an optimised copy; a model that is one already comes back as it is, in that precision."""
    return (model if isinstance(model, Optimised) else Optimised(model)).at(precision)


def _laid_out(network: nn.Module, layout: torch.memory_format) -> nn.Module:
    """Put a network's weights of four axes into a memory layout, and return it."""
    for weights in [*network.parameters(), *network.buffers()]:
        if weights.ndim == 4:
            weights.data = weights.data.contiguous(memory_format=layout)
    return network


def _copy_of(model: nn.Module) -> nn.Module | None:
    """Return a copy without readers whose parametrizations are worked out; None where it cannot be copied."""
    try:
        copied = without_readers(copy.deepcopy(model)).eval()
    except (RuntimeError, TypeError):  # such as a tensor with a history among its attributes
        return None
    for module in list(copied.modules()):
        if parametrize.is_parametrized(module):
            _work_out(module)
    return copied


@torch.no_grad()
def _work_out(module: nn.Module) -> None:
    """Give a parametrized module plain parameters; PyTorch's own way would change the class, which copies share."""
    values = {name: getattr(module, name).detach().clone() for name in cast(nn.ModuleDict, module.parametrizations)}
    del module.parametrizations
    module.__class__ = type(module).__bases__[0]
    for name, value in values.items():
        setattr(module, name, nn.Parameter(value))
