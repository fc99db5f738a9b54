"""A quicker copy of the model: a torch.fx graph with batch norm folded; the user's model is never touched."""

import copy
import operator
from collections import Counter
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.nn.utils import parametrize
from torch.nn.utils.fusion import fuse_conv_bn_eval

from explainers.errors import UserError, near
from explainers.networks.convolution import IDENTITY, RELU, RELU6, Convolution, has_operator
from explainers.networks.outputs import Reader, differ_by_rounding, reader_of, say, without_readers
from explainers.networks.state import untouched

ADDITIONS = {operator.add, operator.iadd, torch.add, "add", "add_"}
_ACTIVATIONS = {
    nn.ReLU: RELU, F.relu: RELU, torch.relu: RELU, torch.relu_: RELU, "relu": RELU, "relu_": RELU,
    nn.ReLU6: RELU6, F.relu6: RELU6,
}  # fmt: skip


def is_hooked(model: nn.Module) -> bool:
    """Return whether any of the modules has hooks, which a graph would leave out."""
    every = torch.nn.modules.module
    if every._global_forward_hooks or every._global_forward_pre_hooks or every._global_backward_hooks:
        return True
    return any(
        module._forward_hooks or module._forward_pre_hooks or module._backward_hooks or module._backward_pre_hooks
        for module in model.modules()
    )


def _graph_of(model):
    """Return a graph that calls this very model's modules; None of one that cannot be traced or has hooks.

    It cannot where its flow depends on its input's values.
    """
    if is_hooked(model):
        return None
    try:
        graph = fx.symbolic_trace(model)
    except Exception:  # whatever a user's forward pass makes of a symbolic input
        return None
    _reshape_where_it_views(graph)
    return graph


def _copy_of(model):
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
def _work_out(module):
    """Give a parametrized module plain parameters; PyTorch's own way would change the class, which copies share."""
    values = {name: getattr(module, name).detach().clone() for name in module.parametrizations}
    del module.parametrizations
    module.__class__ = type(module).__bases__[0]
    for name, value in values.items():
        setattr(module, name, nn.Parameter(value))


def _reshape_where_it_views(graph):
    """Let the graph take inputs in any memory layout: `view` refuses what `reshape` copies."""
    for node in graph.graph.nodes:
        if node.op == "call_method" and node.target == "view" and not isinstance(node.args[1], torch.dtype):
            node.target = "reshape"
    graph.recompile()


def module_of(graph: fx.GraphModule, node) -> nn.Module | None:
    """Return the module that a node calls, None for any other node."""
    is_call = isinstance(node, fx.Node) and node.op == "call_module"
    return graph.get_submodule(node.target) if is_call else None


def fold_batch_norm(graph: fx.GraphModule) -> None:
    """Fold each batch norm into the convolution it alone follows, by dataflow and not by the modules' order."""
    calls = Counter(node.target for node in graph.graph.nodes if node.op == "call_module")
    for node in list(graph.graph.nodes):
        norm, before = module_of(graph, node), node.args[0] if node.args else None
        convolution = module_of(graph, before)
        if type(norm) is not nn.BatchNorm2d or type(convolution) is not nn.Conv2d:  # a subclass may do as it likes
            continue
        alone = len(before.users) == 1 and calls[before.target] == 1 and calls[node.target] == 1
        if alone and norm.running_mean is not None:
            graph.set_submodule(before.target, fuse_conv_bn_eval(convolution, norm))
            node.replace_all_uses_with(before)
            graph.graph.erase_node(node)
    graph.delete_all_unused_submodules()
    graph.recompile()


def fuse_convolutions(graph: fx.GraphModule) -> None:
    """Let each convolution do the addition and the ReLU or ReLU6 that alone follow it; on a CPU."""
    for number, node in enumerate(list(graph.graph.nodes)):
        layer = module_of(graph, node)
        if type(layer) is not nn.Conv2d or isinstance(layer.padding, str) or layer.padding_mode != "zeros":
            continue
        if node.kwargs or not has_operator(layer.weight.device, layer.weight.dtype):
            continue
        inputs, place, steps = node.args, node, [node]
        addition = _only_user(node)
        if addition is not None and (other := _added(graph, node, addition)) is not None:
            inputs, place = (*inputs, other), addition
            steps.append(addition)
        activation = _activation(graph, _only_user(steps[-1]))
        if activation is RELU or (activation is RELU6 and len(steps) == 1):
            steps.append(_only_user(steps[-1]))
        else:
            activation = IDENTITY
        graph.add_submodule(f"fused_{number}", Convolution(layer, activation))
        with graph.graph.inserting_before(place):
            fused = graph.graph.call_module(f"fused_{number}", inputs)
        steps[-1].replace_all_uses_with(fused)
        for step in reversed(steps):
            graph.graph.erase_node(step)
    graph.delete_all_unused_submodules()
    graph.recompile()


def _only_user(node):
    return next(iter(node.users)) if len(node.users) == 1 else None


def _activation(graph, node):
    """Return which activation a node is, None for any other."""
    if node is None or node.op not in ("call_module", "call_function", "call_method"):
        return None
    return _ACTIVATIONS.get(type(module_of(graph, node)) if node.op == "call_module" else node.target)


def _added(graph, node, addition):
    """Return what is added to a node, if the node can be computed as late as that: only convolutions lie between."""
    if addition.target not in ADDITIONS or addition.kwargs or len(addition.args) != 2:
        return None
    first, second = addition.args
    writes_into_other = addition.target in (operator.iadd, "add_") and first is not node
    other = second if first is node else first
    if writes_into_other or other is node or not isinstance(other, fx.Node):
        return None
    between = node.next
    while between is not addition:
        if not isinstance(module_of(graph, between), nn.Conv2d | Convolution):
            return None
        between = between.next
    return other


