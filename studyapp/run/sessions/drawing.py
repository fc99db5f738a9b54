"""A run's plan as its seed draws it."""

from random import Random

from studyapp import models
from studyapp.core.heatmaps import displays
from studyapp.core.questionnaires import plans
from studyapp.core.variants.applied import worded


def plan(definition: dict, condition: models.Condition, order: int, seed: int) -> list[dict]:
    """Return the steps of a run in a condition, in that condition's words."""
    own = worded(definition, condition.factors)
    steps = plans.build(own, condition.name, condition.factors, order, Random(seed))
    return displays.dealt(own, steps, condition.factors, Random(f"{seed}:display"))
