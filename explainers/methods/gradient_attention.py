"""Gradient-weighted attention: what of a vision transformer's attention speaks for a class.

Chefer, Gur, Wolf 2021, "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
Transformers", ICCV, equations 1, 5 and 6 (self-attention).
"""

import torch

from explainers.networks.internals.attention import Attention
from explainers.record import Record, Trial


def gradient_attention(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the patches' relevance in the rows that are read, enlarged bilinearly: (N, T, H, W), ≥ 0.

    R starts as the identity and takes R ← R + Ā R at each block, Ā = mean over heads of ReLU(A ⊙ ∂y/∂A), y the logit.
    The rows are those of the tokens that the output is computed from, their mean where there are several.
    """
    attention = Attention(model, images, targets)
    n_tokens = attention.weights[0].shape[-1]
    relevance = torch.eye(n_tokens, device=images.device).expand(len(images), targets.shape[1], -1, -1)
    for weights, gradients in zip(attention.weights, attention.gradients(), strict=True):
        speaking = (weights[:, None] * gradients).relu().mean(dim=2)
        relevance = relevance + speaking @ relevance
    return attention.maps(relevance - torch.eye(n_tokens, device=images.device))


RECORD = Record(
    function=gradient_attention,
    title="Gradient-weighted attention",
    short="Gradient attention",
    paper="Chefer, Gur, Wolf 2021, Generic Attention-model Explainability, ICCV",
    needs=("attention", "gradients"),
    together=True,
    trials=(Trial(),),
)
