"""Explanation network: a few x-features, the same in every image, each with its map and its signed contribution.

Qi, Khorram, Li 2021, "Embedding Deep Networks into Visual Explanations", Artificial Intelligence, sections 2.1 to 2.3;
see `explainers.xnn`.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import torch

from explainers.errors import UserError
from explainers.parameters import Layer
from explainers.record import Record
from explainers.trees import Node
from explainers.xnn.activations import activations_of
from explainers.xnn.heatmaps import x_feature_maps
from explainers.xnn.network import ExplanationNetwork, normalised
from explainers.xnn.storage import load
from explainers.xnn.training import apply


def xnn(
    model: torch.nn.Module,
    image: torch.Tensor,
    *,
    network: ExplanationNetwork | Path | str | None = None,
    layer: Layer = None,
) -> list[Node]:
    """Return a node per x-feature, by number; `score` is its contribution v_i E_i over the sum of their magnitudes.

    The contributions are to the class with the highest logit among those the network explains; `raw_score` is v_i E_i.
    """
    if network is None:
        raise UserError(
            "network: expected the file of an explanation network, as `python -m explainers xnn` writes it."
        )
    if not isinstance(network, ExplanationNetwork):
        network = load(Path(network))
    images = image[None]
    activations, logits = activations_of(model, images, network.settings.layer, network.settings.space)
    _check(network, activations, logits)
    output = logits[:, network.classes].argmax(dim=1)
    with torch.inference_mode():
        raw = network.contributions(network.encoder(activations), output)
    maps = x_feature_maps(model, network, images, layer)[0]
    target = network.classes[int(output)]
    return [
        Node(str(i), "", (target,), f"x-feature {i + 1}", float(share), maps[i], float(value))
        for i, (share, value) in enumerate(zip(normalised(raw)[0], raw[0], strict=True))
    ]


Asked: TypeAlias = dict[str, Callable[[], Any]]  # what metrics may ask of an image, by name, each as a function


def _check(network: ExplanationNetwork, activations: torch.Tensor, logits: torch.Tensor) -> None:
    if tuple(activations.shape[1:]) != network.shape or max(network.classes) >= logits.shape[1]:
        raise UserError(
            f"network: explains classes {network.classes} from {network.shape} activations of "
            f"{network.settings.layer!r}; the model gives {tuple(activations.shape[1:])} and {logits.shape[1]} classes."
        )


def _observed(*, network: Path | str, layer: Layer = None) -> Callable[[torch.nn.Module, torch.Tensor], Asked]:
    """Return what metrics of a whole data set ask of an image, as `Record.observe` says."""
    loaded = load(Path(network))

    def of_image(model: torch.nn.Module, image: torch.Tensor) -> Asked:
        images, settings = image[None], loaded.settings
        passed = cache(lambda: activations_of(model, images, settings.layer, settings.space))
        return {
            "approximations": lambda: apply(loaded, passed()[0])[1],
            "logits": lambda: passed()[1],
            "classes": lambda: loaded.classes,
            "maps": lambda: x_feature_maps(model, loaded, images, layer),
        }

    return of_image


RECORD = Record(
    function=xnn,
    title="Explanation network",
    short="XNN",
    paper="Qi, Khorram, Li 2021, Embedding Deep Networks into Visual Explanations, Artificial Intelligence",
    parameters={"network": "The explanation network: its file."},
    needs=("gradients", "layer"),
    files=("network",),
    observe=_observed,
)
