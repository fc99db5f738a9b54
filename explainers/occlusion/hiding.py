"""Hide rectangles of images, one at a time, and see how the scores change."""

from typing import Any

import torch
from torch import fx

from explainers.errors import UserError, near
from explainers.networks.perturbation import classify, readout, usual_batch
from explainers.networks.rewriting.incremental import Incremental, can_be_incremental
from explainers.networks.rewriting.optimised import Optimised, optimised
from explainers.networks.state import check_channels
from explainers.parameters import Colour, Fill, Progress
from explainers.preprocessing import normalised
from explainers.targets import pick

FILLS = ("neighbours", "mean", "grey", "black")
_COLOURS = {"grey": 169 / 255, "black": 0.0}


@torch.inference_mode()
def occluded_scores(
    model: torch.nn.Module,
    images: torch.Tensor,
    rectangles: torch.Tensor,
    targets: torch.Tensor,
    *,
    fill: Fill,
    mean: Colour,
    std: Colour,
    precision: str = "full",
    **options: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the original scores (N, T) and those with each rectangle hidden (N, T, R).

    `rectangles` (R, 4), int: top, bottom, left, right in pixels, ends excluded. `options` go to `classify`. On a CPU
    only what a rectangle changes is computed, as far as the network's steps are local.
    """
    model, options = optimised(model, precision), {**options, "precision": precision}
    model.check(images[:1])
    colours = fill_colours(images, rectangles, fill, mean, std)
    graph = model.model
    if images.device.type == "cpu" and can_be_incremental(graph):
        singly = zip(images, colours, targets, strict=True)
        found = [_in_part(model, graph, one[None], rectangles, own, target, **options) for one, own, target in singly]
        originals, hidden = zip(*found, strict=True)
        return torch.stack(originals), torch.stack(hidden)
    original = classify(model, images, 1, lambda *_: None, targets, **options)[..., 0]
    return original, _whole(model, images, rectangles, colours, targets, **options)


def _in_part(
    model: Optimised,
    graph: fx.GraphModule,
    image: torch.Tensor,
    rectangles: torch.Tensor,
    colours: torch.Tensor,
    target: torch.Tensor,
    *,
    output: str,
    batch_size: int | None = None,
    progress: Progress = None,
    **_options: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return one image's original scores (T,) and those of its rectangles (T, R), of which like sizes go together."""

    def scored(logits: torch.Tensor) -> torch.Tensor:
        if progress is not None:
            progress(len(logits))
        scores = readout(logits.to(colours.dtype), output, bool(model.reader.is_binary))
        return pick(scores, target.expand(len(logits), *target.shape))

    image = model.as_input(image)
    network, fills = Incremental(graph, image, model.read), colours.to(image.dtype)
    heights, widths = (rectangles[:, 1::2] - rectangles[:, ::2]).unbind(1)
    order = torch.argsort(heights * widths * (heights.max() + 1) + heights, stable=True)
    batches = order.split(batch_size or usual_batch(image))
    hidden = torch.cat([scored(model.read(network, rectangles[some], fills[some])) for some in batches])
    return scored(network.logits)[0], hidden[order.argsort()].T


def _whole(
    model: torch.nn.Module,
    images: torch.Tensor,
    rectangles: torch.Tensor,
    colours: torch.Tensor,
    targets: torch.Tensor,
    **options: Any,
) -> torch.Tensor:
    bounds = rectangles.tolist()

    def hide(batch: torch.Tensor, which: torch.Tensor, variant: torch.Tensor) -> None:
        for row, (n, r) in enumerate(zip(which.tolist(), variant.tolist(), strict=True)):
            top, bottom, left, right = bounds[r]
            batch[row, :, top:bottom, left:right] = colours[n, r, :, None, None]

    return classify(model, images, len(bounds), hide, targets, **options)


def fill_colours(images: torch.Tensor, rectangles: torch.Tensor, fill: Fill, mean: Colour, std: Colour) -> torch.Tensor:
    """Return the colour that hides each rectangle, in the model's input space: (N, R, C)."""
    (n_images, n_channels), n_rectangles = images.shape[:2], len(rectangles)
    if isinstance(fill, str) and fill not in FILLS:
        raise UserError(f"fill: there is no {fill!r}.{near(fill, FILLS)}")
    if fill == "neighbours":
        return _neighbour_means(images, rectangles.to(images.device))
    if fill == "mean":
        return images.mean(dim=(2, 3))[:, None].expand(-1, n_rectangles, -1)
    if isinstance(fill, str):
        check_channels(images, mean)
        colour = normalised(images.new_full((n_channels, 1, 1), _COLOURS[fill]), mean, std).flatten()
    else:
        colour = torch.as_tensor(fill, dtype=images.dtype, device=images.device)
    if colour.shape != (n_channels,):
        raise UserError(f"fill: expected a name or {n_channels} values, one per channel, found {fill!r}.")
    return colour.expand(n_images, n_rectangles, n_channels)


def _neighbour_means(images: torch.Tensor, rectangles: torch.Tensor) -> torch.Tensor:
    """The mean of the one-pixel strips along the four sides, without corners and inside the image.

    By sums over the image from its corner, in float64: every rectangle costs a few look-ups. A rectangle without
    neighbours, the whole image, takes the image's mean.
    """
    height, width = images.shape[-2:]
    top, bottom, left, right = rectangles.unbind(1)
    strips = (
        ((top - 1).clamp(min=0), top, left, right),
        (bottom, (bottom + 1).clamp(max=height), left, right),
        (top, bottom, (left - 1).clamp(min=0), left),
        (top, bottom, right, (right + 1).clamp(max=width)),
    )
    sums = torch.nn.functional.pad(images.double().cumsum(dim=-1).cumsum(dim=-2), (1, 0, 1, 0))
    total, area = sums.new_zeros(()), torch.zeros_like(top)
    for t, b, l, r in strips:  # noqa: E741
        total = total + sums[..., b, r] - sums[..., t, r] - sums[..., b, l] + sums[..., t, l]
        area = area + (b - t) * (r - l)
    whole = images.double().mean(dim=(2, 3))[..., None]
    means = torch.where(area > 0, total / area.clamp(min=1), whole)
    return means.permute(0, 2, 1).to(images.dtype)


def importance(original: torch.Tensor, occluded: torch.Tensor, relative: bool = True) -> torch.Tensor:
    """Return s₀ − s, or (s₀ − s) / |s₀| (zero where s₀ is): (N, T, R)."""
    drop = original[..., None] - occluded
    if not relative:
        return drop
    size = original.abs()[..., None]
    return torch.where(size > 0, drop / size.clamp(min=torch.finfo(drop.dtype).tiny), 0)
