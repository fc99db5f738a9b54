"""Attention rollout: how much of each patch reaches the tokens that a vision transformer decides by.

Abnar, Zuidema 2020, "Quantifying Attention Flow in Transformers", ACL, section 3.
"""

import torch

from explainers.errors import UserError, near
from explainers.networks.internals.attention import Attention
from explainers.record import Record, Trial

HEADS = ("mean", "max", "min")


def attention_rollout(
    model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, *, heads: str = "mean"
) -> torch.Tensor:
    """Return the patches' columns of Ā_B … Ā_1 in the rows that are read, enlarged bilinearly: (N, T, H, W), ≥ 0.

    Ā = (A + I) / 2, its rows scaled to sum to 1, A a block's attention over its `heads`. The rows are those of the
    tokens that the output is computed from (the class token, or all patches), their mean where there are several. A
    map and the shares of other tokens sum to 1 before it is enlarged. The class has no say: all targets have the same.
    """
    if heads not in HEADS:
        raise UserError(f"heads: there is no {heads!r}.{near(heads, HEADS)}")
    attention = Attention(model, images, targets)
    identity = torch.eye(attention.weights[0].shape[-1], device=images.device)
    flow = identity.expand(len(images), -1, -1)
    for weights in attention.weights:
        over_heads = weights.mean(dim=1) if heads == "mean" else getattr(weights, f"a{heads}")(dim=1)
        block = (over_heads + identity) / 2
        flow = block / block.sum(dim=-1, keepdim=True) @ flow
    return attention.maps(flow[:, None]).expand(-1, targets.shape[1], -1, -1)


RECORD = Record(
    function=attention_rollout,
    title="Attention rollout",
    paper="Abnar, Zuidema 2020, Quantifying Attention Flow in Transformers, ACL",
    parameters={"heads": "What is taken of a block's heads: mean (the paper's), max or min."},
    needs=("attention", "gradients"),
    together=True,
    trials=(Trial(),),
)
