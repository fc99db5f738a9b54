"""The model as a torch.fx graph: a copy to work on, with batch norm folded; the user's model is never touched."""

import copy
from collections import Counter

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from explainers.errors import UserError, near


def traced(model: nn.Module) -> fx.GraphModule:
    """Return a graph of the model in evaluation mode. Its modules are new, their tensors are the model's own.

    A model whose flow depends on its input's values cannot be traced: UserError with the reason.
    """
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    try:
        graph = fx.symbolic_trace(copy.deepcopy(model, shared).eval())
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


PRECISIONS = {"full": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
_NO_VIEW = "view size is not compatible"  # what torch says of a view of channels-last activations


class Optimised(nn.Module):
    """A copy of a model that gives the same outputs sooner: batch norm folded, channels last, on request fewer bits.

    Where torch.fx cannot trace the model, only its memory layout changes, and not even that if the model views its
    activations in the usual one. Probabilities differ from the model's by rounding (below 1e-5; with `precision` not
    "full" by up to some hundredths). On two CPU cores it takes a quarter to three quarters of plain eager's time.
    """

    def __init__(self, model: nn.Module, precision: str = "full"):
        super().__init__()
        if precision not in PRECISIONS:
            raise UserError(f"precision: there is no {precision!r}.{near(precision, PRECISIONS)}")
        try:
            self.model = traced(model)
            fold_batch_norm(self.model)
        except UserError:
            self.model = model
        self.precision, self._others = precision, {}
        self.model = copy.deepcopy(self.model).eval().to(PRECISIONS[precision])
        self.layout = torch.channels_last
        self.model.to(memory_format=self.layout)

    def forward(self, images):
        return self._classified(images.to(PRECISIONS[self.precision] or images.dtype)).to(images.dtype)

    def _classified(self, images):
        try:
            return self.model(images.contiguous(memory_format=self.layout))
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
            self._others[precision] = Optimised(self.model, precision)
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
