"""SWOX: simple whole-output explanation, one map per top class on its own.

The comparison method of Xie et al. 2023 (cwox-2s-supplementary.txt, section A and figures C.1 to C.8).
"""

from explainers.contrast import Output
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.record import Record
from explainers.trees import Node


def swox(
    model,
    image,
    *,
    tree=None,
    base="grad_cam",
    stage_1=None,
    mass=0.95,
    most=5,
    generator=None,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    batch_size=None,
    progress=None,
) -> list[Node]:
    """Return a node per top class, the most probable first; its map is the positive part of the base explainer's."""
    options = {"generator": generator, "mean": mean, "std": std, "batch_size": batch_size, "progress": progress}
    output = Output(model, image, base, (stage_1,), mass=mass, most=most, scale="none", options=options)
    maps = output.class_maps(output.classes).relu()
    return [output.node(str(i), "", (c,), maps[i]) for i, c in enumerate(output.classes)]


RECORD = Record(
    function=swox,
    title="Simple whole-output explanation (SWOX)",
    paper="Xie et al. 2023, Two-Stage Holistic and Contrastive Explanation of Image Classification, UAI",
    parameters={"tree": "Not used to make the maps; says which classes they are contrasted with when scored."},
    needs=("one_label",),
    files=("tree",),
)
