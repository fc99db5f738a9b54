"""From trials to measures: what several recipes average, and the curve over trials."""

from typing import Any

import pandas as pd

from analysis.errors import AnalysisError
from analysis.plots import curves
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Figure
from analysis.statistics.effects import mean_interval

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
    responses = trials[["participant", *(within or []), name]].merge(people, on="participant")
    known = [factor for factor in factors if factor in between]
    return Measure(name, label, kind, data, known, within or [], responses, **options)


def curve(
    trials: pd.DataFrame, order: str, name: str, label: str, factor: str | None, chance: float
) -> tuple[Record, Figure]:
    """Return the mean over participants at each place of `order`, with its t interval, as a record and a figure."""
    series = trials[factor].astype(str) if factor else pd.Series("everybody", trials.index)
    per_person = trials.groupby([series.rename("series"), order, "participant"])[name].mean()
    rows = []
    levels = [str(level) for level in trials[factor].cat.categories] if factor else ["everybody"]
    found = {key: values.to_numpy(float) for key, values in per_person.groupby(level=["series", order])}
    for level in levels:
        for key in sorted(key for key in found if key[0] == level):
            values = found[key]
            low, high = mean_interval(values)
            rows.append((level, key[1], len(values), values.mean(), max(0.0, low), min(1.0, high)))
    table = pd.DataFrame(rows, columns=CURVE)
    method = {"function": "mean over participants with its t interval, cut at 0 and 1"}
    people = trials["participant"].nunique()
    kept = record(f"{name}.learning", f"{label}: learning curve", lambda: table, CURVE, method, people)
    ends = "; ".join(f"{apa.words(level)} from {rows['mean'].iloc[0]:.0%} to {rows['mean'].iloc[-1]:.0%}"
                     for level, rows in table.groupby("series", sort=False))  # fmt: skip
    figure = Figure(
        f"{name}-learning",
        f"{label} over the training trials",
        "Means over participants with 95% t intervals.",
        f"Lines over training trials: {ends}.",
        lambda: curves.lines(table, "training trial", label, "fraction", chance),
    )
    return kept, figure
