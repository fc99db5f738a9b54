"""How carefully a run was done, as far as its answers and times tell: measures kept when it ends, flags read from them.

The measures are facts about one run; whether a run was too fast is judged later, against the study's typical run.
"""

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Any

from .kinds import Kind, load
from .questions import Scale

FAST_SHARE = 1 / 3
HIDDEN_SHARE = 0.5
MIN_TRIALS = 5
MIN_ITEMS = 5


@dataclass(frozen=True)
class Answer:
    """One stored answer, as judged here: its step, what was answered, what it scored, and the browser's times."""

    step: dict[str, Any]
    answer: dict[str, Any]
    scores: dict[str, Any]
    rt_ms: float | None
    hidden_ms: float | None


def measures(answers: list[Answer], study_kind: Kind) -> dict[str, Any]:
    """Return what is kept of a run.

    trial_ms  median time of a trial     hidden  share of the time during which the page was hidden
    same      fields of closed questions that had the same answer on every trial, or after every one
    constant  whether these are all its trials' closed questions
    straight  questionnaires in which all items with the same labels, five or more, had the same answer
    habits    what the kind finds conspicuous about all trials, in words
    failed    questions of checks that were failed in the end, their number by page
    """
    trials = [row for row in answers if study_kind.page(row.step["page"]).trial]
    times = [row.rt_ms for row in trials if row.rt_ms is not None]
    total = sum(row.rt_ms or 0 for row in answers)
    asked = [row for row in answers if study_kind.page(row.step["page"]).scoring]
    after = [row for row in asked if row.step.get("trial_index") is not None]
    unvaried = _unvaried(trials, study_kind)
    return {
        "trial_ms": round(median(times), 1) if times else None,
        "hidden": round(sum(row.hidden_ms or 0 for row in answers) / total, 3) if total else None,
        "same": [name for name, same in (unvaried | _unvaried(after, study_kind)).items() if same],
        "constant": bool(unvaried) and all(unvaried.values()),
        "straight": _straight(asked, study_kind),
        "habits": load(study_kind.habits)(trials) if study_kind.habits and trials else [],
        "failed": failed_checks(answers, study_kind),
    }


def failed_checks(answers: list[Answer], study_kind: Kind) -> dict[str, int]:
    """Return how many questions of its checks a run failed in the end, by page; pages without any are left out.

    A question that can be tried again (its scores tell `attempt` and what it is `about`) counts as at its last attempt;
    any other step is a question of its own, but that each check of a questionnaire counts, as at its last attempt.
    Dashboard, export and report all count by this.
    """
    final: dict[tuple[str, Any], int] = {}
    for number, row in enumerate(answers):
        page = row.step["page"]
        if "passed" in row.scores and not study_kind.page(page).entrance:
            question = row.scores["about"] if "attempt" in row.scores else row.step.get("key", number)
            named = row.scores.get("failed_items", "")
            final[page, question] = 0 if row.scores["passed"] else len(named.split(" | "))
    counted: Counter[str] = Counter()
    for (page, _), n_failed in final.items():
        counted[page] += n_failed
    return {page: n_failed for page, n_failed in counted.items() if n_failed}


def fast_below(typical_ms: float | None, least_ms: float | None = None) -> float:
    """Return below which median time of a trial a run is too fast; 0 where nothing tells."""
    return least_ms or FAST_SHARE * (typical_ms or 0)


def flags(kept: dict[str, Any], typical_ms: float | None, least_ms: float | None = None) -> list[str]:
    """Return what is conspicuous about a run, in words.

    `typical_ms` is the median of the runs' `trial_ms`; `least_ms` the time that the analysis plan states instead. The
    report judges by the same rules.
    """
    raised = []
    trial_ms = kept.get("trial_ms")
    if trial_ms is not None and trial_ms < fast_below(typical_ms, least_ms):
        than = f"{least_ms:g} ms" if least_ms else "a third of the usual time"
        raised.append(f"Too fast: trials in less than {than}")
    if kept.get("constant"):
        raised.append("Constant: the same answers on every trial")
    else:
        raised += [f"The same “{name.replace('_', ' ')}” on every trial" for name in kept.get("same", ())]
    raised += [f"Straight-lining: the same answer to all items of “{name}”" for name in kept.get("straight", ())]
    raised += kept.get("habits", ())
    raised += [f"Failed check: {page.replace('_', ' ')}" for page in kept.get("failed", ())]
    if (kept.get("hidden") or 0) > HIDDEN_SHARE:
        raised.append("Elsewhere: the page was hidden for more than half the time")
    return raised


def _straight(asked: list[Answer], study_kind: Kind) -> list[str]:
    """Return the questionnaires in which enough items with the same labels were asked, and all answered alike."""
    found = []
    for row in asked:
        page = study_kind.page(row.step["page"])
        given: dict[tuple[str, ...], list[Any]] = {}
        for one in page.questions:
            if isinstance(one, Scale) and row.answer.get(one.name) is not None:
                given.setdefault(one.labels, []).append(row.answer[one.name])
        if any(len(values) >= MIN_ITEMS and len({*values}) == 1 for values in given.values()):
            found.append(page.name)
    return list(dict.fromkeys(found))


def _unvaried(trials: list[Answer], study_kind: Kind) -> dict[str, bool]:
    """Return of each closed question answered in `MIN_TRIALS` trials or more whether its answer never changed."""
    given: dict[str, list[Any]] = {}
    for row in trials:
        page = study_kind.page(row.step["page"])
        asked = {question.name for question in page.questions if question.closed}
        for field in page.columns:
            closed = field.name in asked or field.type == "boolean" or field.levels
            if closed and row.answer.get(field.name) is not None:
                given.setdefault(field.name, []).append(row.answer[field.name])
    return {name: len({*map(str, values)}) == 1 for name, values in given.items() if len(values) >= MIN_TRIALS}
