"""The gradient: how the score would change with each pixel, a little.

Simonyan, Vedaldi, Zisserman 2014, "Deep Inside Convolutional Networks: Visualising Image Classification Models and
Saliency Maps", ICLR workshop, section 3. Times the input: Shrikumar et al. 2016, "Not Just a Black Box".
"""

import torch

from explainers.errors import UserError, near
from explainers.networks.passes import gradients_of, in_quick_layout
from explainers.networks.rewriting.optimised import optimised, original, scores_of
from explainers.peers.attributions import captum
from explainers.record import Record, Trial

CHANNELS = ("max", "sum")


def vanilla_gradient(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    channels: str = "max",
    times_input: bool = False,
) -> torch.Tensor:
    """Return ∂y/∂x, y the logit, of a pixel's channels the greatest magnitude, ≥ 0, or their sum: (N, T, H, W).

    With `times_input` x · ∂y/∂x, which sums to the logit where a network has no biases (with `channels` "sum").
    """
    if channels not in CHANNELS:
        raise UserError(f"channels: there is no {channels!r}.{near(channels, CHANNELS)}")
    found: torch.Tensor = in_quick_layout(lambda inputs: _gradients(model, inputs, targets), images)
    if times_input:
        found = found * images[:, None]
    return found.abs().amax(dim=2) if channels == "max" else found.sum(dim=2)


def _gradients(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    leaf = images.detach().clone().requires_grad_()
    scores = scores_of(model, leaf, targets)
    if not scores.requires_grad:
        what = type(original(model)).__name__
        raise UserError(f"vanilla_gradient: no gradients come out of {what}; perhaps it switches them off.")
    return torch.stack(list(gradients_of(scores, leaf)), dim=1)


RECORD = Record(
    function=vanilla_gradient,
    title="Vanilla gradient",
    paper="Simonyan, Vedaldi, Zisserman 2014, ICLR workshop",
    parameters={
        "channels": "Of a pixel's channels: max, the greatest magnitude (the paper's), or sum, which has a sign.",
        "times_input": "Multiply by the image in the model's input space (Shrikumar et al. 2016).",
    },
    needs=("gradients",),
    signed=True,
    pixelwise=True,
    together=True,
    prepare=lambda model, _parameters: optimised(model),
    trials=(Trial(peers=(captum("Saliency", over_channels=lambda found: found.amax(dim=1)),)),),
)
