"""Do automatic metrics of heatmaps predict people? Each metric against human accuracy, stimulus by stimulus.

The metrics come from a bundle's `metrics.csv` (image_id, method, target, metric, value), found in the export or named
by `--bundle`. A stimulus is matched by its image id and the method that its participants saw, and by the class that the
trial was about where the bundle's manifest names the classes.
"""

from functools import partial
from typing import Any

import pandas as pd

from analysis.errors import NotDefined
from analysis.plots import curves
from analysis.reading.plans import Plan
from analysis.reading.study import Study
from analysis.results import apa
from analysis.results.records import record
from analysis.results.section import Figure, Section
from analysis.sections.between import POWER
from analysis.statistics.association import rank_correlation
from analysis.statistics.means import METHODS, SHARE, mean_interval
from analysis.statistics.multiplicity import adjust
from analysis.statistics.power import detectable_rho

COLUMNS = ("metric", "method", *rank_correlation.COLUMNS, "p_adjusted")
MEANS = ("metric", "method", "n_stimuli", "n_participants", "metric_mean", "accuracy", "ci_low", "ci_high")
KEYS = ["method", "stimulus"]
Row = tuple[object, ...]


def section(study: Study, plan: Plan, note: str = "") -> Section | None:
    """Return each metric's rank correlation with accuracy, per method and over methods; None without metrics.

    `note` says what the participants of this kind of study saw of a stimulus.
    """
    answers = shown(study)
    if answers is None:
        return None
    values = _values(study.metrics, answers)
    if values.empty:
        return None
    terms = _per_method(values, answers, plan)
    people = answers["participant"].nunique()
    function = "Spearman ρ; percentile bootstrap over participants"
    records = [
        record(
            "metrics.spearman",
            "Automatic metrics: rank correlation with human accuracy over stimuli",
            lambda: terms,
            COLUMNS,
            {
                "function": function,
                "seed": plan.seed,
                "correction": plan.correction,
                "family": "all metrics and methods",
                "detectable": _detectable(terms, plan),
            },
            people,
        ),
        record(
            "metrics.methods",
            "Automatic metrics: each method's mean beside its human accuracy",
            lambda: _means(values, answers),
            MEANS,
            {"function": "mean over the stimuli shown; mean over participants", "interval": METHODS[True]},
            people,
        ),
        record(
            "metrics.spearman_methods",
            "Automatic metrics: rank correlation with human accuracy over methods",
            lambda: _over_methods(values, answers, plan),
            COLUMNS,
            {"function": function, "seed": plan.seed, "correction": plan.correction, "family": "all metrics"},
            people,
        ),
    ]
    figures = [_figure(metric, rows, answers) for metric, rows in values.groupby("metric")]
    title = "Do automatic metrics predict people?"
    return Section(title, _summary(terms, plan), records, figures, intro=note, figures_first=len(figures))


def shown(study: Study) -> pd.DataFrame | None:
    """Return participant, stimulus, method, correct of the trials with a heatmap; None where there are no metrics.

    Where a trial is about one class of the stimulus and the metrics name classes, `class_name` tells which.
    """
    needed = ["participant", "stimulus", "method", "correct"]
    if study.metrics is None or study.trials is None or not set(needed) <= set(study.trials):
        return None
    named = study.metrics.get("class_name")
    both_know = "class_name" in study.trials and named is not None and named.notna().all()
    answers = study.trials[[*needed, *(["class_name"] if both_know else [])]].dropna()
    return answers.assign(correct=answers["correct"].astype(float))


