"""SWOX: simple whole-output explanation, one map per top class on its own.

The comparison method of Xie et al. 2023 (cwox-2s-supplementary.txt, section A and figures C.1 to C.8).
"""

from explainers.contrast import PARAMETERS, Output, whole_output
from explainers.record import Record
from explainers.trees import Node


@whole_output(base="grad_cam", n_stages=1, scaled=False)
def swox(output: Output) -> list[Node]:
    """Return a node per top class, the most probable first; its map is the positive part of the base explainer's."""
    maps = output.class_maps(output.classes).relu()
    return output.class_nodes(output.classes, maps, references=output.references())


RECORD = Record(
    function=swox,
    title="Simple whole-output explanation (SWOX)",
    short="SWOX",
    paper="Xie et al. 2023, Two-Stage Holistic and Contrastive Explanation of Image Classification, UAI",
    parameters=PARAMETERS,
    needs=("one_label",),
    files=("tree",),
)
