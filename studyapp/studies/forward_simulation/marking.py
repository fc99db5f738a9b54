"""The heatmaps of the screening's second examples, on which a study can mark its two frames itself."""

from studyapp.core.engine.kinds import methods_of
from studyapp.core.heatmaps.marks import Marking

from .frames import frames_of, own_frames
from .statements import FRAMES, filled, speaks, statements

ABOUT_FRAMES = 1  # which of an attempt's examples asks about its heatmap
CALLED = {"inside": "where much of the evidence lies", "outside": "where hardly any does"}


def markings(definition: dict, bundle) -> list[Marking]:
    """Return each method's heatmap of each attempt's second example, with its frames."""
    text, marked = definition["texts"]["screening_heatmap"], []
    for method in methods_of(definition):
        for attempt, examples in enumerate(definition["stimuli"]["screening"], start=1):
            example = examples[ABOUT_FRAMES]
            name, title = example["class_name"], bundle.method_title(method)
            node = bundle.heatmap(example["image"], method, name)
            own = own_frames(definition["parameters"], method, attempt)
            values = {"class_name": name, **dict(zip(FRAMES, "AB", strict=True))}
            asked = [(filled(one["text"], values), one["right"]) for one in statements(text)] if speaks(text) else []
            usual = frames_of(bundle.saliency(node), node.reference)
            marked.append(
                Marking(
                    keys=(method, str(attempt)),
                    title=f"{title}, attempt {attempt}" if len(definition["stimuli"]["screening"]) > 1 else title,
                    node=node,
                    called=CALLED,
                    asked=tuple(asked),
                    usual=dict(zip(FRAMES, usual, strict=True)),
                    own=dict(zip(FRAMES, own, strict=True)) if own else None,
                )
            )
    return marked
