"""Clustering: does visual help make people's groups agree with the model's predictions?

Measures as in the XNN study: purity of each sorting against the model's prediction, with the chance level of its batch,
compared between stages within participants; confidence after each sorting; ratings of the agents, difficulty and who
took part.

A sorting's trial holds `stage`, `dataset`, `placement` (JSON, image → group) and `prediction` (JSON, image → class).
Among the steps are `confidence_level` with its sorting's `trial_index`, `agents_ratings` (JSON, stage → rating),
`closing_difficulty`, `closing_comments` and `demographics_…`.
"""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.plans import Plan
from analysis.reading.scales import Scale, scale
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.records import record
from analysis.results.section import Section, Steps
from analysis.sections import between, blocks, repeated, sorting, trials, varied
from analysis.sections.asked import questionnaires
from analysis.statistics.effects import wilson

KIND = "clustering"
PLAN = Plan(
    hypotheses=(
        {"id": "H1", "text": "Visual help changes how pure people's groups are.", "analysis": "purity.friedman",
         "term": "stage"},
    ),
    primary=("purity.friedman", "purity.paired"),
    secondary=("purity.purity", "confidence.paired", "confidence.friedman"),
)  # fmt: skip
GROUPS = 4
DEMOGRAPHICS = {
    "gender": ("Gender", "genders"),
    "age": ("Age", "ages"),
    "computing_courses": ("Courses in computing", "courses"),
    "ai_courses": ("Courses in artificial intelligence", "courses"),
}
SHARES = ("term", "answer", "n", "share", "ci_low", "ci_high")


def measures(study: Study) -> list[Measure]:
    """Return purity and confidence by stage, over all data sets and in each, ratings, and those of questionnaires."""
    scored = _scored(study)
    listed = _rated_within_limits(study, [*_measures(study, scored), *_rated_once(study)])
    listed += _by_what_varied(study, scored)
    return [*listed, *questionnaires.measures(study, _accuracy(study, scored))]


def _by_what_varied(study: Study, scored: pd.DataFrame) -> list[Measure]:
    chance = float(scored["chance"].mean())
    return varied.measures(study, scored, "purity", "Purity", "fraction", study.tested, chance=chance)


def _measures(study: Study, scored: pd.DataFrame) -> list[Measure]:
    listed = []
    for name, label, kind in (("purity", "Purity", "fraction"), ("confidence", "Confidence", "ordinal")):
        if scored[name].notna().any():
            listed.append(_by_stage(study, scored, name, label, kind))
            listed += [
                _by_stage(study, rows.rename(columns={name: part}), part, f"{label}, {apa.words(dataset)}", kind)
                for dataset, part, rows in _parts(scored, name)
            ]
    return listed


def _parts(scored: pd.DataFrame, name: str) -> list[tuple[str, str, pd.DataFrame]]:
    """Return each data set with its measure's name and rows; none where there is only one."""
    datasets = scored["dataset"].dropna().unique()
    if len(datasets) < 2:
        return []
    return [(dataset, f"{name}_{dataset}", scored[scored["dataset"] == dataset]) for dataset in datasets]


def _rated_within_limits(study: Study, candidates: list[Measure]) -> list[Measure]:
    """Return the measures, ratings with the ends of their scales."""
    return [replace(one, limits=_points(study, one).limits) if one.kind == "ordinal" else one for one in candidates]


def _accuracy(study: Study, scored: pd.DataFrame) -> Measure:
    return _by_stage(study, scored, "purity", "Purity", "fraction")


def _rated_once(study: Study) -> list[Measure]:
    return [measure for measure in (_agents(study), _difficulty(study)) if measure is not None]


