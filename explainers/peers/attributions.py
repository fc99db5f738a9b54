"""captum's attributions, called the way ours are."""

from collections.abc import Callable
from typing import Any

import torch

from explainers.record import Peer


def captum(
    kind: str,
    arguments: Callable[[dict[str, Any]], dict[str, Any]] = lambda _parameters: {},
    over_channels: Callable[[torch.Tensor], torch.Tensor] = lambda found: found.sum(dim=1),
) -> Peer:
    """Return captum's class of that name; `arguments` gives those of its `attribute` for our parameters."""

    def attribute(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, **parameters: Any) -> Any:
        import captum.attr

        method = getattr(captum.attr, kind)(model)
        return over_channels(method.attribute(images.clone(), target=targets, **arguments(parameters)).detach())

    return Peer("captum", attribute)
