"""Clustering: does visual help make people's groups agree with the model's predictions?

Measures as in the XNN study: purity of each sorting against the model's prediction, with the chance level of its batch,
compared between stages within participants; confidence after each sorting; ratings of the agents and difficulty.

A sorting's trial holds `stage`, `dataset`, `placement` (JSON, image → group) and `prediction` (JSON, image → class).
"""

import json
from functools import partial

import pandas as pd

from analysis import apa, between, blocks, repeated, sorting, trials
from analysis.errors import AnalysisError
from analysis.plan import Plan
from analysis.sections import Section
from analysis.study import Measure, Study

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
CONFIDENCE = ["Zero", "Very Low", "Low", "Mediocre", "High", "Very High", "100%"]
RATING = ["Very Poor", "Poor", "Slightly Poor", "Neutral or N/A", "Slightly Good", "Good", "Very Good"]


def measures(study: Study) -> list[Measure]:
    """Return purity over all data sets and in each, and confidence, by stage."""
    return _measures(study, _scored(study))


def _measures(study: Study, scored: pd.DataFrame) -> list[Measure]:
    make = partial(_by_stage, study)
    found = [make(scored, "purity", "Purity", "fraction")]
    datasets = scored["dataset"].dropna().unique()
    if len(datasets) > 1:
        for dataset in datasets:
            name, part = f"purity_{dataset}", scored[scored["dataset"] == dataset]
            found.append(make(part.rename(columns={"purity": name}), name, f"Purity, {apa.words(dataset)}", "fraction"))
    if "confidence" in study.trials:
        rated = scored.assign(confidence=_coded(study.trials["confidence"], CONFIDENCE).to_numpy())
        found.append(make(rated, "confidence", "Confidence", "ordinal"))
    return found


def sections(study: Study, plan: Plan) -> list:
    """Return the report's sections in their order."""
    scored = _scored(study)
    found = []
    for measure in _measures(study, scored):
        if measure.name == "confidence":
            labels = dict(enumerate(CONFIDENCE, start=1))
            found.append((measure.name, partial(_rated, measure, plan, labels)))
        else:
            part = scored if measure.name == "purity" else scored[scored["dataset"] == measure.name[len("purity_") :]]
            found.append((measure.name, partial(_purity, measure, part, plan)))
    agents = _agents(study)
    if agents is not None:
        found.append(("agent ratings", partial(_rated, agents, plan, dict(enumerate(RATING, start=1)))))
    return found


def _purity(measure: Measure, scored: pd.DataFrame, plan: Plan) -> Section:
    section = blocks.within(measure, plan)
    section.records.insert(1, sorting.purity_record(measure, scored))
    section.intro = (
        "The share of images that lie in a group whose most frequent predicted class is theirs. Guessing reaches "
        f"{scored['chance'].mean():.0%} on these batches."
    )
    return section


def _rated(measure: Measure, plan: Plan, labels: dict[int, str]) -> Section:
    records = [between.describe(measure), *repeated.paired_tests(measure, plan), *repeated.models(measure)]
    bars = blocks.answers(measure, labels)
    figures = [bars] if bars else [blocks.spread(measure)]
    return Section(measure.label, repeated.answer(measure, records, plan), records, figures)


def _by_stage(study: Study, scored: pd.DataFrame, name: str, label: str, kind: str) -> Measure:
    people = study.participants[["participant", *study.factors]]
    own = scored.drop(columns=[factor for factor in study.factors if factor in scored])
    chance = float(own["chance"].mean()) if kind == "fraction" else None
    return trials.per_participant(own, people, name, label, kind, study.tested, ["stage"], chance=chance)


def _scored(study: Study) -> pd.DataFrame:
    """Return one row per sorting: participant, stage, dataset, trial_index, purity, chance and companions."""
    table = trials.require(study, ["trial_index", "stage", "dataset", "placement", "prediction"])
    images = []
    for row in table.itertuples():
        predicted = _object(row.prediction, "prediction", row)
        for image, group in _object(row.placement, "placement", row).items():
            images.append((row.participant, row.trial_index, group, predicted.get(image)))
    columns = ["participant", "trial_index", "group", "truth"]
    n_groups = int(study.parameters.get("groups", GROUPS))
    scored = sorting.score(pd.DataFrame(images, columns=columns), columns[:2], n_groups)
    kept = table[[*columns[:2], "stage", "dataset", *study.factors]]
    scored = kept.merge(scored, on=columns[:2], how="left")
    return scored.assign(stage=pd.Categorical(scored["stage"], _order(scored["stage"])))


def _object(text, name: str, row) -> dict:
    try:
        content = json.loads(text) if isinstance(text, str) else {}
    except json.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        where = f"trials table, column {name}, participant {row.participant}, trial {row.trial_index}"
        raise AnalysisError(f"{where}: found {text!r}, expected a JSON object of image: value")
    return content


def _order(stages: pd.Series) -> list[str]:
    """Return the stages with the one without help first, the others by name."""
    return sorted(stages.dropna().unique(), key=lambda stage: (stage.lower() not in ("novis", "none"), stage))


def _coded(answers: pd.Series, labels: list[str]) -> pd.Series:
    """Return answers as 1 … k; they may be exported as numbers or as their labels."""
    if pd.api.types.is_numeric_dtype(answers):
        return answers.astype(float)
    return answers.map({label: i for i, label in enumerate(labels, start=1)}).astype(float)


def _agents(study: Study) -> Measure | None:
    """Return the agents' ratings, from the steps' columns `<page>_rating_<agent>`; None where nobody was asked."""
    if study.steps is None:
        return None
    columns = [column for column in study.steps if "_rating_" in column]
    parts = []
    for column in columns:
        rated = study.steps[["participant", column]].dropna()
        parts.append(pd.DataFrame({"participant": rated["participant"], "agent": column.split("_rating_")[1],
                                   "rating": _coded(rated[column], RATING)}))  # fmt: skip
    if len(columns) < 2 or not sum(map(len, parts)):
        return None
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(agent=pd.Categorical(table["agent"]))
    people = study.participants[["participant", *study.factors]]
    return trials.per_participant(table, people, "rating", "Agent rating", "ordinal", study.tested, ["agent"])
