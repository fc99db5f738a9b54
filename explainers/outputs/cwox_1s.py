"""CWOX-1s: contrastive whole-output explanation in one stage, each top class against all others.

The comparison method of Xie et al. 2023 (cwox-2s-supplementary.txt, section A).
"""

from explainers.contrast import Output, against_others
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.record import Record
from explainers.trees import Node


def cwox_1s(
    model,
    image,
    *,
    tree=None,
    base="grad_cam",
    stage_1=None,
    mass=0.95,
    most=5,
    scale="peak",
    generator=None,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    batch_size=None,
    progress=None,
) -> list[Node]:
    """Return a node per top class, the most probable first: ReLU((n − 1)·H_c − Σ H_c') over the n top classes."""
    options = {"generator": generator, "mean": mean, "std": std, "batch_size": batch_size, "progress": progress}
    output = Output(model, image, base, (stage_1,), mass=mass, most=most, scale=scale, options=options)
    maps = against_others(output.on_one_scale(output.class_maps(output.classes)))
    return [output.node(str(i), "", (c,), maps[i]) for i, c in enumerate(output.classes)]


RECORD = Record(
    function=cwox_1s,
    title="Contrastive whole-output explanation in one stage (CWOX-1s)",
    paper="Xie et al. 2023, Two-Stage Holistic and Contrastive Explanation of Image Classification, UAI",
    parameters={"tree": "Not used to make the maps; says which classes they are contrasted with when scored."},
    needs=("one_label",),
    files=("tree",),
)
