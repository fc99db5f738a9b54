"""What is wrong with a study's wording by condition, and what its checklist says of it."""

from collections.abc import Iterable
from random import Random

from studyapp import models
from studyapp.core.engine import display_settings
from studyapp.core.engine.kinds import kind
from studyapp.core.heatmaps import displays
from studyapp.core.questionnaires import plans
from studyapp.core.variants import places, reading
from studyapp.core.variants.applied import within

from .values import parameters_of


def variant_problems(study: models.Study, cells: Iterable[dict]) -> list[str]:
    """Return what is wrong with a study's variants, given its conditions' factors, one sentence each.

    Its questionnaires are without problems. Where they are met is left to `misplaced`.
    """
    around = reading.Around(kind(study.kind), levels_of(study, cells), study.questionnaires)
    return reading.problems(study.variants, around)


def levels_of(study: models.Study, cells: Iterable[dict]) -> dict[str, list[str]]:
    """Return the levels of each factor that wording can follow: those of the conditions, then those within people."""
    study_kind = kind(study.kind)
    found: dict[str, list[str]] = {one.name: [] for one in display_settings.factors(study_kind, study.display)}
    for factors in cells:
        for name, level in factors.items():
            if level not in found.setdefault(name, []):
                found[name].append(level)
    return found | within(study_kind, parameters_of(study), study.display)


def misplaced(record: dict) -> list[str]:
    """Return what words of a definition follow a factor that isn't known yet where they are met, one sentence each."""
    return places.problems(record, [(cell, _steps(record, cell)) for cell in record["conditions"]])


def _steps(record: dict, cell: dict) -> list[dict]:
    steps = plans.build(record, cell["name"], cell["factors"], 0, Random(0))
    return displays.dealt(record, steps, cell["factors"], Random(0))
