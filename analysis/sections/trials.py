"""From trials to measures: what several recipes average, and the curve over trials."""

from typing import Any

import pandas as pd

from analysis.errors import AnalysisError
from analysis.plots import curves
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Figure
from analysis.statistics.means import METHODS, SHARE, SHORT, mean_interval
from analysis.statistics.regression import logistic, odds

CURVE = ("series", "x", "n", "mean", "ci_low", "ci_high")


def require(study: Study, columns: list[str]) -> pd.DataFrame:
    """Return the study's trials, refusing them where a column is missing."""
    missing = [column for column in columns if study.trials is None or column not in study.trials]
    if missing:
        raise AnalysisError(f"trials table: lacks {', '.join(missing)}, which a {study.kind} study records")
    return study.trials


def number(column: pd.Series) -> pd.Series:
    """Return a column of booleans or numbers as floats, missing as NaN."""
    return column.astype("Float64").astype(float)


def per_participant(trials: pd.DataFrame, people: pd.DataFrame, name: str, label: str, kind: str, between: list[str],
                    within: list[str] | None = None, **options: Any) -> Measure:  # fmt: skip
    """Return a measure as the mean of a participant's trials (in each condition); response times as their median.

    `people` has a row per participant with the between-subjects factors; who has no trial has no value.
    """
    keys = ["participant", *(within or [])]
    grouped = trials.groupby(keys, observed=True)[name]
    values = (grouped.median() if kind == "time" else grouped.mean()).reset_index()
    factors = [column for column in people.columns if column != "participant"]
    data = people.merge(values, on="participant", how="left")
    stimulus = "stimulus" if "stimulus" in trials and name != "stimulus" else ""
    kept = ["participant", *(within or []), name, *([stimulus] if stimulus else [])]
    responses = trials[kept].merge(people, on="participant")
    known = [factor for factor in factors if factor in between]
    return Measure(name, label, kind, data, known, within or [], responses, stimulus=stimulus, **options)


def learning_test(trials: pd.DataFrame, order: str, name: str, label: str, factors: list[str]) -> Record:
    """Return the logistic regression of single answers on the trial's place, which may grow differently by condition.

    The place counts from −½ (the first trial) to ½ (the last), so that a coefficient is the change over all of them.
    """
    place = trials[order].astype(float)
    span = place.max() - place.min()
    data = trials.assign(trial=(place - place.min()) / span - 0.5 if span else 0.0)
    known = data.dropna(subset=[name])
    return record(
        f"{name}.learning_test",
        f"{label}: does it grow over the trials, and differently by condition?",
        lambda: logistic.mixed_logistic(data, name, factors, slope="trial"),
        odds.COLUMNS,
        {"function": "random-intercept logistic regression, adaptive Gauss-Hermite quadrature, 15 nodes",
         "contrasts": "treatment", "trial": "from −1/2 at the first to 1/2 at the last", "unit": "answers"},
        len(known),
        len(data) - len(known),
        odds_sentences,
    )  # fmt: skip


def curve(
    trials: pd.DataFrame, order: str, name: str, label: str, factor: str | None, chance: float
) -> tuple[Record, Figure]:
    """Return the mean over participants at each place of `order`, with its interval, as a record and a figure."""
    series = trials[factor].astype(str) if factor else pd.Series("everybody", trials.index)
    per_person = trials.groupby([series.rename("series"), order, "participant"])[name].mean()
    rows = []
    levels = [str(level) for level in trials[factor].cat.categories] if factor else ["everybody"]
    by_place = {key: values.to_numpy(float) for key, values in per_person.groupby(level=["series", order])}
    for level in levels:
        for key in sorted(key for key in by_place if key[0] == level):
            values = by_place[key]
            low, high = mean_interval(values, SHARE)
            rows.append((level, key[1], len(values), values.mean(), low, high))
    table = pd.DataFrame(rows, columns=CURVE)
    method = {"function": "mean over participants", "interval": METHODS[True]}
    people = trials["participant"].nunique()
    kept = record(f"{name}.learning", f"{label}: learning curve", lambda: table, CURVE, method, people)
    ends = "; ".join(
        f"{apa.words(level)} from {apa.percent(rows['mean'].iloc[0])} to {apa.percent(rows['mean'].iloc[-1])}"
        for level, rows in table.groupby("series", sort=False)
    )
    figure = Figure(
        f"{name}-learning",
        f"{label} over the training trials",
        f"Means over participants with 95% {SHORT[True]}.",
        f"Lines over training trials: {ends}.",
        lambda: curves.lines(table, "training trial", label, "fraction", chance),
        table.rename(columns={"series": "level", "x": "trial"}),
    )
    return kept, figure


def odds_sentences(terms: pd.DataFrame) -> list[str]:
    """Return one sentence per coefficient of a logistic model, the odds ratio with its test, and its random part."""
    tested = terms[terms["p"].notna() & terms["ci_low"].notna() & (terms["term"] != "(Intercept)")]
    return [
        f"{apa.words(row.term)}: OR = {apa.number(row.odds_ratio)}, "
        f"{apa.interval(row.ci_low, row.ci_high, 95, apa.number)}, z = {apa.number(row.z)}, {apa.p_value(row.p)}"
        for row in tested.itertuples()
    ] + random_part(terms)


def random_part(terms: pd.DataFrame) -> list[str]:
    """Return the sentence that gives the SDs of a mixed model's random intercepts; none for other models."""
    rows = terms[terms["term"].str.startswith("sd(")]
    deviations = [f"{row.term[3:-1]} {apa.number(row.estimate)}" for row in rows.itertuples()]
    return [f"Random part, SD: {', '.join(deviations)}"] if deviations else []
