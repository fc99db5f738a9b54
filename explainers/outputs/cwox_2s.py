"""CWOX-2s: contrastive whole-output explanation in two stages, between confusion clusters and within them.

Xie, Li, Lin, Poon, Cao, Zhang 2023, "Two-Stage Holistic and Contrastive Explanation of Image Classification", UAI;
settings of the base explainers from its supplementary material, section A (cwox-2s-supplementary.txt).
"""

from typing import Annotated, Any

import torch

from explainers.base_explainers import BASES
from explainers.contrast import PARAMETERS, Output, above_percentile, against_others, whole_output
from explainers.errors import UserError
from explainers.methods.grad_cam import grad_cam
from explainers.networks.state import untouched
from explainers.parameters import Bounds, Count
from explainers.record import Peer, Record, Trial
from explainers.trees import Node


@whole_output(base="grad_cam", n_stages=2)
def cwox_2s(
    output: Output, *, percentile: Annotated[float, Bounds(least=0, most=100)] | None = None, level: Count = 1
) -> list[Node]:
    """Return a node per confusion cluster of the top classes, and below those of several classes a node per class.

    Stage 1, of k clusters: H*_C = ReLU((k − 1)·H_C − Σ H_C'), for k = 1 ReLU(H_C); H_C explains log Σ e^{z_c}
    (Grad-CAM, MWP) or Σ p(c) (RISE, LIME). Stage 2, in a cluster of m ≥ 2 classes: H*_c = ReLU((m − 1)·H_c − Σ H_c')
    where H*_C exceeds its `percentile`, else 0; where H*_C is flat, nowhere. A class alone in its cluster is a leaf
    with the stage-1 map.
    """
    percentile = output.base.percentile if percentile is None else percentile
    if output.tree is None:
        raise UserError("tree: cwox_2s needs a latent tree, a file of one, or clusters such as [[3, 5], [7]].")
    confused = output.clusters(output.tree, level)
    raw = torch.stack([output.cluster_map(cluster) for cluster in confused])
    nodes = []
    for number, (cluster, saliency) in enumerate(zip(confused, against_others(output.on_one_scale(raw)), strict=True)):
        nodes.append(output.node(str(number), "", cluster, saliency))
        if len(cluster) > 1:
            maps = against_others(output.on_one_scale(output.class_maps(cluster, stage=1)))
            nodes += output.class_nodes(cluster, maps * above_percentile(saliency, percentile), str(number))
    return nodes


def _published(model: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, **_parameters: Any) -> None:
    """The passes that CWOX's published code makes for clusters of 2 and 3, one after the other; no maps to compare."""
    with untouched(model):
        for image in images:
            for _ in range(17):
                grad_cam(model, image[None], targets[:1, None])
                with torch.inference_mode():
                    model(image[None])


def _trial(base: str, peers: tuple[Peer, ...] = ()) -> Trial:
    """A tree of the five highest classes, in two clusters; of the paper's samples a part, in its proportion."""
    halves = [list(range(0, 1000, 2)), list(range(1, 1000, 2))]
    stage_1, stage_2 = BASES[base].timed
    parameters = {"base": base, "tree": halves, "mass": 1.0, "stage_1": stage_1, "stage_2": stage_2}
    return Trial(lambda _side: parameters, peers)


_PUBLISHED = Peer("as many passes as published: 34 forward, 17 backward", _published)
_PERCENTILES = ", ".join(f"{base.percentile} for {name}" for name, base in BASES.items())

RECORD = Record(
    function=cwox_2s,
    title="Contrastive whole-output explanation in two stages (CWOX-2s)",
    short="CWOX-2s",
    paper="Xie et al. 2023, Two-Stage Holistic and Contrastive Explanation of Image Classification, UAI",
    parameters={
        **PARAMETERS,
        "tree": "The latent tree, a file of one (our JSON or HLTA's), or clusters of class indices.",
        "percentile": f"Of the cluster's map, from which on classes are told apart; {_PERCENTILES} when not given.",
        "level": "The level of the latent tree whose variables are the confusion clusters.",
    },
    needs=("one_label",),
    files=("tree",),
    trials=tuple(_trial(base, (_PUBLISHED,) if base == "grad_cam" else ()) for base in BASES),
)
