"""Recipes: for one kind of study each, its measures, its default plan and the sections of its report.

A recipe is a module of this package with

    KIND                     the study's kind, as `dataset_description.json` names it
    PLAN                     the plan used where none was frozen with the study
    measures(study)          -> list[Measure], the outcomes per participant
    sections(study, plan)    -> list[(title, function)], each function returning a Section

and, if its participants saw something else of a stimulus than its own heatmap, a `METRICS_NOTE` that says so.
It is found by being here; recipes never import each other.
"""

import importlib
import pkgutil
from types import ModuleType

from analysis.errors import AnalysisError


def find(kind: str) -> ModuleType:
    """Return the recipe of a kind of study; raises `AnalysisError` naming the kinds there are."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    by_kind = {recipe.KIND: recipe for recipe in (importlib.import_module(f"{__name__}.{name}") for name in names)}
    if kind not in by_kind:
        expected = ", ".join(sorted(by_kind))
        raise AnalysisError(
            f"kind of study: found {kind!r}, expected one of {expected}, which have recipes; without one, "
            "`python -m analysis map TRIALS.csv` proposes how to read its trials"
        )
    return by_kind[kind]
