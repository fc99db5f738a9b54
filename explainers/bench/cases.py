"""What is compared: each method with parameters that its peers have too."""

from dataclasses import dataclass, field

from explainers.bench import peers
from explainers.bench.peers import Peer


@dataclass(frozen=True)
class Case:
    """One method with its parameters, which its peers are given too."""

    method: str
    parameters: dict = field(default_factory=dict)
    peers: tuple[Peer, ...] = ()

    @property
    def base(self) -> str:
        """The single-map method that makes the maps."""
        return self.parameters.get("base", self.method)

    @property
    def name(self) -> str:
        return self.method if self.base == self.method else f"{self.method} ({self.base})"


def cases(side: int) -> list[Case]:
    """Return the comparisons for images of this size. CWOX-2s has a part of the paper's samples, in its proportion."""
    occlusion = {"window": side // 7, "stride": side // 14, "fill": (0.0, 0.0, 0.0)}
    rise = {"n_masks": 1000}, {"n_masks": 600}
    lime = {"n_samples": 1000}, {"n_samples": 333}
    return [
        Case("grad_cam", {}, (peers.GRAD_CAM,)),
        Case("lrp", {}, (peers.LRP,)),
        Case("deeplift", {}, (peers.DEEPLIFT,)),
        Case("gradient_shap", {"n_samples": 20}, (peers.GRADIENT_SHAP, peers.SHAP)),
        Case("occlusion", {**occlusion, "output": "logit", "relative": False}, (peers.OCCLUSION,)),
        Case("lime", {"n_samples": 1000}, (peers.LIME,)),
        Case("rise", {"n_masks": 1000}),
        Case("multiscale_occlusion", {"depth": 2}),
        Case("mwp"),
        Case("c_mwp"),
        Case("cwox_2s", _tree_by("grad_cam"), (peers.PUBLISHED_CWOX,)),
        Case("cwox_2s", _tree_by("mwp")),
        Case("cwox_2s", _tree_by("rise", *rise)),
        Case("cwox_2s", _tree_by("lime", *lime)),
    ]


def _tree_by(base, stage_1=None, stage_2=None):
    """Parameters of a tree of the five highest classes, in two clusters."""
    clusters = [list(range(0, 1000, 2)), list(range(1, 1000, 2))]
    return {"base": base, "tree": clusters, "mass": 1.0, "stage_1": stage_1, "stage_2": stage_2}
