"""The single-map explainers that whole-output methods build on: maps of an output's top classes, at one or two stages.

cwox-2s-supplementary.txt, section A: Grad-CAM and MWP look at a coarse layer in stage 1 and a finer one in stage 2,
RISE and LIME use other masks or segments. For Grad-CAM and MWP one forward and one batched backward pass serve all
classes and both layers; RISE and LIME classify one set of variants per stage for all classes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F

from explainers.errors import UserError, near
from explainers.methods.lime import lime
from explainers.methods.rise import rise
from explainers.networks.excitation import Excitation
from explainers.networks.graph import optimised
from explainers.networks.layers import find_layer, finer_layer
from explainers.networks.state import tapped


@dataclass(frozen=True)
class Base:
    """A base explainer: its settings in both stages and the percentile δ of stage 2.

    `begin(model, image, settings, options)` gives the logits (K,) and a function (classes, stage) → signed maps
    (T, H, W). `is_linear_in_probability`: a cluster's map is the sum of its classes' maps (p(C) = Σ p(c)); otherwise
    it is their mean weighted by the softmax of the logits within the cluster (z_C = log Σ e^z, to first order).
    """

    begin: Callable
    stages: tuple[dict, dict]
    percentile: float
    is_linear_in_probability: bool


def find_base(name: str) -> Base:
    if name not in BASES:
        raise UserError(f"base: there is no base explainer {name!r}.{near(name, BASES)}")
    return BASES[name]


def settings_of(base: Base, given: tuple[dict | None, ...]) -> list[dict]:
    """Return the settings of each stage: the base explainer's, with those that were given in their place."""
    settings = []
    for number, (usual, own) in enumerate(zip(base.stages, given, strict=False), 1):
        if not isinstance(own or {}, dict):
            raise UserError(f"stage_{number}: expected settings of the base explainer by name, found {own!r}.")
        for name in own or {}:
            if name not in usual:
                raise UserError(f"stage_{number}: there is no setting {name!r}.{near(name, usual)}")
        settings.append({**usual, **(own or {})})
    return settings


def _grad_cam(model, image, settings, _options):
    modules = _layers(model, image, settings)
    with tapped(modules) as outputs:
        logits = model(image)
    activations = [_activation(outputs, module) for module in modules]

    @cache
    def weighted(classes):
        each = F.one_hot(torch.tensor(classes), logits.shape[1]).to(logits)[:, None]
        gradients = torch.autograd.grad(logits, activations, each, is_grads_batched=True)
        return [
            torch.einsum("tc,chw->thw", found[:, 0].mean(dim=(-2, -1)), activation.detach()[0])
            for found, activation in zip(gradients, activations, strict=True)
        ]

    return logits.detach()[0], lambda classes, stage: _enlarged(weighted(tuple(classes))[stage], image)


def _layers(model, image, settings):
    """Return a module per stage: the named one, or the usual one in stage 1 and a finer one in stage 2."""
    usual = (lambda: find_layer(model, None, image), lambda: finer_layer(model, image))
    named = [stage["layer"] for stage in settings]
    return [
        find() if layer is None else find_layer(model, layer, image) for layer, find in zip(named, usual, strict=False)
    ]


def _mwp(model, image, settings, _options):
    excitation = Excitation(model, image, _layers(model, image, settings))

    @cache
    def probability(classes):
        starts = F.one_hot(torch.tensor(classes), excitation.outputs.shape[1])[None]
        return [found[0].sum(dim=1) for found in excitation.propagated(starts)]

    return excitation.outputs[0], lambda classes, stage: _enlarged(probability(tuple(classes))[stage], image)


def _activation(outputs, module):
    found = outputs.get(module)
    if found is None or found.ndim != 4:
        what = "takes no part in the forward pass" if found is None else f"gives {tuple(found.shape)}"
        raise UserError(f"layer: expected activations (N, C, H, W); {type(module).__name__} {what}.")
    return found


def _enlarged(maps, image):
    return F.interpolate(maps[None], size=image.shape[-2:], mode="bilinear", align_corners=False)[0]


def _rise(model, image, settings, options):
    return _perturbed(rise, model, image, settings, {key: options[key] for key in ("generator", *_BATCHES)})


def _lime(model, image, settings, options):
    return _perturbed(lime, model, image, settings, options)


_BATCHES = ("batch_size", "progress")


def _perturbed(method, model, image, settings, options):
    model = optimised(model)
    with torch.inference_mode():
        logits = model(image)[0]

    def maps(classes, stage):
        return method(model, image, torch.tensor([classes], device=image.device), **settings[stage], **options)[0]

    return logits.clone(), maps


BASES = {
    "grad_cam": Base(_grad_cam, ({"layer": None}, {"layer": None}), 50, False),
    "mwp": Base(_mwp, ({"layer": None}, {"layer": None}), 60, False),
    "rise": Base(_rise, ({"n_masks": 5000, "grid": 15, "p": 0.3}, {"n_masks": 3000, "grid": 10, "p": 0.15}), 70, True),
    "lime": Base(_lime, ({"n_samples": 3000, "kernel_size": 8}, {"n_samples": 1000, "kernel_size": 4}), 85, True),
}
