"""Researchers' own questionnaires: what was answered, how consistent their scales are, and whether conditions differ.

Everything is found in the table `answers` and the description of its items; a study without has no such section. A
scale's score is the mean of its items answered, reverse-coded ones turned round, as in the export's column
`<questionnaire>_<scale>_score`; what was asked several times is averaged over the occasions of a participant, or of a
participant in each condition where the design varies within participants.
"""

from dataclasses import replace
from functools import partial
from itertools import chain

import pandas as pd

from analysis.errors import NotDefined
from analysis.reading.plans import Plan
from analysis.reading.questionnaires import NUMBERS, Item, given, items, titles
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Section, Steps
from analysis.sections import between, blocks, repeated, trials
from analysis.sections.asked import items as described
from analysis.sections.asked import questions
from analysis.sections.asked.questions import Question
from analysis.statistics import reliability
from analysis.statistics.association import people as over_people
from analysis.statistics.multiplicity import adjust

Scales = dict[str, list[Item]]  # a score's column → its items
ACCURACY = (*over_people.COLUMNS, "p_adjusted")
REPEATED = "It was asked several times; a participant's answers are averaged."


def measures(study: Study, accuracy: Measure) -> list[Measure]:
    """Return each scale's score and each rating outside a scale, by the factors of the study's `accuracy`."""
    asked, answers = items(study), given(study)
    scores = [_score(study, name, its, answers, accuracy) for name, its in scales(asked).items()]
    return [*scores, *(_single(study, item, answers, accuracy) for item in _ratings(asked))]


def sections(study: Study, plan: Plan, accuracy: Measure) -> Steps:
    """Return a section for each questionnaire and one for each of its scales; none where nothing was asked."""
    asked = items(study)
    steps: Steps = []
    for name in dict.fromkeys(item.questionnaire for item in asked):
        own_items = [item for item in asked if item.questionnaire == name]
        steps.append((name, partial(_questionnaire, study, name, own_items, plan, accuracy)))
        steps += [
            (score, partial(_scale, study, score, ofit, plan, accuracy)) for score, ofit in scales(own_items).items()
        ]
    return steps


def scales(asked: list[Item]) -> Scales:
    """Return the items of each scale, by the name of its score's column."""
    by_name: Scales = {}
    for item in asked:
        if item.scale and item.type in NUMBERS:
            by_name.setdefault(f"{item.questionnaire}_{item.scale}_score", []).append(item)
    return by_name


def _ratings(asked: list[Item]) -> list[Item]:
    return [item for item in asked if item.type in ("likert", "slider") and not item.scale and not item.check]


def _questionnaire(study: Study, name: str, own_items: list[Item], plan: Plan, accuracy: Measure) -> Section:
    answers = given(study)
    answers = answers[answers["questionnaire"] == name]
    scores = [_score(study, score, ofit, answers, accuracy) for score, ofit in scales(own_items).items()]
    singles = [_single(study, item, answers, accuracy) for item in _ratings(own_items)]
    numbers = [item for item in own_items if item.type == "number" and not item.scale and not item.check]
    tested = [*singles, *(_single(study, item, answers, accuracy) for item in numbers)]
    single_choices = _choices(own_items, answers)
    left = [item for item in own_items if item.column not in {question.column for question in single_choices}]
    records = described.records(name, left, answers)
    records += chain.from_iterable(_compared(measure, plan) for measure in tested)
    records += questions.choices(single_choices, study, plan, name)
    related = _with_accuracy(name, [*scores, *singles], accuracy, plan) if scores or singles else None
    records[:0] = [related] if related else []
    figures = described.bars(name, own_items, answers)
    remarks = [item.remark for item in own_items if item.remark]
    texts = [f"“{item.text}”: {described.of(answers, item)['value'].notna().sum()} answers in free text."
             for item in own_items if item.type == "text"]  # fmt: skip
    intro = " ".join([*_repeated(answers), *texts, *remarks])
    title = f"Questionnaire: {titles(study).get(name) or apa.words(name)}"
    answer = _summary(answers, [*scores, *singles], accuracy, related, plan)
    return Section(title, answer, records, figures, intro=intro, figures_first=len(figures))


def _choices(own_items: list[Item], answers: pd.DataFrame) -> list[Question]:
    """Return the items with one answer to choose that everybody was asked once at most."""
    chosen_from = []
    for item in own_items:
        rows = described.of(answers, item).dropna(subset=["value"])
        if item.type == "choice" and len(rows) and not rows["participant"].duplicated().any():
            chosen_from.append(Question(item.column, item.text, "choice", rows.set_index("participant")["value"]))
    return chosen_from


