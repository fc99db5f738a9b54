"""Max-pools that let a ReLU's gradient through, where nothing but the pool sees what the ReLU gives.

The gradient of a pool is zero but at the largest inputs, whose ReLUs are open where the pool's output is above zero: a
pool's few values tell as much as all of its inputs.
"""

from typing import Any

import torch
from torch import fx, nn
from torch.autograd.function import once_differentiable

from explainers.networks.convolution import RELU, Convolution
from explainers.networks.kernels import pair
from explainers.networks.rewriting.graph import is_in_place, module_of
from explainers.networks.steps import applied


class ReluPool(nn.MaxPool2d):
    """A max-pool of what ReLUs give, with their gradient."""

    @classmethod
    def of(cls, pool: nn.MaxPool2d) -> "ReluPool":
        return cls(pool.kernel_size, pool.stride, pool.padding, pool.dilation, ceil_mode=pool.ceil_mode)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        how = pair(self.kernel_size), pair(self.stride), pair(self.padding), pair(self.dilation)
        return applied(_ReluPool, x, *how, self.ceil_mode)


class _ReluPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, *how: Any) -> torch.Tensor:
        y: torch.Tensor
        y, where = torch.ops.aten.max_pool2d_with_indices(x, *how)
        ctx.how, ctx.size = how, x.shape
        ctx.save_for_backward(y, where)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        y, where = ctx.saved_tensors
        passed = torch.ops.aten.threshold_backward(gradient, y, 0)
        layout = torch.channels_last if y.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        x = torch.empty(ctx.size, dtype=y.dtype, device=y.device, memory_format=layout)  # only its shape is looked at
        found = torch.ops.aten.max_pool2d_with_indices_backward(passed, x, *ctx.how, where)
        return found, *[None] * len(ctx.how)


def pool_relus(graph: fx.GraphModule) -> None:
    """Let each max-pool that alone sees what fused ReLUs give, joined or not, do their way back."""
    for number, node in enumerate(list(graph.graph.nodes)):
        pool = module_of(graph, node)
        if type(pool) is not nn.MaxPool2d or pool.return_indices or len(node.all_input_nodes) != 1 or node.kwargs:
            continue
        relus = _relus(graph, node.args[0])
        if relus is None or any(is_in_place(graph, user) for user in node.users):
            continue
        for relu in relus:
            relu.activation = RELU.left_to_another()
        graph.add_submodule(f"pool_{number}", ReluPool.of(pool))
        node.target = f"pool_{number}"
    graph.delete_all_unused_submodules()
    graph.recompile()


def _relus(graph: fx.GraphModule, node: fx.Node) -> list[Convolution] | None:
    """Return the convolutions whose ReLUs give all of a node's values, if nothing else sees these."""
    if len(node.users) != 1:
        return None
    layer = module_of(graph, node)
    if isinstance(layer, Convolution):
        return [layer] if layer.activation is RELU else None
    parts: Any = node.args[0] if node.target is torch.cat else ()
    if not isinstance(parts, tuple | list) or len(set(parts)) != len(parts):
        return None
    found = [_relus(graph, part) for part in parts]
    return [one for of_part in found if of_part for one in of_part] if parts and all(found) else None
