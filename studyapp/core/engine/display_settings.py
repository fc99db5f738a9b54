"""What researchers set of how their study's heatmaps look: checked, in words, and as a factor of its conditions."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from studyapp.core.display import Display, colour_tables, read_display
from studyapp.core.heatmaps.displays import (
    BETWEEN,
    FACTOR,
    FIELDS,
    WITHIN,
    Fields,
    display_for,
    level_names,
    varies,
    word,
)

from .kinds import Factor, Kind

LEVEL = re.compile(r"[A-Za-z0-9_-]{1,30}")  # a part of conditions' names, and a value in tables
MOST_LEVELS = 8


def problems(settings: Any, usual: Fields) -> list[str]:
    """Return what is wrong with a study's settings, one sentence each; `usual` are the kind's fields.

    Whether a bundle has the methods named is not looked at.
    """
    return [f"{where}: {found}." for where, found in _problems(settings, usual)]


def factors(study_kind: Kind, settings: Fields) -> tuple[Factor, ...]:
    """Return what a study's conditions vary: its kind's factors, and its display where that varies between people."""
    levels = level_names(settings)
    if not levels or varies(settings) != BETWEEN:
        return study_kind.factors
    return (*study_kind.factors, Factor(FACTOR, tuple(levels), "How the heatmaps are drawn."))


def of_level(settings: Fields, level: str) -> dict[str, Any]:
    """Return a level as settings of its own, without the study's to stand on; it draws every map the same."""
    own = dict(settings["levels"][level])
    base = {name: settings[name] for name in FIELDS if name in settings}
    other_sign = own.get("sign", base.get("sign", Display.sign)) != base.get("sign", Display.sign)
    taken = {*own} | ({"colours"} if other_sign else set())
    below = {method: _without(fields, taken) for method, fields in settings.get("methods", {}).items()}
    above = own.pop("methods", {})
    methods = {name: below.get(name, {}) | above.get(name, {}) for name in [*below, *above]}
    methods = {name: fields for name, fields in methods.items() if fields}
    return _without(base, taken) | own | ({"methods": methods} if methods else {})


def with_levels(settings: Fields, levels: Fields, varies: str) -> dict[str, Any]:
    """Return settings whose displays are these levels and those that it had of other names, each on its own."""
    earlier = {level: of_level(settings, level) for level in settings.get("levels", {})}
    return {"levels": earlier | dict(levels), "varies": varies}


def _without(fields: Fields, names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def in_words(settings: Fields) -> dict[str, str]:
    """Return a study's settings as its record of changes tells them: what is set, by what it is of."""
    found = {"Display": _listed(settings)} | {
        f"Display of “{method}”": _listed(own) for method, own in settings.get("methods", {}).items()
    }
    for level in level_names(settings):
        own = settings["levels"][level]
        found[f"Display “{level}”"] = _listed(own) or "as the study's"
        for method, fields_of in own.get("methods", {}).items():
            found[f"Display “{level}” of “{method}”"] = _listed(fields_of)
    if settings.get("levels"):
        found["Display varies"] = varies(settings)
    return {name: words for name, words in found.items() if words or name != "Display"}


def _listed(own: Fields) -> str:
    return ", ".join(f"{name} {word(own[name])}" for name in FIELDS if name in own)


def _problems(settings: Any, usual: Fields) -> Iterator[tuple[str, str]]:
    """Yield where something is wrong, and what was expected; the first thing of each part."""
    if wrong := _not_known(settings, (*FIELDS, "methods", "levels", "varies")):
        yield "display", wrong
        return
    levels = settings.get("levels", {})
    if found := _not_levels(settings, levels):
        yield found
        return
    parts = {"display": settings} | {f"display.levels.{name}": own for name, own in levels.items()}
    wrong_parts = [one for where, own in parts.items() for one in _part_problems(where, own)]
    yield from wrong_parts
    if wrong_parts:
        return
    named = {method for own in parts.values() for method in own.get("methods", {})}
    looks: dict[str, list[Display]] = {}
    for level in ("", *levels):
        for method in ("", *sorted(named)):
            own = [*([f"levels.{level}"] if level else []), *([f"methods.{method}"] if method else [])]
            try:
                looks.setdefault(level, []).append(display_for({"name": method}, settings, usual, level))
            except ValueError as error:
                yield ".".join(["display", *own]), str(error)
                return
    for first in levels:
        for second in levels:
            if first < second and looks[first] == looks[second]:
                yield "display.levels", f"expected displays that differ; “{first}” and “{second}” look the same"
                return


def _not_levels(settings: Fields, levels: Any) -> tuple[str, str] | None:
    where = "display.levels"
    if not isinstance(levels, dict):
        return where, f"expected an object of name: display, found {levels!r}"
    if bad := [name for name in levels if not LEVEL.fullmatch(name)]:
        return where, f"expected names of letters, digits, - and _, up to 30, found {bad[0]!r}"
    if len(levels) == 1 or len(levels) > MOST_LEVELS:
        return where, f"expected 2 to {MOST_LEVELS} displays to compare, or none, found {len(levels)}"
    if "varies" in settings and not levels:
        return "display.varies", "expected only where there are levels"
    if settings.get("varies", BETWEEN) not in (BETWEEN, WITHIN):
        return "display.varies", f"expected {BETWEEN} or {WITHIN}, found {settings['varies']!r}"
    return None


def _part_problems(where: str, own: Any) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a display and with its other fields for some methods, each field by itself."""
    allowed = (*FIELDS, "methods", "levels", "varies") if where == "display" else (*FIELDS, "methods")
    if wrong := _not_known(own, allowed):
        yield where, wrong
        return
    methods = own.get("methods", {})
    if not isinstance(methods, dict):
        yield f"{where}.methods", f"expected an object of method: display, found {methods!r}"
        return
    for method, of_method in methods.items():
        if wrong := _not_known(of_method, FIELDS):
            yield f"{where}.methods.{method}", wrong
            return
    for part, values in ((where, own), *((f"{where}.methods.{method}", one) for method, one in methods.items())):
        for name in (name for name in FIELDS if name in values and name != "colours"):
            try:
                read_display({name: values[name]})
            except ValueError as error:
                yield f"{part}.{name}", str(error).removeprefix(f"{name}: ")
        table = values.get("colours", "Reds")
        if not isinstance(table, str) or table not in colour_tables():
            yield f"{part}.colours", f"expected one of {', '.join(colour_tables())}, found {table!r}"


def _not_known(values: Any, names: tuple[str, ...]) -> str:
    if not isinstance(values, dict):
        return f"expected an object, found {values!r}"
    for name in values:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            return f"unknown {name!r}; {f'did you mean “{near[0]}”' if near else 'expected ' + ', '.join(names)}"
    return ""
