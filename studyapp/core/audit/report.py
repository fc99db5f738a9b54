"""Put an audit together: what was measured, as findings in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from studyapp.core.bundles.tables import Heatmap

from . import guessing, shortcuts
from .findings import AMBER, GREEN, LEVELS, RED, Finding, Report, level_of
from .guessing import Guess
from .looks import Look, Measures
from .repeats import Print, repeats, twice
from .shortcuts import Task, shortcut_in

Measured: TypeAlias = Callable[[str, Heatmap], Measures]
"""What a heatmap's picture is judged by, in the condition of that name."""

AMBER_FROM, RED_FROM = 0.02, 0.10  # of the maps of one class in one condition
_BAD = (
    ("blank", "is_blank", "shows no colour", "show no colour"),
    ("one_colour", "is_one_colour", "is one sheet of colour", "are one sheet of colour"),
)
_REMEDIES = {
    "blank": "Drawn each up to its own peak (scale: each map its own), maps show what they have; one that is empty in "
    "the bundle stays blank: choose another method, or other classes or pictures.",
    "one_colour": "Draw maps from their lowest value (floor: minimum), or each up to its own peak; or choose another "
    "method.",
    "shortcut": "Drawn each up to its own peak (scale: each map its own), maps differ less in strength; lines round "
    "the highest shares of each (style: contours) are alike in extent.",
    "repeats": "Draw others, or leave one of the two out of the bundle.",
    "guessing": "Ask about as many pictures of each answer.",
}


def audit(
    looks: Sequence[Look],
    tasks: Sequence[Task],
    roles: Mapping[str, Sequence[str]],
    guesses: Sequence[Guess],
    *,
    measures: Measured,
    prints: Callable[[str], Print],
    earns: Callable[[Guess], str] = lambda guess: "",
) -> Report:
    """Return the report on what participants meet.

    `looks` are all heatmaps, `roles` the photographs by what they are for, `measures` and `prints` give what a heatmap
    and a photograph (by its id) are judged by, `earns` says in words what a guess earns.
    """
    found = [
        *_bad_looks(looks, measures),
        *_shortcuts(tasks, measures),
        *_repeated(roles, prints),
        *(_guessed(guess, earns(guess)) for guess in guesses),
    ]
    return Report(sorted(found, key=lambda one: -LEVELS.index(one.level)))


def _bad_looks(looks: Sequence[Look], measures: Measured) -> list[Finding]:
    """Return one finding for each check: green for all conditions, or one for each condition that has too many."""
    findings = []
    for check, is_bad, one, many in _BAD:
        bad: list[Finding] = []
        some = []
        for where, (at, cells) in _by_condition(looks, measures).items():
            counted = {group: [n for n in nodes if getattr(measures(at, n), is_bad)] for group, nodes in cells.items()}
            shares = {group: len(counted[group]) / len(nodes) for group, nodes in cells.items()}
            some += [node for nodes in counted.values() for node in nodes]
            level = max((level_of(s, AMBER_FROM, RED_FROM) for s in shares.values()), key=LEVELS.index, default=GREEN)
            if level == GREEN:
                continue
            told_of = [
                f"{group}: {len(counted[group])} of {len(nodes)}" for group, nodes in cells.items() if counted[group]
            ]
            n, of = sum(map(len, counted.values())), sum(map(len, cells.values()))
            sentence = f"{n} of {of} heatmaps {one if n == 1 else many} ({'; '.join(told_of)})."
            figures = {group: {"n": len(counted[group]), "of": len(nodes)} for group, nodes in cells.items()}
            keys = [list(node.key) for nodes in counted.values() for node in nodes]
            bad.append(Finding(check, level, where, sentence, _REMEDIES[check], figures, keys))
        if looks and not bad:
            n = len({node.key for node in some})
            summary = f"{n} of {len({look.node.key for look in looks})} heatmaps {one if n == 1 else many}."
            bad.append(Finding(check, GREEN, "", summary, maps=[list(key) for key in {node.key: 0 for node in some}]))
        findings += bad
    return findings


