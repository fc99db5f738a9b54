"""A run's whole plan: its kind's steps, with the study's questionnaires where they belong."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from studyapp.core.engine.flow import AFTER, SCREENED_OUT, step
from studyapp.core.engine.kinds import Kind, kind

from .orders import codes_in_order, kind_order

Step = dict[str, Any]
Draw = Callable[[], list[str]]


def build(definition: dict[str, Any], condition: str, factors: dict[str, str], order: int, rng: Random) -> list[Step]:
    """Return the steps of one run in a condition, with its questionnaires; draws by `rng`, the kind's first."""
    study_kind = kind(definition["kind"])
    plan: list[Step] = study_kind.part("plan:build")(
        definition, factors, kind_order(study_kind, definition, order), rng
    )
    questionnaire_order = order // study_kind.n_orders(definition)
    asked = [one for one in definition.get("questionnaires", ()) if condition in (one["conditions"] or [condition])]
    for place, put in _PUT.items():
        for one in asked:
            if one["place"] == place:
                plan = put(plan, one, study_kind, partial(codes_in_order, one, questionnaire_order, rng))
    keys = [a_step["key"] for a_step in plan]
    if len({*keys}) < len(keys):
        again = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"Questionnaire “{again}”: the study has a step of this name; expected another name.")
    return plan


def _at_end(plan: list[Step], one: Step, study_kind: Kind, draw: Draw) -> list[Step]:
    return [*plan, *_asked(one, one["name"], draw)]


def _at_start(plan: list[Step], one: Step, study_kind: Kind, draw: Draw) -> list[Step]:
    """Put it after the last page that asks who may take part, and after those of other questionnaires there."""
    entrances = [number for number, a_step in enumerate(plan) if _page(study_kind, a_step, "entrance")]
    place = entrances[-1] + 1 if entrances else 0
    while place < len(plan) and _placed(plan[place]) == one["place"]:
        place += 1
    return _inserted(plan, place, _asked(one, one["name"], draw))


def _before(plan: list[Step], one: Step, study_kind: Kind, draw: Draw) -> list[Step]:
    """Put it before the first trial, and before the page that opens that trial's block."""
    place = next((number for number, a_step in enumerate(plan) if a_step.get("trial_index") is not None), len(plan))
    trial = plan[place] if place < len(plan) else {}
    while place and trial.get("block") and _opens(plan[place - 1], trial):
        place -= 1
    return _inserted(plan, place, _asked(one, one["name"], draw))


def _opens(a_step: Step, trial: Step) -> bool:
    return a_step.get("block") == trial["block"] and a_step.get("phase") in (None, trial.get("phase"))


def _after_trials(plan: list[Step], one: Step, study_kind: Kind, draw: Draw) -> list[Step]:
    last = {
        a_step["trial_index"]: number for number, a_step in enumerate(plan) if a_step.get("trial_index") is not None
    }
    found: list[Step] = []
    for number, a_step in enumerate(plan):
        found.append(a_step)
        if (trial := a_step.get("trial_index")) is not None and last[trial] == number:
            where = {name: a_step[name] for name in ("block", "phase", "stimulus", "method") if name in a_step}
            found += _asked(one, f"{one['name']}{trial:02d}", draw, trial_index=trial, **where)
    return found


def _after_blocks(plan: list[Step], one: Step, study_kind: Kind, draw: Draw) -> list[Step]:
    met = {a_step["block"] for a_step in plan if a_step.get("block") and a_step.get("trial_index") is not None}
    last = {a_step["block"]: number for number, a_step in enumerate(plan) if a_step.get("block") in met}
    found: list[Step] = []
    for number, a_step in enumerate(plan):
        found.append(a_step)
        block = a_step.get("block")
        if block in met and last[block] == number:
            count = sum(last[other] <= number for other in met)
            found += _asked(one, f"{one['name']}_{count}", draw, block=block, **_method_of(plan, block))
    return found


def _method_of(plan: list[Step], block: Any) -> dict[str, str]:
    """Return the method that a whole block is about, as a step has it; nothing where there is none or several."""
    methods = {a_step["method"] for a_step in plan if a_step.get("block") == block and a_step.get("method")}
    return {"method": methods.pop()} if len(methods) == 1 else {}


def _after(plan: list[Step], one: Step, study_kind: Kind, draw: Draw) -> list[Step]:
    last = [
        number
        for number, a_step in enumerate(plan)
        if a_step.get("trial_index") is not None or _placed(a_step) in ("after_block", "after")
    ]
    return _inserted(plan, last[-1] + 1 if last else len(plan), _asked(one, one["name"], draw))


# In this order, as those of a block stand behind those of its last trial, whatever comes first in the study's list.
_PUT = {
    "after_trial": _after_trials,
    "after_block": _after_blocks,
    "after": _after,
    "before": _before,
    "start": _at_start,
    "end": _at_end,
}


def _placed(a_step: Step) -> str:
    """Return the place of a questionnaire's step; empty for those of the kind's own."""
    data = a_step.get("data") or {}
    return str(data["place"]) if "codes" in data and "place" in data else ""


def _asked(one: Step, key: str, draw: Draw, **where: Any) -> list[Step]:
    """Return the steps that ask a questionnaire once, and again after failed checks as often as it may be tried."""
    codes, tries = draw(), one["attempts"] if one["failed"] != "record" and _checks(one) else 1
    keys = [key, *(f"{key}_try{attempt}" for attempt in range(2, tries + 1))]
    steps = []
    for attempt, attempt_key in enumerate(keys, start=1):
        data = {"place": one["place"], "codes": codes, "attempt": attempt, "about": key}
        last = SCREENED_OUT if one["failed"] == "screen_out" else None
        failed = keys[attempt] if attempt < tries else last
        passed = f"{AFTER}{keys[-1]}" if attempt < tries else None
        goto = {name: target for name, target in (("passed", passed), ("failed", failed)) if target}
        steps.append(step(one["name"], attempt_key, data=data, goto=goto, **where))
    return steps


def _checks(one: Step) -> bool:
    return any(item["expected"] is not None for item in one["items"])


def _inserted(plan: list[Step], place: int, steps: list[Step]) -> list[Step]:
    """Put steps into a plan; ways that led to what followed lead to them."""
    if place < len(plan):
        followed, first = plan[place]["key"], steps[0]["key"]
        plan = [
            a_step
            | {"goto": {name: first if target == followed else target for name, target in a_step["goto"].items()}}
            for a_step in plan
        ]
    return [*plan[:place], *steps, *plan[place:]]


def _page(study_kind: Kind, a_step: Step, trait: str) -> bool:
    known = {page.name: page for page in study_kind.pages}
    return a_step["page"] in known and bool(getattr(known[a_step["page"]], trait))
