"""Layer-wise relevance propagation: the logit, handed back layer by layer to the pixels it came from.

Bach, Binder, Montavon, Klauschen, Müller, Samek 2015, "On Pixel-Wise Explanations for Non-Linear Classifier Decisions
by Layer-Wise Relevance Propagation", PLOS ONE; composites: Kohlbrenner et al. 2020, "Towards Best Practice in
Explaining Neural Network Decisions with LRP", IJCNN. The rules are zennit's (Anders et al. 2021), for attention and
gates those of AttnLRP (Achtibat et al. 2024; see `explainers.networks.propagation.attention_relevance`).
"""

from collections.abc import Callable
from typing import Any

import torch

from explainers._torchvision import torchvision  # before zennit, which imports it too
from explainers.errors import UserError, near
from explainers.networks.checking import check_outputs
from explainers.networks.outputs import say
from explainers.networks.passes import gradient, in_quick_layout
from explainers.networks.propagation.attention_relevance import AttentionRelevance
from explainers.networks.propagation.relevance import Relevance
from explainers.networks.rewriting.optimised import Optimised, optimised, original
from explainers.networks.state import check_channels, untouched
from explainers.parameters import Colour
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD, normalised
from explainers.record import Peer, Record, Trial
from explainers.targets import as_weightings, pick

from zennit.composites import COMPOSITES, LayerMapComposite, layer_map_base  # isort: skip
from zennit.rules import Epsilon  # isort: skip
from zennit.types import Linear  # isort: skip

_GROWN = 10  # times the logit
_OFFERED = ("epsilon_plus", "epsilon_plus_flat", "epsilon_gamma_box", "epsilon", "attnlrp")


def lrp(
    model: torch.nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    *,
    composite: str = "epsilon_plus",
    mean: Colour = IMAGENET_MEAN,
    std: Colour = IMAGENET_STD,
) -> torch.Tensor:
    """Return the relevance of each pixel, channels summed: (N, T, H, W), signed.

    Relevance starts as the target's logit (as the weighted logits, for weightings), so a map sums to the logit where
    layers have no bias, and positive pixels raise it whatever its sign. `composite`: "epsilon_plus" (ε for linear
    layers, z⁺ for convolutions), "epsilon_plus_flat" (the first layer flat), "epsilon_gamma_box" (γ, first layer z^B
    with the bounds of a picture under `mean` and `std`), "epsilon" (ε throughout), "attnlrp" (the same, and rules for
    attention, layer norm and products of activations, which all others refuse; its softmax keeps no sum). Where sums
    near zero are shared out, as after batch norms that stand between additions, shares can be many times the whole; a
    map that sums to more than ten times the logit is told in the log.
    """
    rules = _rules(composite, images, mean, std)
    kind = AttentionRelevance if composite == "attnlrp" else Relevance
    leaf, logits = _run(model, images, kind, rules)
    pick(logits, targets)  # refuses targets that the model does not have
    check_outputs(model, logits, images, "lrp")
    starts = as_weightings(targets, logits.shape[1]) * logits.detach()[:, None]
    found = [gradient(logits, [leaf], start, retain_graph=True)[0] for start in starts.unbind(1)]
    maps = torch.stack(found, dim=1).sum(dim=2)
    _say_what_grew(model, maps, starts.abs().sum(dim=2))
    return maps


def _say_what_grew(model: torch.nn.Module, maps: torch.Tensor, starts: torch.Tensor) -> None:
    grown = maps.sum(dim=(2, 3)).abs() / starts
    if bool((grown > _GROWN).any()):
        most = float(grown[grown > _GROWN].max())
        say(
            model,
            f"relevance grew to {most:.0f} times the logit, as shares of sums near zero do: the map is hardly one.",
        )


def _run(
    model: torch.nn.Module, images: torch.Tensor, kind: type[Relevance], rules: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images and the logits that they give, whose gradients are relevance."""
    if not isinstance(model, Optimised):
        return in_quick_layout(lambda inputs: _followed(model, inputs, kind(model, rules, inputs)), images)
    copied, graph = model, model.plain_graph(images)
    if graph is None:
        with untouched(original(model)) as lent:
            return _run(lent, images, kind, rules)
    inputs = copied.as_input(images)
    return _followed(lambda leaf: copied.read(graph, leaf), inputs, kind(graph, rules, inputs, stays=True))


def _followed(
    run: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor, steps: Relevance
) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = images.detach().clone().requires_grad_()
    with torch.enable_grad(), steps:
        return leaf, steps.current(run(leaf))


def _rules(name: str, images: torch.Tensor, mean: Colour, std: Colour) -> Any:
    if name not in _OFFERED:
        raise UserError(f"composite: there is no {name!r}.{near(name, _OFFERED)}")
    if name in ("epsilon", "attnlrp"):
        return LayerMapComposite([*layer_map_base(), (Linear, Epsilon())])
    if name == "epsilon_gamma_box":
        check_channels(images, mean)
        low, high = (normalised(torch.full_like(images, value), mean, std) for value in (0.0, 1.0))
        return COMPOSITES[name](low=low, high=high)
    return COMPOSITES[name]()


def _zennit(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    from zennit.attribution import Gradient
    from zennit.canonizers import SequentialMergeBatchNorm
    from zennit.composites import EpsilonPlus
    from zennit.torchvision import ResNetCanonizer

    is_resnet = isinstance(model, torchvision.models.ResNet)
    canonizer = ResNetCanonizer() if is_resnet else SequentialMergeBatchNorm()

    def start(logits: torch.Tensor) -> torch.Tensor:
        return logits.detach() * torch.nn.functional.one_hot(targets, logits.shape[1])

    with Gradient(model=model, composite=EpsilonPlus(canonizers=[canonizer])) as attributor:
        relevance: torch.Tensor = attributor(images.clone(), start)[1]
        return relevance.sum(dim=1)


RECORD = Record(
    function=lrp,
    title="Layer-wise relevance propagation",
    short="LRP",
    paper="Bach et al. 2015, PLOS ONE; Kohlbrenner et al. 2020, IJCNN; rules by zennit; AttnLRP: Achtibat et al. 2024",
    parameters={"composite": f"Which rules apply where: {', '.join(_OFFERED)}."},
    needs=("gradients", "preprocessing"),
    signed=True,
    pixelwise=True,
    together=True,
    prepare=lambda model, parameters: model if parameters["composite"] == "attnlrp" else optimised(model),
    trials=(Trial(peers=(Peer("zennit", _zennit),)),),
)
