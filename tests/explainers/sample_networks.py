"""Small networks with random weights that the tests explain."""

import copy
from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import nn

from explainers._torchvision import torchvision
from explainers.networks.internals.layers import default_layer
from explainers.networks.kernels import has_operator
from explainers.xnn.activations import activations_of
from explainers.xnn.network import ExplanationNetwork, initialise
from explainers.xnn.settings import Settings

LARGE_FAMILIES = ("vgg16", "vgg19", "resnet50")
FAMILIES = ("vgg11", "resnet18", "googlenet", "densenet121", "squeezenet1_1", "mobilenet_v2")
NARROW = ("squeezenet1_1", "mobilenet_v2")  # with fewer channels yet, hardly a ReLU would let a signal through
N_CLASSES = 5
# The defaults would take minutes on two cores.
QUICK = {
    "multiscale_occlusion": {"depth": 1, "n_best": 2},
    "occlusion": {"window": 32, "stride": 16},
    "gradient_shap": {"n_samples": 4},
    "rise": {"n_masks": 6, "grid": 4},
    "lime": {"n_samples": 12},
    "integrated_gradients": {"n_steps": 3},
    "score_cam": {"n_channels": 4},
    "smooth_grad": {"n_samples": 2},
}

FUSED = pytest.mark.skipif(
    not has_operator(torch.device("cpu"), torch.float32), reason="this PyTorch has no oneDNN with fused convolutions"
)


@cache
def family(name: str) -> nn.Module:
    """Return a torchvision network of 5 classes, of full depth, the wide ones of half their width, with random weights.

    They are large enough that signals reach the output, and its logits of a size at which probabilities can change.
    """
    torch.manual_seed(2)  # no class of SqueezeNet, which ends in a ReLU, is 0 for every picture
    model = materialised(untrained(name) if name in NARROW else narrowed(untrained(name)), then=enlarge)
    with torch.no_grad():
        last = [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)][-1]
        last.weight /= model.eval()(pictures(2)).std()
    return model


def enlarge(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.normal_(module.weight, std=(2 / module.weight[0].numel()) ** 0.5)


def materialised(model: nn.Module, then: Callable[[nn.Module], None] = lambda _module: None) -> nn.Module:
    """Return a network without values with those that its layers begin with; memory as it was may hold NaN.

    `then` is called with each module as it has them, before the next one's are drawn.
    """
    model = model.to_empty(device="cpu")
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
        then(module)
    return model


def untrained(name: str) -> nn.Module:
    """Return a torchvision network of 5 classes without values; VGG's hidden layers have 512 units, not 4096."""
    options = {"init_weights": False} if name.startswith("vgg") or name == "googlenet" else {}
    options |= {"aux_logits": False} if name == "googlenet" else {}
    with torch.device("meta"):
        model = torchvision.models.get_model(name, weights=None, num_classes=N_CLASSES, **options)
        if name.startswith("vgg"):
            hidden = [nn.Linear(512 * 7 * 7, 512), nn.ReLU(True), nn.Dropout(), nn.Linear(512, 512), nn.ReLU(True)]
            model.classifier = nn.Sequential(*hidden, nn.Dropout(), nn.Linear(512, N_CLASSES))
    return model


def narrowed(model: nn.Module) -> nn.Module:
    """Return the model with half the channels in each layer: their number costs time and shows nothing more."""

    def fewer(channels: int) -> int:
        return channels if channels in (1, 3, N_CLASSES) else channels // 2

    def as_narrow(module: nn.Module) -> nn.Module:
        bias = getattr(module, "bias", None) is not None
        if isinstance(module, nn.Conv2d):
            sides = {name: getattr(module, name) for name in ("kernel_size", "stride", "padding", "dilation")}
            channels = fewer(module.in_channels), fewer(module.out_channels)
            return nn.Conv2d(*channels, **sides, groups=fewer(module.groups), bias=bias)
        if isinstance(module, nn.Linear):
            return nn.Linear(fewer(module.in_features), fewer(module.out_features), bias)
        return nn.BatchNorm2d(fewer(module.num_features), module.eps, module.momentum)

    with torch.device("meta"):
        for parent in list(model.modules()):
            for name, child in parent.named_children():
                if isinstance(child, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                    setattr(parent, name, as_narrow(child))
    return model


@cache
def vision_transformer() -> nn.Module:
    """Return torchvision's vision transformer, of two small layers: 64 × 64 pixels, 5 classes."""
    return small_transformer(5).eval()


def explanation_network(model: nn.Module, images: torch.Tensor, n_classes: int = 5) -> ExplanationNetwork:
    """Return an explanation network with random weights: eight x-features of the means of the model's usual layer."""
    layer = next(name for name, module in model.named_modules() if module is default_layer(model, images))
    activations, _ = activations_of(model, images, layer)
    settings = Settings(layer=layer, features=8, hidden=(32, 16))
    network = ExplanationNetwork(settings, range(n_classes), activations.shape[1:])
    initialise(network, activations, torch.Generator().manual_seed(0))
    return network.eval()


def without_biases(model: nn.Module) -> nn.Module:
    """Return a copy in which every bias, and every running mean, is zero."""
    model = copy.deepcopy(model)
    for module in model.modules():
        for name in ("bias", "running_mean"):
            if getattr(module, name, None) is not None:
                nn.init.zeros_(getattr(module, name))
    return model


def small_cnn(n_classes: int = 3, seed: int = 0) -> nn.Module:
    """Return a plain convolutional network with batch norm, dropout and a fully connected layer."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(48, 16),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(16, n_classes),
    )


def pictures(n: int = 2, side: int = 64, seed: int = 0) -> torch.Tensor:
    """Return smooth random inputs (n, 3, side, side)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(n, 3, 8, 8, generator=generator)
    return nn.functional.interpolate(coarse, size=(side, side), mode="bilinear", align_corners=False)


def small_transformer(n_classes: int = 3, seed: int = 0) -> nn.Module:
    """Return a vision transformer of two small blocks, for 64 × 64 pixels."""
    torch.manual_seed(seed)
    model = torchvision.models.VisionTransformer(64, 16, 2, 2, 32, 64, num_classes=n_classes)
    nn.init.normal_(model.heads.head.weight, std=0.2)
    return model


def small_network(method: str) -> nn.Module:
    """Return a small network of three classes, of a kind that the method explains."""
    from explainers import METHODS

    return small_transformer() if "attention" in METHODS[method].needs else small_cnn()


def of_any_network() -> list[str]:
    """Return the methods that explain convolutional networks, too."""
    from explainers import METHODS

    return sorted(name for name, record in METHODS.items() if "attention" not in record.needs)


def quick(name: str) -> dict:
    """Return parameters with which a method takes little time, a seeded generator among them where it has one."""
    from explainers import METHODS

    parameters = dict(QUICK.get(name, {}))
    if "generator" in METHODS[name].defaults:
        parameters["generator"] = torch.Generator().manual_seed(7)
    return parameters
