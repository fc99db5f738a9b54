"""CWOX-1s: contrastive whole-output explanation in one stage, each top class against all others.

The comparison method of Xie et al. 2023 (cwox-2s-supplementary.txt, section A).
"""

from explainers.contrast import PARAMETERS, Output, against_others, whole_output
from explainers.record import Record
from explainers.trees import Node


@whole_output(base="grad_cam", n_stages=1)
def cwox_1s(output: Output) -> list[Node]:
    """Return a node per top class, the most probable first: ReLU((n − 1)·H_c − Σ H_c') over the n top classes."""
    maps = against_others(output.on_one_scale(output.class_maps(output.classes)))
    return output.class_nodes(output.classes, maps)


RECORD = Record(
    function=cwox_1s,
    title="Contrastive whole-output explanation in one stage (CWOX-1s)",
    short="CWOX-1s",
    paper="Xie et al. 2023, Two-Stage Holistic and Contrastive Explanation of Image Classification, UAI",
    parameters=PARAMETERS,
    needs=("one_label",),
    files=("tree",),
)
