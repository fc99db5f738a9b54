"""How a study's heatmaps look: what researchers set, and the display of each method's maps that follows from it.

A study's settings are a display's fields, those left out by default; `methods` has other fields for some methods.
`levels` name several displays, each with fields of its own over these: the levels of the factor `display`, which
`varies` between participants, by their conditions, or within each of them, from trial to trial.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from random import Random
from typing import Any

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.display import RENDERER, Display, Rendering, read_display

Fields = Mapping[str, Any]
SMOOTHING = 0.8  # of methods that attribute pixel by pixel: single pixels are no evidence that people can see
FIELDS = tuple(field.name for field in fields(Display))
FACTOR = "display"
BETWEEN, WITHIN = "between", "within"


def display_for(
    record: Fields, settings: Fields | None = None, usual: Fields | None = None, level: str = ""
) -> Display:
    """Return the display of a method's maps; `record` is the method's in the manifest, `usual` the kind's fields.

    A later one stands above those before it: what is usual, the study's fields, its own for the
    method, those of the level.
    """
    settings, name = settings or {}, record.get("name", "")
    pixelwise: Fields = {"smoothing": SMOOTHING} if record.get("pixelwise") else {}
    layers = [pixelwise, usual or {}, *_own(settings, name)]
    if level:
        layers += _own(settings["levels"][level], name)
    return read_display(_laid(layers))


def varies(settings: Fields) -> str:
    """Return whether the displays of a study that has several vary between people or within each."""
    return str(settings.get("varies", BETWEEN))


def level_names(settings: Fields) -> list[str]:
    """Return the names of a study's displays, set or frozen, by the alphabet: databases keep entries in no order."""
    return sorted(settings.get("levels", ()))


def described(bundle: Bundle, settings: Fields, usual: Fields, shown_px: int = 0) -> dict[str, Any]:
    """Return the displays of a study's methods as its definition keeps them.

    `shown_px` is the side with which pages show photographs and maps: where some photograph has fewer pixels, the
    pictures of its maps are that large all the same, and the definition says so.
    """

    def drawn(level: str = "") -> dict[str, Any]:
        return {
            name: display_for(record, settings, usual, level).described() for name, record in bundle.methods.items()
        }

    found = {"renderer": RENDERER, "methods": drawn()}
    if any(max(int(one["width"]), int(one["height"])) < shown_px for one in bundle.images.values()):
        found["side_px"] = shown_px
    if levels := level_names(settings):
        found |= {"levels": {level: drawn(level) for level in levels}, "varies": varies(settings)}
    return found


def display_of(definition: Mapping[str, Any], method: str, level: str = "") -> Display:
    """Return the display of a method's maps in a frozen study; `level` names which, where displays are a factor's."""
    frozen = definition["display"]
    return _read(tuple((frozen["levels"][level] if level else frozen["methods"])[method].items()))


def rendering_of(definition: Mapping[str, Any]) -> Rendering:
    """Return by which renderer, and how large at least, the pictures of a frozen study are drawn."""
    frozen = definition["display"]
    return Rendering(frozen["renderer"], frozen.get("side_px", 0))


@lru_cache(maxsize=256)
def _read(values: tuple[tuple[str, Any], ...]) -> Display:
    return read_display(dict(values))


def levels_met(definition: Mapping[str, Any], cell: Mapping[str, str]) -> list[str]:
    """Return the levels whose pictures people in a condition with these factors meet; "" where displays don't vary."""
    levels = level_names(definition["display"])
    if not levels:
        return [""]
    return levels if definition["display"]["varies"] == WITHIN else [cell.get(FACTOR, "")]


def dealt(
    definition: Mapping[str, Any], steps: list[dict[str, Any]], cell: Mapping[str, str], rng: Random
) -> list[dict[str, Any]]:
    """Return a run's plan with the display of every step, where the study has several; else the plan as it is.

    Between people it is that of their condition, whose factors `cell` holds. Within them, each block and phase has
    every display equally often, as far as the number of trials allows, in an order drawn by `rng`. What belongs to a
    trial, as its verification does, has its trial's; what comes before it, as instructions do, that of the next trial.
    """
    levels = levels_met(definition, cell)
    if len(levels) == 1:
        return [one | {FACTOR: levels[0]} for one in steps] if levels[0] else steps
    trials = {one["trial_index"]: (one.get("block"), one.get("phase")) for one in steps if one.get("trial_index")}
    left: dict[Any, list[str]] = {}
    of_trial = {}
    for trial, where in trials.items():
        if not left.get(where):
            left[where] = rng.sample(levels, len(levels))
        of_trial[trial] = left[where].pop()
    found, level = [], next(reversed(of_trial.values()), levels[0])
    for one in reversed(steps):
        level = of_trial.get(one.get("trial_index"), level)
        found.append(one | {FACTOR: level})
    return found[::-1]


def methods_in_words(of_methods: Mapping[str, Fields]) -> str:
    """Return displays of several methods in words: once what they share, else each method's."""
    described = {
        method: ", ".join(f"{name} {word(values[name])}" for name in FIELDS) for method, values in of_methods.items()
    }
    if len(set(described.values())) <= 1:
        return next(iter(described.values()), "")
    return "; ".join(f"{method}: {words}" for method, words in described.items())


def word(value: Any) -> str:
    """Return a field's value as people write it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _own(settings: Fields, method: str) -> list[dict[str, Any]]:
    own = {name: settings[name] for name in FIELDS if name in settings}
    return [own, dict(settings.get("methods", {}).get(method, {}))]


def _laid(layers: list[Fields]) -> dict[str, Any]:
    """Return the fields together. Who changes the sign and names no colours has those that are usual for it."""
    together: dict[str, Any] = {"sign": Display.sign}
    for layer in layers:
        if layer.get("sign", together["sign"]) != together["sign"]:
            together.pop("colours", None)
        together |= dict(layer)
    return together