def _by_condition(looks: Iterable[Look], measures: Measured) -> dict[str, tuple[str, dict[str, list[Heatmap]]]]:
    """Return one of the conditions that look the same, and its heatmaps by class, under the names of all of them."""
    cells: dict[str, dict[str, dict[tuple[str, ...], Heatmap]]] = {}
    for look in looks:
        cells.setdefault(look.where, {}).setdefault(look.group, {})[look.node.key] = look.node
    same: dict[Any, list[str]] = {}
    for where, groups in cells.items():
        seen = {(group, key, measures(where, node)) for group, nodes in groups.items() for key, node in nodes.items()}
        same.setdefault(frozenset(seen), []).append(where)
    return {
        ", ".join(names): (names[0], {group: list(nodes.values()) for group, nodes in cells[names[0]].items()})
        for names in same.values()
    }


def _shortcuts(tasks: Sequence[Task], measures: Measured) -> list[Finding]:
    same: dict[Any, list[str]] = {}
    for task in tasks:
        result = shortcut_in(task, partial(measures, task.where))
        if result is not None:
            same.setdefault((task.asked, task.cases, result), []).append(task.where)
    findings = []
    for (asked, _, result), names in same.items():
        where = ", ".join(names)
        level = level_of(result.share, shortcuts.AMBER_FROM, shortcuts.RED_FROM)
        level = GREEN if result.is_luck else level
        by = shortcuts.WORDS[result.feature]
        sentence = (
            f"{asked[:1].upper()}{asked[1:]} from {by} alone: {result.share:.0%} right, "
            f"where chance is {result.chance:.0%} ({result.n_trials} pictures)."
        )
        figures = {
            "share": round(result.share, 4),
            "chance": round(result.chance, 4),
            "n": result.n_trials,
            "by": result.feature,
        }
        remedy = "" if level == GREEN else _REMEDIES["shortcut"]
        findings.append(Finding("shortcut", level, where, sentence, remedy, figures))
    return findings


def _repeated(roles: Mapping[str, Sequence[str]], prints: Callable[[str], Print]) -> list[Finding]:
    """Return one finding: red where a picture is met again in another role, amber where in its own."""
    role_of = {image_id: role for role, images in roles.items() for image_id in images}
    if not role_of:
        return []
    pairs = [(one, other, "") for one, other in repeats({image_id: prints(image_id) for image_id in role_of})]
    across = [(one, other) for one, other, _ in pairs if role_of[one] != role_of[other]]
    told_of = [f"{one} ({role_of[one]}) and {other} ({role_of[other]})" for one, other, _ in pairs]
    both = [f"{image_id} ({one} and {other})" for image_id, one, other in twice(roles)]
    level = RED if across or both else AMBER if pairs else GREEN
    n = len(pairs) + len(both)
    few = "; ".join([*both, *told_of][:3]) + (f"; and {n - 3} more" if n > 3 else "")
    sentence = f"Nearly the same picture twice: {few}." if n else f"No two of {len(role_of)} pictures are alike."
    images = list(dict.fromkeys([image_id for one, other, _ in pairs for image_id in (one, other)]))
    images = list(dict.fromkeys([*(image_id for image_id, _, _ in twice(roles)), *images]))
    remedy = _REMEDIES["repeats"] if n else ""
    return [Finding("repeats", level, "", sentence, remedy, {"n": n}, images=images)]


def _guessed(guess: Guess, earns: str) -> Finding:
    level = level_of(guess.share, guessing.AMBER_FROM, guessing.RED_FROM)
    sentence = f"{guess.always}: {guess.share:.0%} {guess.of}{f', {earns}' if earns else ''}."
    remedy = "" if level == GREEN else _REMEDIES["guessing"]
    return Finding("guessing", level, guess.where, sentence, remedy, {"share": round(guess.share, 4)})
