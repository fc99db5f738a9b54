"""How well a map's salient pixels and its highest one meet the true region.

IoU: as in the comparison of imagenet50-xai-slides. Pointing game: Zhang et al. 2018, IJCV, section 4.2, without the
tolerance of 15 pixels unless asked for.
"""

import torch
import torch.nn.functional as F

from explainers.errors import UserError
from explainers.maps.ranking import ranks, salient
from explainers.record import Metric


def iou(
    _model: torch.nn.Module,
    images: torch.Tensor,
    _targets: torch.Tensor,
    maps: torch.Tensor,
    *,
    masks: torch.Tensor | None = None,
    threshold: float = 0.5,
    tolerance: int = 0,
) -> dict[str, torch.Tensor]:
    """Return intersection over union of salient and true pixels, and whether the highest pixel lies in the truth.

    A map is salient where it reaches `threshold` of its range (a flat map everywhere); of several highest pixels the
    first in reading order counts. Without true pixels both are 0.
    """
    if masks is None or masks.shape != maps.shape:
        given = "none" if masks is None else tuple(masks.shape)
        raise UserError(f"masks: expected one true region per image, {tuple(maps.shape)}, found {given}.")
    truth, shown = masks.to(maps.device).bool(), salient(maps, threshold)
    union = (truth | shown).sum(dim=(1, 2))
    share = (truth & shown).sum(dim=(1, 2)) / union.clamp(min=1)
    near = F.max_pool2d(truth.float(), 2 * tolerance + 1, stride=1, padding=tolerance) > 0
    hit = (near & (ranks(maps) == 0)).any(dim=2).any(dim=1)
    return {"iou": share, "pointing_game": hit.float()}


RECORD = Metric(
    function=iou,
    title="Intersection over union and pointing game",
    paper="imagenet50-xai-slides; Zhang et al. 2018, IJCV",
    parameters={
        "threshold": "Share of the map's range from which a pixel is salient.",
        "tolerance": "Pixels around the true region that still count as a hit.",
    },
    directions={"iou": "higher", "pointing_game": "higher"},
)
