"""Any CSV with a map: every outcome by the analyses that its kind and its factors ask for."""

from collections.abc import Iterable
from functools import partial

import pandas as pd

from analysis.reading.foreign.layout import Outcome
from analysis.reading.plans import Plan
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.section import Section, Steps
from analysis.sections import blocks, sorting

KIND = "generic"
PLAN = Plan(exclude=())


def measures(study: Study) -> list[Measure]:
    """Return one measure per outcome; sortings are scored as purity."""
    return [_measure(study, outcome) for outcome in study.parameters["outcomes"]]


def sections(study: Study, plan: Plan) -> Steps:
    """Return a section per outcome."""
    steps: Steps = []
    for outcome in study.parameters["outcomes"]:
        steps.append((outcome.name, partial(_section, study, outcome, plan)))
    return steps


def _section(study: Study, outcome: Outcome, plan: Plan) -> Section:
    measure = _measure(study, outcome)
    return _sorting(study, outcome, measure, plan) if outcome.kind == "cluster" else blocks.outcome(measure, plan)


def _measure(study: Study, outcome: Outcome) -> Measure:
    within, between = study.parameters["within"], study.tested
    label = outcome.label or apa.opening(apa.words(outcome.name))
    if outcome.kind == "cluster":
        scored = _scored(study, outcome)
        data = scored[["participant", *within, *study.factors, "purity"]].rename(columns={"purity": outcome.name})
        return Measure(outcome.name, label, "fraction", data, between, within)
    trials = study.table("trials")
    data = average(trials, outcome.name, within, study.factors)
    repeated = len(trials) > len(data)
    stimulus = study.parameters["stimulus"] if repeated else ""
    columns = ["participant", *study.factors, *within, outcome.name, *([stimulus] if stimulus else [])]
    responses = trials[columns] if repeated else None
    beyond = outcome.kind == "ratio" and not data[outcome.name].dropna().between(0, 1).all()
    kind = "number" if beyond else outcome.kind  # a ratio within 0 and 1 is read as a share
    limits = (1.0, float(len(outcome.levels))) if kind == "ordinal" and outcome.levels else None
    return Measure(outcome.name, label, kind, data, between, within, responses, outcome.chance,
                   stimulus=stimulus, limits=limits)  # fmt: skip


def average(trials: pd.DataFrame, name: str, within: list[str], factors: Iterable[str]) -> pd.DataFrame:
    """Return each participant's mean (in each level of the within factors), with the between-subjects factors."""
    keys = ["participant", *within]
    means = trials.groupby(keys, observed=True, sort=False)[name].mean().reset_index()
    people = trials[["participant", *factors]].drop_duplicates("participant")
    return means.merge(people, on="participant", how="left")


def _scored(study: Study, outcome: Outcome) -> pd.DataFrame:
    within = study.parameters["within"]
    keys = ["participant", *(f"within {place}" for place in range(len(within)))]  # a factor may be called `group`
    table = study.table("trials")[["participant", *within, outcome.name, f"{outcome.name}:truth"]]
    table = table.set_axis([*keys, "group", "truth"], axis=1)
    scored = sorting.score(table, keys, outcome.groups).rename(columns=dict(zip(keys[1:], within, strict=True)))
    trials = study.table("trials")
    scored = scored.assign(**{name: scored[name].astype(trials[name].dtype) for name in within})
    return scored.merge(study.participants[["participant", *study.factors]], on="participant", how="left")


def _sorting(study: Study, outcome: Outcome, measure: Measure, plan: Plan) -> Section:
    section = blocks.outcome(measure, plan)
    section.records.insert(1, sorting.purity_record(measure, _scored(study, outcome)))
    return section
