"""Do automatic metrics of heatmaps predict people? Each metric against human accuracy, stimulus by stimulus.

The metrics come from a bundle's `metrics.csv` (image_id, method, target, metric, value), found in the export or named
by `--bundle`. A stimulus is matched by its image id and the method that its participants saw.
"""

from functools import partial

import pandas as pd

from analysis import apa
from analysis.errors import NotDefined
from analysis.plan import Plan
from analysis.plots import curves
from analysis.records import record
from analysis.sections import Figure, Section
from analysis.statistics import rank_correlation
from analysis.study import Study

COLUMNS = ("metric", "method", *rank_correlation.COLUMNS)


def section(study: Study, plan: Plan) -> Section | None:
    """Return each metric's rank correlation with accuracy, per method; None where the study has no metrics."""
    answers = shown(study)
    if answers is None:
        return None
    metrics = study.metrics.groupby(["metric", "method", "image_id"])["value"].mean()
    rows = [_row(metrics.loc[metric, method], answers[answers["method"] == method], metric, method, plan)
            for metric, method in sorted({(metric, method) for metric, method, _ in metrics.index})
            if (answers["method"] == method).any()]  # fmt: skip
    if not rows:
        return None
    terms = pd.DataFrame(rows, columns=(*COLUMNS, "reason"))
    found = record(
        "metrics.spearman",
        "Automatic metrics: rank correlation with human accuracy",
        lambda: terms,
        COLUMNS,
        {"function": "Spearman ρ over stimuli; percentile bootstrap over participants", "seed": plan.seed},
        answers["participant"].nunique(),
    )
    figures = [_figure(metric, metrics.loc[metric], answers) for metric in terms["metric"].unique()]
    return Section("Do automatic metrics predict people?", _said(terms), [found], figures, figures_first=len(figures))


def shown(study: Study) -> pd.DataFrame | None:
    """Return participant, stimulus, method, correct of the trials with a heatmap; None where there are no metrics."""
    needed = {"stimulus", "method", "correct"}
    if study.metrics is None or study.trials is None or not needed <= set(study.trials):
        return None
    answers = study.trials[["participant", "stimulus", "method", "correct"]].dropna()
    return answers.assign(correct=answers["correct"].astype(float))


def _row(values: pd.Series, answers: pd.DataFrame, metric: str, method: str, plan: Plan) -> tuple:
    try:
        return (metric, method, *rank_correlation.spearman(answers, values, plan.seed), "")
    except NotDefined as refusal:
        return (metric, method, answers["stimulus"].nunique(), answers["participant"].nunique(), *[float("nan")] * 4,
                refusal.reason)  # fmt: skip


def _said(terms: pd.DataFrame) -> str:
    clear = terms[(terms["ci_low"] > 0) | (terms["ci_high"] < 0)]
    if clear.empty:
        return "No metric's order of the stimuli was shown to be people's."
    said = [f"{apa.words(row.metric)} for {apa.words(row.method)} (ρ = {apa.bounded(row.rho)}, "
            f"{apa.interval(row.ci_low, row.ci_high, 95)})" for row in clear.itertuples()]  # fmt: skip
    return f"Stimuli are ordered by people's accuracy as by {apa.listing(said)}."


def _figure(metric: str, values: pd.Series, answers: pd.DataFrame) -> Figure:
    people = answers.groupby(["method", "stimulus"])["correct"].agg(["mean", "size"]).reset_index()
    keyed = values.rename("x").rename_axis(["method", "stimulus"]).reset_index()
    points = people.merge(keyed, on=["method", "stimulus"]).rename(columns={"mean": "y", "size": "n"})
    return Figure(
        f"metrics-{metric}",
        f"{apa.words(metric)} against human accuracy",
        "A point is a stimulus; its area grows with the number of answers.",
        f"Scatter of human accuracy over {apa.words(metric)}, one panel per method, {len(points)} stimuli.",
        partial(curves.scatter, points, apa.words(metric), "Fraction correct"),
    )
