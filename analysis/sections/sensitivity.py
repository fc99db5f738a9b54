"""Do the results depend on who was left out? The main tests with and without the participants that rules point at."""

from types import ModuleType

import pandas as pd

from analysis.reading.plans import Plan
from analysis.reading.samples import Sample
from analysis.reading.study import Study
from analysis.results import apa
from analysis.results.records import record
from analysis.results.section import Section
from analysis.sections.primary import primary_test

SAMPLES = ("completed", "all", "unflagged")
COLUMNS = ("outcome", "term", "statistic", *(f"{what}_{who}" for who in SAMPLES for what in ("n", "value", "p")))
TESTED = ["outcome", "term", "statistic", "n", "value", "p"]
NOT_DEFINED = "not defined in every one of the samples"


def section(recipe: ModuleType, sample: Sample, plan: Plan) -> Section | None:
    """Return the main tests of three samples: all who completed, the analysed, and these without any flag.

    None where nobody was excluded by a rule and nobody is flagged, or where nothing can be tested.
    """
    people = sample.study.participants["participant"]
    if len(sample.completed.participants) == len(people) == len(sample.unflagged):
        return None
    studies = (sample.completed, sample.study, sample.study.only(sample.unflagged))
    tables = [_tests(recipe, study, plan) for study in studies]
    if tables[1].empty:
        return None
    keys = ["outcome", "term", "statistic"]
    both = tables[1].rename(columns=_named("all", keys))
    for who, table in (("completed", tables[0]), ("unflagged", tables[2])):
        both = both.merge(table.rename(columns=_named(who, keys)), on=keys, how="left")
    undefined = both[[f"p_{who}" for who in SAMPLES]].isna().any(axis=1)
    both["reason"] = undefined.map({True: NOT_DEFINED, False: ""})
    result = record(
        "sensitivity.flagged",
        "Main tests with and without excluded and flagged participants",
        lambda: both[[*COLUMNS, "reason"]],
        COLUMNS,
        {"function": "the same tests on three samples", "completed": "everybody who completed, whatever the rules say",
         "all": "the participants analysed in this report", "unflagged": "of these, the ones without a flag"},
        len(people),
    )  # fmt: skip
    labels = {measure.name: measure.label for measure in recipe.measures(sample.study)}
    return Section("With and without excluded and flagged participants", _summary(both, plan, labels), [result],
                   intro=_met(sample, plan))  # fmt: skip


def _named(who: str, keys: list[str]) -> dict[str, str]:
    return {name: f"{name}_{who}" for name in ("n", "value", "p") if name not in keys}


def _tests(recipe: ModuleType, study: Study, plan: Plan) -> pd.DataFrame:
    if study.participants.empty:
        return pd.DataFrame(columns=TESTED)
    measures = [measure for measure in recipe.measures(study) if measure.between or measure.within]
    parts = [primary_test(measure, plan).drop(columns="reason").assign(outcome=measure.name) for measure in measures]
    tests = [part[part["statistic"] != ""] for part in parts]
    return pd.concat(tests, ignore_index=True) if tests else pd.DataFrame(columns=TESTED)


def _summary(both: pd.DataFrame, plan: Plan, labels: dict[str, str]) -> str:
    verdicts = pd.DataFrame({who: both[f"p_{who}"] < plan.alpha for who in SAMPLES})
    changed = both[verdicts.nunique(axis=1) > 1]
    if changed.empty:
        return "No test changes sides with who is left out."
    names = [f"{apa.inside(labels[row.outcome])}: {apa.words(row.term)}" for row in changed.itertuples()]
    return f"Who is left out changes the verdict for {apa.listing(names)}."


def _met(sample: Sample, plan: Plan) -> str:
    """Return how many each rule removed, and how many it marked and kept."""
    rules = [rule for rule in sample.rules(plan) if rule["n"]]
    done = [rule["done"].replace(", and left out in the sensitivity table", "") for rule in rules]
    sentences = [f"{rule['text']}: {rule['n']} ({what})" for rule, what in zip(rules, done, strict=True)]
    return f"By rule: {'; '.join(sentences)}."
