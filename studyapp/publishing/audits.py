"""The audit of a study's stimuli, on the pictures that its participants would get; worked out once for each draw."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import numpy as np

from studyapp import models
from studyapp.bundles.drawing import measured, worked_out, write
from studyapp.bundles.stimuli import reader
from studyapp.core.audit import RED, Guess, Look, Measures, Report, Task, audit
from studyapp.core.audit.findings import read_report
from studyapp.core.audit.repeats import Print, printed
from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.tables import Heatmap
from studyapp.core.display import RENDERER, Display
from studyapp.core.engine.kinds import Kind, kind
from studyapp.core.engine.payment import money
from studyapp.core.heatmaps.displays import BETWEEN, display_of, levels_met

from .definition import definition

EDITION = 1  # raised when the same stimuli come to be judged otherwise
_JUDGED = ("kind", "parameters", "conditions", "bundle", "payment", "display", "stimuli")


def kept_audit(study: models.Study) -> Report | None:
    """Return the audit of a study's stimuli as they are now, where it was made; for a study without `problems`."""
    return _kept(study, definition(study))


def audit_study(study: models.Study, progress: Callable[[int, int], None] = lambda done, of: None) -> Report:
    """Return the audit of a study's stimuli as they are now, made and kept unless it is there; without `problems`.

    `progress` is called with how many heatmaps are looked at of how many.
    """
    record = definition(study)
    found = _kept(study, record)
    if found is None:
        found = _made(study.required_bundle, record, progress)
        write(_path(study.required_bundle, record), json.dumps(found.described()).encode())
    return found


def needs_consent(found: Report) -> list[str]:
    """Return the sentences of an audit that somebody has to accept before the study is published."""
    return [f"{one.where}: {one.found}" if one.where else one.found for one in found.of(RED)]


def _kept(study: models.Study, record: dict) -> Report | None:
    try:
        return read_report(json.loads(_path(study.required_bundle, record).read_bytes()))
    except (OSError, ValueError):
        return None


def _path(bundle: models.Bundle, record: dict) -> Path:
    judged = {name: record[name] for name in _JUDGED}
    digest = hashlib.sha256(json.dumps([EDITION, RENDERER, judged], sort_keys=True).encode()).hexdigest()
    return worked_out(bundle) / f"audit-{digest[:32]}.json"


def _made(bundle: models.Bundle, record: dict, progress: Callable[[int, int], None]) -> Report:
    study_kind, read = kind(record["kind"]), reader(bundle)
    looks, tasks, level_at = _met(study_kind, record, read)
    wanted = sorted({(look.where, look.node.key): look for look in looks}.values(), key=lambda look: look.node.image_id)
    measures: dict[tuple[Display, tuple[str, ...]], Measures] = {}

    def measures_of(where: str, node: Heatmap) -> Measures:
        display = display_of(record, node.method, level_at[where])
        if (display, node.key) not in measures:
            measures[display, node.key] = measured(bundle, node, display)
        return measures[display, node.key]

    for done, look in enumerate(wanted, start=1):
        measures_of(look.where, look.node)
        progress(done, len(wanted))
    own = study_kind.has("audit")
    return audit(
        looks,
        tasks,
        study_kind.part("audit:roles")(record) if own else {},
        study_kind.part("audit:guesses")(record) if own else [],
        measures=measures_of,
        prints=lambda image_id: _print(bundle.sha256, image_id, read),
        earns=lambda guess: _earns(guess, record["payment"]),
    )


def level_of(record: dict, bundle: Bundle, where: str) -> str:
    """Return by which display the maps of a finding at `where` are shown; "" where the study has one."""
    levels = _met(kind(record["kind"]), record, bundle)[2]
    return next(
        (level for at, level in levels.items() if f"{where}, ".startswith(f"{at}, ")), [*levels.values(), ""][0]
    )


def _met(study_kind: Kind, record: dict, read: Bundle) -> tuple[list[Look], list[Task], dict[str, str]]:
    """Return all looks and tasks, and by which display those at each place are shown.

    Each display has places of its own: conditions, where displays vary between these, or else places with its name.
    """
    looks: list[Look] = []
    tasks: list[Task] = []
    level_at: dict[str, str] = {}
    for level, part in _by_level(record).items():
        own = {one["name"] for one in part["conditions"]} if record["display"].get("varies") == BETWEEN else set()

        def named(where: str, level: str = level, own: set[str] = own) -> str:
            return where if not level or where in own else f"{where} ({level})"

        asked = study_kind.part("audit:tasks")(part, read) if study_kind.has("audit") else []
        looks += [replace(one, where=named(one.where)) for one in _looks(study_kind, part, read)]
        tasks += [replace(one, where=named(one.where)) for one in asked]
        places = [one.where for one in looks] + [one.where for one in tasks]
        level_at |= {where: level for where in places if where not in level_at}
    return looks, tasks, level_at


def _by_level(record: dict) -> dict[str, dict]:
    """Return the study by each of its displays: with those conditions whose participants meet it."""
    cells = [(one, levels_met(record, one["factors"])) for one in record["conditions"]]
    levels = dict.fromkeys(level for _, met in cells for level in met)
    return {level: record | {"conditions": [one for one, met in cells if level in met]} for level in levels}


def _looks(study_kind: Kind, record: dict, read: Bundle) -> list[Look]:
    """Return the heatmaps as participants meet them; a kind that doesn't tell has them all in one place."""
    if study_kind.has("audit"):
        return study_kind.part("audit:looks")(record, read)
    shown: list[Heatmap] = study_kind.part("stimuli:heatmaps")(record, read)
    return [Look(node.method, node.label, node) for node in shown]


@lru_cache(maxsize=5000)
def _print(_sha256: str, image_id: str, read: Bundle) -> Print:
    return printed(read.photograph(image_id))


def _earns(guess: Guess, payment: dict) -> str:
    """Return what a guess earns beside what all right answers do; nothing where the bonus doesn't count it."""
    base, bonus = (Decimal(str(payment[name])) for name in ("reward_base", "reward_bonus"))
    if not guess.n or not bonus:
        return ""
    earned = base + bonus * Decimal(str(np.round(guess.share * guess.n, 2)))
    currency = payment["currency"]
    return f"{money(earned, currency)} of {money(base + guess.n * bonus, currency)}"
