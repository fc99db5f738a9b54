"""CWOX-2s: contrastive whole-output explanation in two stages, between confusion clusters and within them.

Xie, Li, Lin, Poon, Cao, Zhang 2023, "Two-Stage Holistic and Contrastive Explanation of Image Classification", UAI;
settings of the base explainers from its supplementary material, section A (cwox-2s-supplementary.txt).
"""

import torch

from explainers.contrast import Output, above_percentile, against_others
from explainers.errors import UserError
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.record import Record
from explainers.trees import Node, as_tree, clusters


def cwox_2s(
    model,
    image,
    *,
    tree=None,
    base="grad_cam",
    stage_1=None,
    stage_2=None,
    percentile=None,
    level=1,
    mass=0.95,
    most=5,
    scale="peak",
    generator=None,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    batch_size=None,
    progress=None,
) -> list[Node]:
    """Return a node per confusion cluster of the top classes, and below those of several classes a node per class.

    Stage 1, of k clusters: H*_C = ReLU((k − 1)·H_C − Σ H_C'), for k = 1 ReLU(H_C); H_C explains log Σ e^{z_c}
    (Grad-CAM, MWP) or Σ p(c) (RISE, LIME). Stage 2, in a cluster of m ≥ 2 classes: H*_c = ReLU((m − 1)·H_c − Σ H_c')
    where H*_C exceeds its `percentile`, else 0; where H*_C is flat, nowhere. A class alone in its cluster is a leaf
    with the stage-1 map.
    """
    if tree is None:
        raise UserError("tree: cwox_2s needs a latent tree, a file of one, or clusters such as [[3, 5], [7]].")
    tree = as_tree(tree)
    options = {"generator": generator, "mean": mean, "std": std, "batch_size": batch_size, "progress": progress}
    output = Output(model, image, base, (stage_1, stage_2), mass=mass, most=most, scale=scale, options=options)
    percentile = output.base.percentile if percentile is None else percentile
    found = clusters(output.classes, tree, level)
    raw = torch.stack([output.cluster_map(cluster) for cluster in found])
    nodes = []
    for number, (cluster, saliency) in enumerate(zip(found, against_others(output.on_one_scale(raw)), strict=True)):
        nodes.append(output.node(str(number), "", cluster, saliency))
        if len(cluster) > 1:
            nodes += _within(output, cluster, number, above_percentile(saliency, percentile))
    return nodes


def _within(output, cluster, number, inside):
    maps = against_others(output.on_one_scale(output.class_maps(cluster, stage=1))) * inside
    return [output.node(f"{number}.{i}", str(number), (c,), maps[i]) for i, c in enumerate(cluster)]


RECORD = Record(
    function=cwox_2s,
    title="Contrastive whole-output explanation in two stages (CWOX-2s)",
    paper="Xie et al. 2023, Two-Stage Holistic and Contrastive Explanation of Image Classification, UAI",
    parameters={
        "tree": "The latent tree, a file of one (our JSON or HLTA's), or clusters of class indices.",
        "percentile": "Of the cluster's map, from which on classes are told apart; 50 for grad_cam, 60 for mwp, "
        "70 for rise, 85 for lime when not given.",
        "level": "The level of the latent tree whose variables are the confusion clusters.",
        "stage_2": "As `stage_1`, for the maps within clusters.",
    },
    needs=("one_label",),
    files=("tree",),
)
