"""What a study's bundle can fill: the parameters to change, and whether that is needed."""

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.engine.kinds import kind

from .values import parameters_of


def fitting(study: models.Study) -> dict:
    """Return the parameters to change so that the study's bundle can fill it; nothing where no kind tells.

    Raises `ValueError` saying in a sentence what the bundle lacks.
    """
    study_kind = kind(study.kind)
    if not study_kind.has("fitting") or study.bundle is None:
        return {}
    record = {
        "parameters": parameters_of(study),
        "kind": study.kind,
        "conditions": [{"name": cell.name, "factors": cell.factors} for cell in study.conditions.all()],
        "seed": study.seed,
    }
    found: dict = study_kind.part("fitting:fit")(record, reader(study.bundle))
    return found


def fit(study: models.Study) -> dict:
    """Change a study's parameters so that its bundle can fill it, and return those; raises as `fitting` does."""
    changed = fitting(study)
    if changed:
        defaults = kind(study.kind).defaults(study.language)
        together = study.parameters | changed
        study.parameters = {name: value for name, value in together.items() if value != defaults[name]}
        study.stimuli = None
        study.save(update_fields=["parameters", "stimuli"])
    return changed