def _values(metrics: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Return metric, method, stimulus, value of what was shown: of the trial's class where known, else of all."""
    named = metrics.rename(columns={"image_id": "stimulus"})
    keys = [*KEYS, *(["class_name"] if "class_name" in answers else [])]
    shown_here = named.merge(answers[keys].drop_duplicates(), on=keys)
    return shown_here.groupby(["metric", *KEYS], as_index=False)["value"].mean()


def _per_method(values: pd.DataFrame, answers: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    rows = []
    for (metric, method), part in values.groupby(["metric", "method"]):
        own = answers[answers["method"] == method]
        rows.append(_row(part.set_index("stimulus")["value"], own, metric, method, plan.seed, "stimuli"))
    return _adjusted(rows, plan)


def _over_methods(values: pd.DataFrame, answers: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return ρ over methods; each participant's answers count for the method that was shown."""
    by_method = answers.assign(stimulus=answers["method"])
    rows = [_row(part.groupby("method")["value"].mean(), by_method, metric, "all", plan.seed, "methods")
            for metric, part in values.groupby("metric")]  # fmt: skip
    return _adjusted(rows, plan)


def _row(
    values: pd.Series, answers: pd.DataFrame, metric: str, method: str, seed: int, unit: str
) -> tuple[object, ...]:
    try:
        return (metric, method, *rank_correlation.spearman(answers, values, seed, unit), "")
    except NotDefined as refusal:
        return (
            metric,
            method,
            len(values),
            answers["participant"].nunique(),
            *[float("nan")] * 4,
            refusal.reason_with(apa.words),
        )


def _adjusted(rows: list[Row], plan: Plan) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=[*COLUMNS[:-1], "reason"])
    return table.assign(p_adjusted=adjust(table["p"], plan.correction))[[*COLUMNS, "reason"]]


def _means(values: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (metric, method), part in values.groupby(["metric", "method"]):
        own = answers[(answers["method"] == method) & answers["stimulus"].isin(part["stimulus"])]
        people = own.groupby("participant")["correct"].mean().to_numpy()
        rows.append(
            (metric, method, len(part), len(people), part["value"].mean(), people.mean(), *mean_interval(people, SHARE))
        )
    return pd.DataFrame(rows, columns=MEANS)


def _detectable(terms: pd.DataFrame, plan: Plan) -> dict[str, Any]:
    """Return the smallest correlation over stimuli that each metric and method would have been found with."""
    smallest = {f"{row.metric} × {row.method}": detectable_rho(int(row.n_stimuli), POWER, plan.alpha)
                for row in terms.dropna(subset="rho").itertuples()}  # fmt: skip
    return {"power": POWER, "effect": "Spearman ρ", "terms": smallest}


def _summary(terms: pd.DataFrame, plan: Plan) -> str:
    clear = terms[(terms["ci_low"] > 0) | (terms["ci_high"] < 0)]
    tested = terms.dropna(subset="rho")
    if tested.empty:
        return f"No metric could be compared with people: {terms['reason'].iloc[0]}."
    if clear.empty:
        row = tested.loc[tested["rho"].abs().idxmax()]
        smallest = _detectable(terms, plan)["terms"][f"{row['metric']} × {row['method']}"]
        return (
            "No metric was shown to order the stimuli as people do, which is not that none does: the closest is "
            f"{apa.words(row['metric'])} for {apa.words(row['method'])}, ρ = {apa.bounded(row['rho'])}, "
            f"{apa.interval(row['ci_low'], row['ci_high'], 95)}, and ρ = {apa.bounded(smallest)} is the smallest found "
            f"with {POWER:.0%} power over {int(row['n_stimuli'])} stimuli."
        )
    correlations = [f"{apa.words(row.metric)} for {apa.words(row.method)} (ρ = {apa.bounded(row.rho)}, "
                    f"{apa.interval(row.ci_low, row.ci_high, 95)})" for row in clear.itertuples()]  # fmt: skip
    return f"Stimuli are ordered by people's accuracy as by {apa.listing(correlations)}."


def _figure(metric: str, values: pd.DataFrame, answers: pd.DataFrame) -> Figure:
    people = answers.groupby(KEYS)["correct"].agg(["mean", "size"]).reset_index()
    points = people.merge(values.rename(columns={"value": "x"}), on=KEYS).rename(columns={"mean": "y", "size": "n"})
    spans = points.groupby("method").agg(
        n_stimuli=("x", "size"), x_min=("x", "min"), x_max=("x", "max"), y_min=("y", "min"), y_max=("y", "max")
    )
    ranges = "; ".join(
        f"{apa.words(str(row.Index))}: {row.n_stimuli} stimuli, {apa.words(metric)} {apa.number(row.x_min)} to "
        f"{apa.number(row.x_max)}, accuracy {apa.percent(row.y_min)} to {apa.percent(row.y_max)}"
        for row in spans.itertuples()
    )
    return Figure(
        f"metrics-{metric}",
        f"{apa.opening(apa.words(metric))} against human accuracy",
        "A point is a stimulus; its area grows with the number of answers.",
        f"Scatter of human accuracy over {apa.words(metric)}, one panel per method. {ranges}.",
        partial(curves.scatter, points, apa.opening(apa.words(metric)), "Fraction correct"),
        spans.reset_index(),
    )