def _compared(measure: Measure, plan: Plan) -> list[Record]:
    """Return a single item's descriptives and its rank tests between conditions, or pairs within participants."""
    if measure.within:
        return [between.describe(measure), *repeated.paired_tests(measure, plan)]
    return [between.describe(measure), *(between.rank_tests(measure, plan) if measure.between else [])]


def _scale(study: Study, name: str, own_items: list[Item], plan: Plan, accuracy: Measure) -> Section:
    answers = given(study)
    measure = _score(study, name, own_items, answers, accuracy)
    section = blocks.within(measure, plan) if measure.within else blocks.numeric(measure, plan)
    kept = _consistency(name, measure.label, own_items, answers)
    section.records[1:1] = kept
    section.answer = f"{section.answer} {_reliable(kept[0])}"
    ends = {item.limits for item in own_items}
    low, high = ends.pop() or ("", "") if len(ends) == 1 else ("", "")
    possible = f", from {low:g} to {high:g}" if isinstance(low, float) and isinstance(high, float) else ""
    turned = [item.code for item in own_items if item.reverse]
    codes = apa.listing([item.code for item in own_items])
    section.intro = " ".join([
        f"The mean of the items answered ({codes}){possible}{_turned(turned)}.",
        *_repeated(answers[answers["questionnaire"] == own_items[0].questionnaire]),
    ])  # fmt: skip
    return section


def _turned(codes: list[str]) -> str:
    return f"; {apa.listing(codes)} {'is' if len(codes) == 1 else 'are'} turned round" if codes else ""


def _repeated(answers: pd.DataFrame) -> list[str]:
    return [REPEATED] if answers.duplicated(["participant", "item"]).any() else []


def _score(study: Study, name: str, its: list[Item], answers: pd.DataFrame, accuracy: Measure) -> Measure:
    one = its[0]
    rows = answers[(answers["questionnaire"] == one.questionnaire) & answers["item"].isin([item.code for item in its])]
    occasion = ["participant", "step_index", "block", "trial_index"]
    scored = rows.groupby(occasion, dropna=False)["score"].mean().reset_index(name=name)
    label = f"{apa.opening(apa.words(one.scale))} score"
    label += "" if one.scale == one.questionnaire else f" ({apa.words(one.questionnaire)})"
    ends = {item.limits for item in its}
    limits = ends.pop() if len(ends) == 1 else None
    return replace(_measure(study, scored, name, label, "number", accuracy), limits=limits)


def _single(study: Study, item: Item, answers: pd.DataFrame, accuracy: Measure) -> Measure:
    rows = described.of(answers, item).rename(columns={"number": item.column})
    kind = "ordinal" if item.type == "likert" else "number"
    return replace(_measure(study, rows, item.column, f"“{item.text}”", kind, accuracy), limits=item.limits)


def _measure(study: Study, rows: pd.DataFrame, name: str, label: str, kind: str, accuracy: Measure) -> Measure:
    """Return a mean per participant, or per participant and level of the first factor that varied within them."""
    people = accuracy.data[["participant", *accuracy.between]].drop_duplicates("participant")
    rows = rows[["participant", "block", "trial_index", name]].dropna(subset=[name])
    for factor in [*accuracy.within, *study.within]:
        levels = _levels(study, rows, factor)
        if levels is None or levels.groupby(rows["participant"]).nunique().max() < 2:
            continue
        if factor in accuracy.data:
            levels = levels.astype(accuracy.data[factor].dtype)
        met = rows.assign(**{factor: levels}).dropna(subset=[factor])
        return trials.per_participant(met, people, name, label, kind, accuracy.between, [factor])
    return trials.per_participant(rows, people, name, label, kind, accuracy.between)


def _levels(study: Study, rows: pd.DataFrame, factor: str) -> pd.Series | None:
    """Return the level that each answer was about: that of its trial, or of all trials of its block; None elsewhere."""
    key = next((name for name in ("trial_index", "block") if rows[name].notna().all()), None)
    if key is None or study.trials is None or not {key, factor} <= set(study.trials):
        return None
    met = study.trials.dropna(subset=[factor]).groupby(["participant", key])[factor].agg(["nunique", "first"])
    known = met.loc[met["nunique"] == 1, "first"]
    levels = known.reindex(pd.MultiIndex.from_frame(rows[["participant", key]]))
    return pd.Series(levels.to_numpy(), rows.index)


