"""A frozen study as people of one condition read it: its words over the usual ones, and no trace of any others."""

from collections.abc import Iterable, Mapping
from typing import Any

from studyapp.core.engine.kinds import Kind, kind
from studyapp.core.heatmaps.displays import FACTOR, WITHIN, level_names, varies

Record = dict[str, Any]
NAME = "variants"


def worded(definition: Record, factors: Mapping[str, str], step: Record | None = None) -> Record:
    """Return a definition as people in a condition with these factors read it, at a `step` of theirs where one is met.

    The wording of other conditions isn't in it.
    """
    if NAME not in definition:
        return definition
    found = {name: value for name, value in definition.items() if name != NAME}
    for number in applying(definition, factors, step):
        variant = definition[NAME][number - 1]
        found["texts"] = found["texts"] | variant["texts"]
        if variant["questionnaires"]:
            found["questionnaires"] = reworded(found.get("questionnaires", []), variant["questionnaires"])
    return found


def applying(definition: Record, factors: Mapping[str, str], step: Record | None = None) -> list[int]:
    """Return which of a definition's variants are read in a condition with these factors, at a step; from 1."""
    if NAME not in definition:
        return []
    levels = levels_at(definition, factors, step)
    return [number for number, variant in enumerate(definition[NAME], start=1) if applies(variant, levels)]


def applies(variant: Record, levels: Mapping[str, str]) -> bool:
    """Return whether a complete variant is read where the factors have these levels: by any of its conditions."""
    return any(
        all(levels.get(factor) in wanted for factor, wanted in condition.items()) for condition in variant["conditions"]
    )


def levels_at(definition: Record, factors: Mapping[str, str], step: Record | None = None) -> dict[str, str]:
    """Return which level of each factor is met at a step: those of the condition, and those that vary within people."""
    study_kind = kind(definition["kind"])
    return {**factors, **_known(within(study_kind, definition["parameters"], definition["display"]), step or {})}


def within(study_kind: Kind, parameters: Mapping[str, Any], display: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the factors that vary within each participant with their levels; `display` as settings or as frozen."""
    found = study_kind.levels_within(parameters)
    levels = level_names(display)
    return found | ({FACTOR: levels} if levels and varies(display) == WITHIN else {})


def _known(factors: Iterable[str], step: Record) -> dict[str, str]:
    """Return the levels that a step has by itself; its display is that of a trial, or of none yet."""
    of_trial = step.get("trial_index") is not None
    return {name: step[name] for name in factors if step.get(name) and (of_trial or name != FACTOR)}


def reworded(questionnaires: list[Record], own: Record) -> list[Record]:
    """Return complete questionnaires with other words: `{name: {title, intro, items: {code: {entry: words}}}}`."""
    return [_reworded(one, own[one["name"]]) if one["name"] in own else one for one in questionnaires]


def _reworded(one: Record, own: Record) -> Record:
    above = {name: words for name, words in own.items() if name != "items"}
    of_items = own.get("items", {})
    return one | above | {"items": [_item(item, of_items.get(item["code"], {})) for item in one["items"]]}


def _item(item: Record, own: Record) -> Record:
    labels = own.get("options", {})
    if not labels:
        return item | own
    given = [[one, one] if isinstance(one, str) else one for one in item["options"]]
    return item | own | {"options": [[value, labels.get(value, label)] for value, label in given]}