def sections(study: Study, plan: Plan) -> Steps:
    """Return the report's sections in their order."""
    scored = _scored(study)
    rows = {"purity": scored} | {part: rows for _, part, rows in _parts(scored, "purity")}
    steps: Steps = []
    for measure in _rated_within_limits(study, [*_measures(study, scored), *_rated_once(study)]):
        if measure.name in rows:
            compute = partial(_purity, measure, rows[measure.name], plan)
        elif measure.name == "difficulty":
            compute = partial(_hard, measure, study)
        else:
            compute = partial(_rated, measure, plan, _points(study, measure))
        steps.append((measure.name, compute))
    steps += varied.sections(_by_what_varied(study, scored), plan)
    steps += questionnaires.sections(study, plan, _accuracy(study, scored))
    return [*steps, ("demographics", partial(_demographics, study))]


def _purity(measure: Measure, scored: pd.DataFrame, plan: Plan) -> Section:
    section = blocks.within(measure, plan)
    section.records.insert(1, sorting.purity_record(measure, scored))
    section.intro = (
        "The share of images that lie in a group whose most frequent predicted class is theirs. Guessing reaches "
        f"{apa.percent(scored['chance'].mean())} on these batches."
    )
    return section


def _rated(measure: Measure, plan: Plan, points: Scale) -> Section:
    records = [between.describe(measure), *repeated.paired_tests(measure, plan), *repeated.models(measure)]
    bars = blocks.answers(measure, points.points)
    figures = [bars] if bars else [blocks.spread(measure)]
    return Section(measure.label, repeated.answer(measure, records, plan), records, figures, intro=points.remark)


def _points(study: Study, measure: Measure) -> Scale:
    """Return the scale of the confidence after a sorting, of the agents' ratings, or of the difficulty."""
    given = measure.data[measure.name] if measure.responses is None else measure.responses[measure.name]
    if measure.name == "difficulty":
        return scale(study, "closing_difficulty", given)
    if measure.name == "rating":
        return scale(study, "agents_ratings", given, "rating_labels", best_first=True)
    return scale(study, "confidence_level", given, "confidence_labels")


def _by_stage(study: Study, scored: pd.DataFrame, name: str, label: str, kind: str) -> Measure:
    people = study.participants[["participant", *study.factors]]
    own = scored.drop(columns=[factor for factor in study.factors if factor in scored])
    chance = float(own["chance"].mean()) if kind == "fraction" else None
    return trials.per_participant(own, people, name, label, kind, study.tested, ["stage"], chance=chance)


def _hard(measure: Measure, study: Study) -> Section:
    """Return how difficult the task was found, and how many had something to say about it."""
    values = measure.data[measure.name]
    points = _points(study, measure)
    figure = blocks.answers(measure, points.points)
    ends = [f"{point}, {label}" for point, label in points.labels.items()]
    sentence = f"Difficulty was rated {apa.number(values.mean())} on average"
    sentence += f", from {ends[0]}, to {ends[-1]}." if ends else "."
    steps = study.table("steps")
    comments = steps["closing_comments"].notna().sum() if "closing_comments" in steps else 0
    intro = f"{points.remark} Free comments: {comments}, in the steps table's column closing_comments.".strip()
    kept = between.describe(measure)
    kept = replace(kept, method=kept.method | {"comments": int(comments)})
    return Section(measure.label, sentence, [kept], [figure] if figure else [], intro=intro)


def _demographics(study: Study) -> Section | None:
    """Return who took part: the share of each answer, in the order in which the answers were offered."""
    answers = {
        name: study.steps[column].dropna()
        for name in DEMOGRAPHICS
        if study.steps is not None and (column := f"demographics_{name}") in study.steps
    }
    rows = [row for name, given in answers.items() if len(given) for row in _shares(study, name, given)]
    if not rows:
        return None
    table = pd.DataFrame(rows, columns=SHARES)
    most = table.loc[table.groupby("term", sort=False)["n"].idxmax()]
    most_frequent = "; ".join(f"{row.term.lower()}: {row.answer} {apa.percent(row.share)}" for row in most.itertuples())
    method = {"function": "share of the participants who answered, with Wilson's 95% interval"}
    n = int(max(map(len, answers.values())))
    kept = record("demographics", "Who took part", lambda: table, SHARES, method, n, len(study.participants) - n)
    return Section("Who took part", f"Most frequent answers: {most_frequent}.", [kept])