def _consistency(name: str, label: str, its: list[Item], answers: pd.DataFrame) -> list[Record]:
    """Return α and ω of a scale, and what each item adds to it."""
    rows = answers[(answers["questionnaire"] == its[0].questionnaire) & answers["item"].isin([i.code for i in its])]
    table = rows.pivot_table(index="participant", columns="item", values="score", aggfunc="mean", dropna=False)
    table = table.reindex(columns=[item.code for item in its])
    n = len(table.dropna())
    method = {"function": "of who answered all items; reverse-coded items turned round", "alpha": "Cronbach, raw",
              "ci": "Feldt, 95%", "omega": "McDonald's ω total, one factor by minimal residuals"}  # fmt: skip
    return [
        record(f"{name}.reliability", f"{label}: internal consistency", partial(reliability.reliability, table),
               reliability.COLUMNS, method, n, len(table) - n, _consistent),
        record(f"{name}.items", f"{label}: what each item adds", partial(reliability.items, table),
               reliability.ITEM_COLUMNS, {"function": "correlation with the sum of the other items; α without it"}, n,
               len(table) - n),
    ]  # fmt: skip


def _consistent(terms: pd.DataFrame) -> list[str]:
    row = terms.iloc[0]
    alpha = f"α = {apa.bounded(row['alpha'])}, {apa.interval(row['ci_low'], row['ci_high'], 95)}"
    return [f"{alpha}, ω = {apa.bounded(row['omega'])}" if pd.notna(row["omega"]) else alpha]


def _reliable(record: Record) -> str:
    if not record.defined:
        return f"Its consistency is not defined: {record.reason}."
    sentence = f"Its {int(record.terms['items'].iloc[0])} items: {record.sentences[0]}."
    return sentence


def _with_accuracy(name: str, scores: list[Measure], accuracy: Measure, plan: Plan) -> Record:
    """Return ρ of each score and rating with the study's accuracy, over participants of all conditions."""

    def related() -> pd.DataFrame:
        own = accuracy.data.groupby("participant")[accuracy.name].mean()
        tables = [_related(measure, own) for measure in scores]
        table = pd.concat(tables, ignore_index=True).reindex(columns=[*ACCURACY, "reason"])
        return table.assign(p_adjusted=adjust(table["p"], plan.correction))

    return record(
        f"{name}.accuracy",
        f"{apa.opening(apa.words(name))}: correlation with {apa.inside(accuracy.label)}",
        related,
        ACCURACY,
        {"function": "Spearman's ρ over participants of all conditions together", "correction": plan.correction,
         "family": "the questionnaire's scores and ratings"},
        int(accuracy.data["participant"].nunique()),
        sentences=lambda terms: [
            f"{row.term}: ρ = {apa.bounded(row.rho)}, {apa.interval(row.ci_low, row.ci_high, 95)}, "
            f"{apa.p_value(row.p_adjusted)}" for row in terms.dropna(subset=["rho", "ci_low"]).itertuples()
        ],
    )  # fmt: skip


def _related(measure: Measure, accuracy: pd.Series) -> pd.DataFrame:
    own = measure.data.groupby("participant")[measure.name].mean()
    try:
        return over_people.spearman(own, accuracy.reindex(own.index), measure.label)
    except NotDefined as refusal:
        return pd.DataFrame(
            [{"term": measure.label, "n": int(own.notna().sum()), "reason": refusal.reason_with(apa.words)}]
        )


def _summary(answers: pd.DataFrame, scores: list[Measure], accuracy: Measure, related: Record | None,
          plan: Plan) -> str:  # fmt: skip
    """Return who answered, the means, and which of them go with accuracy."""
    people = answers.dropna(subset=["value"])["participant"].nunique()
    means = "; ".join(f"{measure.label} M = {apa.number(measure.data[measure.name].mean())}" for measure in scores)
    sentence = f"{people} participants answered{f': {means}' if means else ''}."
    if related is None or not related.defined:
        return sentence
    clear = related.terms[related.terms["p_adjusted"] < plan.alpha]
    if clear.empty:
        return (
            f"{sentence} No correlation with {apa.inside(accuracy.label)} was shown, which is not that there is none."
        )
    correlations = "; ".join(f"{row.term} ρ = {apa.bounded(row.rho)}" for row in clear.itertuples())
    return f"{sentence} With {apa.inside(accuracy.label)} went {correlations}."
