"""Label matching: do people learn which evidence belongs to which of two confusable classes?

Measures as in the CWOX study: share of labels matched in the evaluation trials, by method and group; the learning curve
over the training trials; response time and number of moves.
"""

from functools import partial
from math import factorial

import pandas as pd

from analysis.reading.plans import Plan
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Section, Steps
from analysis.sections import blocks, trials, varied
from analysis.sections.asked import questionnaires, questions
from analysis.statistics.comparisons import against_chance

KIND = "label_matching"
PLAN = Plan(
    hypotheses=(
        {"id": "H1", "text": "The explanation method changes how well labels are matched.",
         "analysis": "fraction_correct.anova", "term": "method"},
    ),
    primary=("fraction_correct.anova",),
    secondary=("fraction_correct.tukey", "fraction_correct.anova_hc3", "fraction_correct.chance"),
)  # fmt: skip


def measures(study: Study) -> list[Measure]:
    """Return the measures of the trials, then those of the study's questionnaires."""
    listed = _measures(study)
    return [*listed, *questionnaires.measures(study, listed[0])]


def _measures(study: Study) -> list[Measure]:
    """Return the share matched and whether all were matched in evaluation, response time and moves."""
    people, factors = _people(study)
    answered = _answered(study)
    evaluation = answered[answered["phase"] == "evaluation"]
    labels = int(evaluation["n_labels"].max()) if len(evaluation) else 2
    make = partial(trials.per_participant, evaluation, people, between=factors)
    listed = [make(name="fraction_correct", label="Share matched", kind="fraction", chance=1 / labels)]
    if labels > 2:
        listed.append(make(name="all_correct", label="All matched", kind="fraction", chance=1 / factorial(labels)))
    listed.append(make(name="rt_s", label="Response time", kind="time", unit="s"))
    if "moves" in evaluation:
        listed.append(make(name="moves", label="Moves", kind="time"))
    shown = varied.measures(
        study, evaluation, "fraction_correct", "Share matched", "fraction", factors, chance=1 / labels
    )
    return [*listed, *shown]


def sections(study: Study, plan: Plan) -> Steps:
    """Return the report's sections in their order."""
    steps: Steps = []
    own = _measures(study)
    for measure in own:
        if measure.within:
            steps += varied.sections([measure], plan)
        elif measure.kind == "time":
            steps.append((measure.name, partial(blocks.ordinal, measure, plan)))
        else:
            steps.append((measure.name, partial(_accuracy, measure, plan)))
    return [
        *steps,
        *questionnaires.sections(study, plan, own[0]),
        ("learning", partial(_learning, study, plan)),
        ("questions", partial(questions.section, study, plan)),
    ]


def _accuracy(measure: Measure, plan: Plan) -> Section:
    chance = measure.chance
    if chance is None:
        raise ValueError(f"{measure.name}: has no chance level")
    section = blocks.numeric(measure, plan, "The share of labels that each participant matched in the evaluation.")
    tested = record(
        f"{measure.name}.chance",
        f"{measure.label}: against chance",
        lambda: against_chance.by_group(measure.data, measure.name, measure.between, chance),
        against_chance.COLUMNS,
        {"function": "exact sign test and one-sample t test of participants' means", "chance": chance},
        int(measure.data[measure.name].notna().sum()),
    )
    section.records.insert(1, tested)
    if measure.answers[measure.name].dropna().isin((0, 1)).all():
        section.records += blocks.binary_models(measure)
    return section


def _learning(study: Study, plan: Plan) -> Section | None:
    """Return the curve over training trials, counted within each round."""
    people, factors = _people(study)
    training = _answered(study)
    training = training[training["phase"] == "training"]
    if training.empty:
        return None
    training = training.sort_values(["participant", "trial_index"])
    rounds = ["participant", *(["block"] if "block" in training else [])]
    training = training.assign(place=training.groupby(rounds).cumcount() + 1)
    training = training.drop(columns=[name for name in factors if name in training]).merge(people, on="participant")
    chance = 1 / int(training["n_labels"].max())
    kept, figure = trials.curve(training, "place", "fraction_correct", "Share matched", _first(factors), chance)
    start, end = (training.loc[training["place"] == place, "fraction_correct"].mean()
                  for place in (1, training["place"].max()))  # fmt: skip
    sentence = f"Over the training trials the share matched went from {apa.percent(start)} to {apa.percent(end)}."
    tested = trials.learning_test(training, "place", "all_correct", "All matched", factors)
    return Section("Learning", f"{sentence} {_grown(tested, plan)}".strip(), [kept, tested], [figure])


def _grown(tested: Record, plan: Plan) -> str:
    """Return what the test says of growth, and of growth that depends on the condition."""
    if not tested.defined:
        return ""
    rows = tested.terms[tested.terms["term"].str.contains("trial")].dropna(subset=["p", "ci_low"])
    clear = rows[rows["p"] < plan.alpha]
    ratios = [f"{apa.words(row.term)} OR = {apa.number(row.odds_ratio)}, "
              f"{apa.interval(row.ci_low, row.ci_high, 95, apa.number)}, {apa.p_value(row.p)}"
              for row in (clear if len(clear) else rows).itertuples()]  # fmt: skip
    start = "By the model" if len(clear) else "No growth was shown, which is not that there is none"
    return f"{start}: {'; '.join(ratios)}." if ratios else ""


def _first(factors: list[str]) -> str | None:
    return factors[0] if factors else None


def _people(study: Study) -> tuple[pd.DataFrame, list[str]]:
    """Return participants with method and group (expert or not, recorded from the link), and which of these vary."""
    people = study.participants[["participant", *study.factors]]
    if "group" in study.participants and "group" not in study.factors and study.participants["group"].nunique() > 1:
        people = people.assign(group=pd.Categorical(study.participants["group"]))
    factors = [name for name in people.columns if name != "participant" and people[name].nunique() > 1]
    return people, factors


def _answered(study: Study) -> pd.DataFrame:
    """Return the answered trials: share matched, whether all were, seconds."""
    table = trials.require(study, ["correct", "phase", "rt_ms", "trial_index"])
    correct = trials.number(table["correct"])
    n_labels = trials.number(table["n_labels"]) if "n_labels" in table else pd.Series(2.0, table.index)
    share = trials.number(table["n_matched"]) / n_labels if "n_matched" in table else correct
    own = table.drop(columns=[name for name in study.factors if name in table])
    return own.assign(fraction_correct=share, all_correct=correct, n_labels=n_labels,
                      rt_s=trials.number(table["rt_ms"]) / 1000)[correct.notna()]  # fmt: skip