PRECISIONS = {"full": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
_compared: WeakKeyDictionary = WeakKeyDictionary()  # of each model, what its outputs were compared for
_NO_VIEW = "view size is not compatible"  # what torch says of a view of channels-last activations


class Optimised(nn.Module):
    """A copy of a model that gives its logits (N, K) sooner: batch norm folded, channels last, on request fewer bits.

    On a CPU convolutions do the additions and activations that follow them; gradients flow to the input only. A model
    that has hooks, or that torch.fx cannot trace, is copied as it is; only its memory layout changes, and not even that
    if the model views its activations in the usual one. The copy's outputs are compared with the model's on the first
    batch, and where they differ the model itself is run. Probabilities differ from the model's by rounding (below 1e-5;
    with `precision` not "full" by up to some hundredths). On a CPU it takes a quarter to six tenths of plain eager's
    time.
    """

    def __init__(self, model: nn.Module, precision: str = "full", full: "Optimised | None" = None):
        super().__init__()
        if precision not in PRECISIONS:
            raise UserError(f"precision: there is no {precision!r}.{near(precision, PRECISIONS)}")
        self.precision, self._others = precision, {}
        self._original, self._full = (model,), (full,)  # in tuples, as they are no parts of this module
        self.reader = reader_of(model) or Reader(model)
        self._is_checked = self._writes_into_input = False
        source = _copy_of(model) if full is None else copy.deepcopy(full._unfused)
        if source is None:
            self._take_original()
        else:
            self._take(source, full is None)

    def _take(self, network, is_new):
        """Run this copy of the model; a new one as a graph, where it can be."""
        graph = _graph_of(network) if is_new else None
        if graph is not None:
            fold_batch_norm(graph)
        self.layout = torch.channels_last
        self._unfused = (graph or network).to(PRECISIONS[self.precision]).to(memory_format=self.layout)
        self.model = self._unfused
        if isinstance(self.model, fx.GraphModule):
            self.model = fx.GraphModule(self._unfused, copy.deepcopy(self._unfused.graph))
            fuse_convolutions(self.model)

    def _take_original(self):
        self.layout, self.model, self._unfused = torch.contiguous_format, None, None

    def forward(self, images):
        self.check(images)
        return self.read(self._classified, self.as_input(images)).to(images.dtype)

    def read(self, function, *arguments) -> torch.Tensor:
        """Return the logits in what a function, such as the copy or part of it, gives for images."""
        return self.reader.run(function, *arguments)

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
            if isinstance(self._unfused, fx.GraphModule) and not isinstance(full._unfused, fx.GraphModule):
                self._take(copy.deepcopy(full._unfused), False) if full.model is not None else self._take_original()
            self._writes_into_input = full._writes_into_input
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

    def _gives(self, expected, images):
        try:
            found = self.read(self._classified, images)
        except UserError:
            raise
        except Exception:  # a graph may fail where the model does not
            return False
        return found.shape == expected.shape and differ_by_rounding(found.to(expected), expected)

    def _classified(self, images):
        (model,) = self._original
        if self.model is None:
            with untouched(model):
                return model(images)
        try:
            return self.model(images)
        except RuntimeError as error:
            if _NO_VIEW not in str(error) or self.layout == torch.contiguous_format:
                raise
        self.layout = torch.contiguous_format
        self.model.to(memory_format=self.layout)
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


def optimised(model: nn.Module, precision: str = "full") -> Optimised:
    """Return an optimised copy; a model that is one already comes back as it is, in that precision."""
    return (model if isinstance(model, Optimised) else Optimised(model)).at(precision)


def in_quick_layout(function, images: torch.Tensor):
    """Return function(images) with channels last, on which convolutions and pools are quicker.

    A model that views its activations cannot work on that layout; it gets the usual one.
    """
    try:
        return function(images.contiguous(memory_format=torch.channels_last))
    except RuntimeError as error:
        if _NO_VIEW not in str(error):
            raise
    return function(images.contiguous())


@torch.no_grad()
def check_outputs(model: nn.Module, found: torch.Tensor, images: torch.Tensor, method: str) -> None:
    """Refuse a model whose logits were others while a method followed its steps than they are by themselves.

    Compared on the first images of each size that a method gives a model; as long as it consists of the same modules
    and hooks.
    """
    if not found.requires_grad:
        raise UserError(f"{method}: no gradients come out of {type(model).__name__}; perhaps it switches them off.")
    known = _compared.setdefault(model, set())
    parts = tuple((id(m), len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules())
    if (key := (method, images.shape[1:], images.dtype, parts)) in known:
        return
    expected = in_quick_layout(model, images)
    if expected.shape != found.shape or not differ_by_rounding(found, expected):
        raise UserError(
            f"{method}: the outputs of {type(model).__name__} change while its steps are followed, so it cannot be "
            "explained this way; methods that hide parts of the image, or look at one layer, run it as it is."
        )
    known.add(key)


def gradients_of_each(outputs: torch.Tensor, inputs: list[torch.Tensor], starts: torch.Tensor) -> list[torch.Tensor]:
    """Return the gradients (T, …) of T weightings of the outputs (T, *outputs.shape), in one batched pass if it can be.

    Some steps, such as group norm on channels that come last, cannot go back for several at once.
    """
    if len(starts) > 1:
        try:
            return list(torch.autograd.grad(outputs, inputs, starts, is_grads_batched=True, retain_graph=True))
        except RuntimeError as error:
            if "vmap" not in str(error) and "atch" not in str(error):
                raise
    parts = [torch.autograd.grad(outputs, inputs, start, retain_graph=True) for start in starts]
    return [torch.stack(found) for found in zip(*parts, strict=True)]
