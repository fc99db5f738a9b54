"""The model as a torch.fx graph: a copy to work on, with batch norm folded; the user's model is never touched."""

import copy
import operator
from collections import Counter
from contextlib import suppress

import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from explainers.errors import UserError, near
from explainers.networks.convolution import IDENTITY, RELU, RELU6, Convolution, has_operator

ADDITIONS = {operator.add, operator.iadd, torch.add, "add", "add_"}
_ACTIVATIONS = {
    nn.ReLU: RELU, F.relu: RELU, torch.relu: RELU, torch.relu_: RELU, "relu": RELU, "relu_": RELU,
    nn.ReLU6: RELU6, F.relu6: RELU6,
}  # fmt: skip


def traced(model: nn.Module) -> fx.GraphModule:
    """Return a graph of the model in evaluation mode. Its modules are new, their tensors are the model's own.

    A model whose flow depends on its input's values cannot be traced: UserError with the reason.
    """
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return _graph_of(copy.deepcopy(model, shared).eval())


def _graph_of(model):
    """Return a graph that calls this very model's modules."""
    try:
        graph = fx.symbolic_trace(model)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"model: {type(model).__name__} cannot be traced by torch.fx: {reason}") from None
    _reshape_where_it_views(graph)
    return graph


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
        if not isinstance(norm, nn.BatchNorm2d) or not isinstance(convolution, nn.Conv2d):
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
_NO_VIEW = "view size is not compatible"  # what torch says of a view of channels-last activations


class Optimised(nn.Module):
    """A copy of a model that gives the same outputs sooner: batch norm folded, channels last, on request fewer bits.

    On a CPU convolutions do the additions and activations that follow them; gradients flow to the input only. Where
    torch.fx cannot trace the model, only its memory layout changes, and not even that if the model views its
    activations in the usual one. Probabilities differ from the model's by rounding (below 1e-5; with `precision` not
    "full" by up to some hundredths). On a CPU it takes a quarter to six tenths of plain eager's time.
    """

    def __init__(self, model: nn.Module, precision: str = "full"):
        super().__init__()
        if precision not in PRECISIONS:
            raise UserError(f"precision: there is no {precision!r}.{near(precision, PRECISIONS)}")
        self.precision, self._others = precision, {}
        self.layout = torch.channels_last
        self._unfused = copy.deepcopy(model).eval()
        with suppress(UserError):
            self._unfused = _graph_of(self._unfused)
            fold_batch_norm(self._unfused)
        self._unfused.to(PRECISIONS[precision]).to(memory_format=self.layout)
        self.model = self._unfused
        if isinstance(self.model, fx.GraphModule):
            self.model = fx.GraphModule(self._unfused, copy.deepcopy(self._unfused.graph))
            fuse_convolutions(self.model)

    def forward(self, images):
        return self._classified(self.as_input(images)).to(images.dtype)

    def as_input(self, images: torch.Tensor) -> torch.Tensor:
        """Return images in the copy's precision and memory layout."""
        return images.to(PRECISIONS[self.precision] or images.dtype).contiguous(memory_format=self.layout)

    def _classified(self, images):
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
            self._others[precision] = Optimised(self._unfused, precision)
            self._others[precision]._others["full"] = self
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
