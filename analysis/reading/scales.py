"""What the points of a rating are called: by the export, never by this package.

A study may have a scale of seven points and words of its own. It records them as a parameter that lists the points, or
as the `levels` of the column in `dataset_description.json`.
"""

from dataclasses import dataclass, field

import pandas as pd

from analysis.reading.study import Study

UNNAMED = "The export does not name the points of this scale; they are shown as numbers."


@dataclass(frozen=True)
class Scale:
    """The points of a rating, lowest first, each with its words; a scale may name its ends alone, or nothing.

    `remark` says in words why points have none.
    """

    labels: dict[int, str] = field(default_factory=dict)
    remark: str = ""

    @property
    def limits(self) -> tuple[float, float] | None:
        """The ends of the scale, where any point is named."""
        return (float(min(self.labels)), float(max(self.labels))) if self.labels else None

    @property
    def points(self) -> dict[int, str]:
        """Every point between the lowest and the highest that is named, as a number where it has no words."""
        if not self.labels:
            return {}
        return {point: self.labels.get(point, str(point)) for point in range(min(self.labels), max(self.labels) + 1)}


def scale(study: Study, column: str, answers: pd.Series, parameter: str = "", *, best_first: bool = False) -> Scale:
    """Return the scale of a column's answers.

    `parameter` is the study's parameter that lists the points, lowest first (or `best_first`), where its kind has one:
    it counts before the column's `levels`. Points that do not cover the answers given are another scale's, and unused.
    """
    labels = _listed(study.parameters.get(parameter), best_first) or _levels(study, column)
    given = pd.to_numeric(answers, errors="coerce").dropna()
    if not labels:
        return Scale(remark=UNNAMED)
    if len(given) and not (min(labels) <= given.min() and given.max() <= max(labels)):
        span = f"answers from {given.min():g} to {given.max():g}, points named from {min(labels)} to {max(labels)}"
        return Scale(remark=f"The export names the points of another scale ({span}); they are shown as numbers.")
    return Scale(labels)


def _listed(points: object, best_first: bool) -> dict[int, str]:
    if not isinstance(points, list):
        return {}
    return {number: str(point) for number, point in enumerate(points[::-1] if best_first else points, start=1)}


def _levels(study: Study, column: str) -> dict[int, str]:
    """Return the `levels` of a column's entry in `variableMeasured`; those that are no whole numbers name no points."""
    entry = next((entry for entry in study.variables if entry.get("name") == column), {})
    levels = entry.get("levels")
    if not isinstance(levels, dict) or not all(str(code).lstrip("-").isdigit() for code in levels):
        return {}
    return {int(code): str(label) for code, label in sorted(levels.items(), key=lambda item: int(item[0]))}
