"""What a study's settings come to: what its researchers set, and what its kind sets where they left it."""

from typing import Any

from studyapp import models
from studyapp.core.engine.kinds import kind


def parameters_of(study: models.Study) -> dict[str, Any]:
    """Return every parameter of a study with its value."""
    return kind(study.kind).defaults(study.language) | study.parameters


def texts_of(study: models.Study) -> dict[str, str]:
    """Return every text of a study, in the study's own language."""
    return kind(study.kind).texts(study.language) | study.texts


def usual_display_of(study: models.Study) -> dict[str, Any]:
    """Return the fields of a display by which a study's heatmaps are drawn where it sets no other."""
    return kind(study.kind).usual_display(parameters_of(study))
