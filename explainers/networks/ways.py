"""Gradients along straight ways from where evidence is missing to the image, in pixels or in a layer's activations.

Integrated and expected gradients are means of gradient times difference at points of such ways.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F

from explainers.errors import UserError
from explainers.networks.internals.layers import find_layer
from explainers.networks.internals.maps import Reading, map_reader
from explainers.networks.passes import gradients_of
from explainers.networks.rewriting.optimised import optimised, scores_of
from explainers.parameters import Layer
from explainers.targets import pick


class Ways:
    """Ways from each of `begins` (B, C, H, W) to each image (N, C, H, W).

    With `layer` they lead through that layer's activations, maps in any layout or tokens. In pixels the model's
    optimised copy is run.
    """

    def __init__(self, model: torch.nn.Module, images: torch.Tensor, begins: torch.Tensor, layer: Layer = None) -> None:
        self._images, self._module = images, None if layer is None else find_layer(model, layer, images)
        if self._module is None:
            self._model: torch.nn.Module = optimised(model)
            self._as_maps: Reading = _as_they_are
            channels_last = torch.channels_last
            self._ends, self._begins = (x.contiguous(memory_format=channels_last) for x in (images, begins))
        else:
            self._model = model
            self._ends, self._begins = (_activations(model, self._module, x) for x in (images, begins))
            self._as_maps = map_reader(model, self._module, self._ends, images)

    def terms(self, targets: torch.Tensor, begin: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return ∇y(b + t(x − b))·(x − b), channels summed: (P, N, T, h, w), of P points of each image's way.

        `begin` says from which of `begins` each point's way comes: (P,), or (P, N) of each image. `t` (P,): how far.
        """
        base = self._begins[begin]
        base = base[:, None] if begin.ndim == 1 else base
        difference = self._ends[None] - base
        points = base + t.reshape(-1, *[1] * self._ends.ndim) * difference
        leaf = points.flatten(0, 1).requires_grad_()
        repeated = targets.repeat(len(points), *[1] * (targets.ndim - 1))
        with torch.enable_grad():
            if self._module is None:
                scores = scores_of(self._model, leaf, repeated)
            else:
                with _replaced(self._module, leaf):
                    scores = pick(self._model(self._images.repeat(len(points), 1, 1, 1)), repeated)
            of_each = gradients_of(scores, leaf)
        terms = [self._as_maps(gradient.unflatten(0, points.shape[:2]) * difference) for gradient in of_each]
        return torch.stack([term.sum(dim=-3) for term in terms], dim=2)

    def enlarged(self, maps: torch.Tensor) -> torch.Tensor:
        """Return maps (…, h, w) of a layer's activations at the images' size; those of pixels as they are."""
        size = self._images.shape[-2:]
        if maps.shape[-2:] == size:
            return maps
        return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def _as_they_are(values: torch.Tensor) -> torch.Tensor:
    return values


@torch.no_grad()
def _activations(model: torch.nn.Module, module: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    found: list[torch.Tensor] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: found.append(output))
    try:
        model(images)
    finally:
        handle.remove()
    if not found or not isinstance(found[-1], torch.Tensor) or found[-1].ndim < 3:
        raise UserError("layer: a way needs a layer with activations (N, C, H, W), or tokens (N, T, D).")
    return found[-1].clone()


@contextmanager
def _replaced(module: torch.nn.Module, activations: torch.Tensor) -> Iterator[None]:
    handle = module.register_forward_hook(lambda _module, _inputs, _output: activations.clone())
    try:
        yield
    finally:
        handle.remove()