def _shares(study: Study, name: str, given: pd.Series) -> list[tuple[object, ...]]:
    title, offered = DEMOGRAPHICS[name]
    order = [*study.parameters.get(offered, []), *sorted(given.unique())]
    counts = given.value_counts()
    return [
        (title, answer, int(counts[answer]), counts[answer] / len(given), *wilson(counts[answer], len(given)))
        for answer in dict.fromkeys(order)
        if answer in counts
    ]


def _scored(study: Study) -> pd.DataFrame:
    """Return one row per sorting: participant, stage, dataset, trial_index, purity, chance, companions, confidence."""
    table = trials.require(study, ["trial_index", "stage", "dataset", "placement", "prediction"])
    images = []
    for row in table.itertuples():
        predicted = _object(row.prediction, "trials", "prediction", row, f", trial {row.trial_index}")
        for image, group in _object(row.placement, "trials", "placement", row, f", trial {row.trial_index}").items():
            images.append((row.participant, row.trial_index, group, predicted.get(image)))
    columns = ["participant", "trial_index", "group", "truth"]
    n_groups = int(study.parameters.get("groups", GROUPS))
    seen = [name for name in ("method", *study.within) if name in table]
    scored = sorting.score(pd.DataFrame(images, columns=columns), columns[:2], n_groups)
    kept = table[[*columns[:2], "stage", "dataset", *seen, *study.factors]].merge(scored, on=columns[:2], how="left")
    return kept.merge(_confidence(study), on=columns[:2], how="left").assign(
        stage=pd.Categorical(kept["stage"], _order(study, kept["stage"]))
    )


def _confidence(study: Study) -> pd.DataFrame:
    """Return the confidence after each sorting, 1 … k."""
    columns = ["participant", "trial_index", "confidence_level"]
    if study.steps is None or not set(columns) <= set(study.steps):
        return pd.DataFrame(columns=["participant", "trial_index", "confidence"])
    asked = study.steps[columns].dropna(subset=["confidence_level"])
    return asked.rename(columns={"confidence_level": "confidence"}).astype({"confidence": float})


def _object(text: object, table: str, name: str, row: Any, place: str = "") -> dict[str, Any]:
    try:
        content = json.loads(text) if isinstance(text, str) else {}
    except json.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        where = f"{table} table, column {name}, participant {row.participant}{place}"
        raise AnalysisError(f"{where}: found {text!r}, expected a JSON object")
    return content


def _order(study: Study, stages: pd.Series) -> list[str]:
    """Return the stages in the study's order; those that it doesn't list follow by name."""
    listed = [stage for stage, _ in study.parameters.get("stages", [])]
    return [stage for stage in dict.fromkeys([*listed, *sorted(stages.dropna().unique())]) if (stages == stage).any()]


def _agents(study: Study) -> Measure | None:
    """Return the agents' ratings; None where fewer than two were rated."""
    if study.steps is None or "agents_ratings" not in study.steps:
        return None
    rated = study.steps[["participant", "agents_ratings"]].dropna()
    rows = [
        (row.participant, stage, float(rating))
        for row in rated.itertuples()
        for stage, rating in _object(row.agents_ratings, "steps", "agents_ratings", row).items()
    ]
    table = pd.DataFrame(rows, columns=["participant", "agent", "rating"])
    if table["agent"].nunique() < 2:
        return None
    table = table.assign(agent=pd.Categorical(table["agent"], _order(study, table["agent"])))
    people = study.participants[["participant", *study.factors]]
    return trials.per_participant(table, people, "rating", "Agent rating", "ordinal", study.tested, ["agent"])


def _difficulty(study: Study) -> Measure | None:
    if study.steps is None or "closing_difficulty" not in study.steps:
        return None
    rated = study.steps[["participant", "closing_difficulty"]].dropna()
    people = study.participants[["participant", *study.factors]]
    data = people.assign(difficulty=people["participant"].map(rated.set_index("participant")["closing_difficulty"]))
    if data["difficulty"].isna().all():
        return None
    return Measure("difficulty", "Difficulty", "ordinal", data.astype({"difficulty": float}), study.tested)
