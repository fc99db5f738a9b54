"""Which pixels a map calls the most relevant, with ties broken the same way everywhere."""

import torch


def ranks(maps: torch.Tensor) -> torch.Tensor:
    """Return each pixel's place (N, H, W), 0 for the most relevant; ties in reading order, so no place is shared."""
    order = maps.flatten(1).argsort(dim=1, descending=True, stable=True)
    places = torch.empty_like(order)
    places.scatter_(1, order, torch.arange(order.shape[1], device=maps.device).expand_as(order))
    return places.view_as(maps)


def salient(maps: torch.Tensor, threshold: float = 0.5) -> torch.Tensor:
    """Return the pixels at or above `threshold` of the map's range (N, H, W), bool; of a flat map all of them."""
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return maps >= low + threshold * (high - low)
