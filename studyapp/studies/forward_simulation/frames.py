"""The two frames on a screening's heatmap: where most of what spoke for the class lies, and where hardly any does."""

import numpy as np

from studyapp.core.heatmaps.marks import Frame, read_frame

STEPS, SPAN = 12, 4  # a frame spans four of twelve steps, a third of the picture, each way


def frames_of(saliency: np.ndarray, reference: float = 0.0) -> tuple[Frame, Frame]:
    """Return the frame with most and, of those apart from it, the one with least of a map's evidence for the class.

    `saliency` (H, W) is raw; what lies above `reference` spoke for the class.
    """
    evidence = np.clip(np.asarray(saliency, dtype=np.float64) - reference, 0.0, None)
    found = {_at(row, column): _share(evidence, row, column) for row in _places() for column in _places()}
    inside = max(found, key=lambda frame: found[frame])
    apart = [frame for frame in found if not frame.overlaps(inside)]
    return inside, min(apart, key=lambda frame: found[frame])


def own_frames(parameters: dict, method: str, attempt: int) -> tuple[Frame, Frame] | None:
    """Return the frames that the study states for an attempt at the screening; None where it leaves them to the map."""
    for row_method, row_attempt, *written in parameters["screening_frames"]:
        if (row_method, row_attempt) == (method, str(attempt)):
            inside, outside = map(read_frame, written)
            return (inside, outside) if inside and outside else None
    return None


def frame_problems(parameters: dict) -> list[str]:
    """Return which of the study's own frames can't be drawn, in words."""
    return [
        f"screening_frames, row {number}: expected left, top, width and height in percent, as in “30 40 25 20”, and "
        f"all within the picture; found “{text}”."
        for number, row in enumerate(parameters["screening_frames"], start=1)
        for text in row[2:]
        if read_frame(text) is None
    ]


def _places() -> range:
    return range(STEPS - SPAN + 1)


def _at(row: int, column: int) -> Frame:
    step = 100 / STEPS
    return Frame(column * step, row * step, SPAN * step, SPAN * step)


def _share(evidence: np.ndarray, row: int, column: int) -> float:
    rows, columns = (np.linspace(0, side, STEPS + 1).round().astype(int) for side in evidence.shape)
    return float(evidence[rows[row] : rows[row + SPAN], columns[column] : columns[column + SPAN]].sum())
