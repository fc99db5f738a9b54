"""How people judge a system's answers: signal detection, reliance where it errs, calibration of confidence.

`trials` has a row per answered trial: participant, `signal` (whether the system assigns the class), `said` (whether the
participant predicted so), `correct`, `system_right` (whether the system was right), and `confidence` from 1 to k.
"""

import numpy as np
import pandas as pd

from analysis.plots import comparisons, curves
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Figure
from analysis.statistics import bootstrap, judgement
from analysis.statistics.means import SHARE, SHORT, mean_interval

RIGHT, WRONG = "system right", "system wrong"
RELIANCE = "reliance"
CALIBRATION = ("term", "n", "accuracy", "claimed", "brier", "ece", "ece_low", "ece_high")
POINTS = ("series", "x", "n", "mean", "ci_low", "ci_high")


def detection(trials: pd.DataFrame, people: pd.DataFrame, factors: list[str]) -> list[Measure]:
    """Return d′ and the criterion of every participant; none where every trial has the signal, or none has."""
    if trials["signal"].nunique() < 2:
        return []
    rates = judgement.detection(*(trials[column].to_numpy() for column in ("participant", "signal", "said")))
    d_prime, criterion = (people["participant"].map(rates[name]).astype(float) for name in rates)
    return [
        Measure("d_prime", "Sensitivity d′", "number", people.assign(d_prime=d_prime), factors),
        Measure("criterion", "Criterion c", "number", people.assign(criterion=criterion), factors),
    ]


def reliance(trials: pd.DataFrame, people: pd.DataFrame, factors: list[str]) -> Measure | None:
    """Return the share of right predictions where the system was right and where it was wrong, within participants."""
    known = trials.dropna(subset=["system_right", "correct"])
    if known["system_right"].nunique() < 2:
        return None
    system = pd.Categorical(known["system_right"].map({True: RIGHT, False: WRONG}), [RIGHT, WRONG])
    means = known.assign(system=system).groupby(["participant", "system"], observed=True)["correct"].mean()
    data = means.reset_index(name=RELIANCE).merge(people, on="participant")
    return Measure(RELIANCE, "Reliance", "fraction", data, factors, ["system"])


def relied(measure: Measure) -> Figure:
    """Return the figure of reliance: the conditions side by side where the system was right, and where it was wrong."""
    rows = []
    for (system, *levels), values in measure.data.groupby(["system", *measure.between], observed=True)[RELIANCE]:
        cell = " × ".join(map(str, levels)) or "everybody"
        low, high = mean_interval(values.dropna().to_numpy(float), SHARE)
        rows.append((system, cell, len(values), values.mean(), low, high))
    table = pd.DataFrame(rows, columns=["x", "series", "n", "mean", "ci_low", "ci_high"])
    means = "; ".join(f"{row.x}, {apa.words(row.series)} {apa.percent(row.mean)}" for row in table.itertuples())
    return Figure(
        f"{RELIANCE}-system",
        "Right predictions where the system was right, and where it was wrong",
        f"Means over participants with 95% {SHORT[True]}.",
        f"Means by the system's correctness and condition: {means}.",
        lambda: comparisons.dots(table, "", "Right predictions", "fraction"),
        table.rename(columns={"x": "system", "series": "level"}),
    )


def discrimination(trials: pd.DataFrame, people: pd.DataFrame, factors: list[str]) -> Measure | None:
    """Return every participant's area under the type-2 ROC; None where nobody has one."""
    known = trials.dropna(subset=["confidence", "correct"])
    areas = judgement.auroc2(*(known[column].to_numpy() for column in ("participant", "correct", "confidence")))
    if not len(areas) or areas.isna().all():
        return None
    data = people.assign(auroc2=people["participant"].map(areas).astype(float))
    label = "AUROC2 of confidence"
    return Measure("auroc2", label, "fraction", data, factors, chance=0.5)


def calibration(trials: pd.DataFrame, factor: str | None, k: int, chance: float, seed: int) -> tuple[Record, Figure]:
    """Return Brier score and expected calibration error by condition, and the curve of accuracy over claimed
    probability.

    Intervals resample participants.
    """
    known = trials.dropna(subset=["confidence", "correct"])
    known = known.assign(claimed=judgement.as_probability(known["confidence"].to_numpy(float), k, chance))
    parts = {"all": known} | (
        {str(level): rows for level, rows in known.groupby(factor, observed=True)} if factor else {}
    )

    def terms() -> pd.DataFrame:
        return pd.DataFrame([_calibrated(name, rows, seed) for name, rows in parts.items()], columns=CALIBRATION)

    kept = record(
        "confidence.calibration",
        "Confidence: calibration",
        terms,
        CALIBRATION,
        {"function": "Brier score; expected calibration error over the scale's points; percentile bootstrap over "
         "participants", "claimed": f"points 1 to {k} as probabilities from {chance:g} (guessing) to 1, evenly",
         "unit": "answers", "seed": seed},
        known["participant"].nunique(),
        0,
        lambda found: [f"{apa.words(row.term)}: Brier = {apa.bounded(row.brier)}, ECE = {apa.bounded(row.ece)}, "
                       f"{apa.interval(row.ece_low, row.ece_high, 95)}" for row in found.itertuples()],
    )  # fmt: skip
    points = pd.concat(
        [_points(name, rows) for name, rows in list(parts.items())[1 if factor else 0 :]], ignore_index=True
    )
    scores = "; ".join(
        f"{apa.words(row.series)} {apa.percent(row.mean)} right at {apa.percent(row.x)}" for row in points.itertuples()
    )
    figure = Figure(
        "confidence-calibration",
        "Share of right predictions by the probability claimed",
        f"Means over participants with 95% {SHORT[True]}; on the diagonal, confidence is as high as accuracy.",
        f"Lines of accuracy over claimed probability: {scores}.",
        lambda: curves.lines(points, "claimed probability", "Right predictions", "fraction", diagonal=True),
        points.rename(columns={"series": "level", "x": "claimed"}),
    )
    return kept, figure


def _calibrated(name: str, rows: pd.DataFrame, seed: int) -> tuple[object, ...]:
    correct, claimed = rows["correct"].to_numpy(float), rows["claimed"].to_numpy(float)
    low, high = _resampled(rows, seed)
    return (name, len(rows), correct.mean(), claimed.mean(), judgement.brier(correct, claimed),
            judgement.ece(correct, claimed), low, high)  # fmt: skip


def _resampled(rows: pd.DataFrame, seed: int) -> tuple[float, float]:
    """Return the percentile limits of the calibration error, from each participant's counts by claim."""
    by = rows.groupby(["participant", "claimed"])["correct"].agg(["sum", "size"]).unstack(fill_value=0)
    right, seen = by["sum"].to_numpy(float), by["size"].to_numpy(float)
    drawn = bootstrap.weights(len(by), seed)
    sums, sizes = drawn @ right, drawn @ seen
    claims = by["sum"].columns.to_numpy(float)
    off = np.abs(np.divide(sums, sizes, out=np.zeros_like(sums), where=sizes > 0) - claims) * sizes
    return bootstrap.percentiles(off.sum(axis=1) / sizes.sum(axis=1))


def _points(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy at each claim: the mean over participants with its interval."""
    points = []
    for claim, own in rows.groupby("claimed"):
        means = own.groupby("participant")["correct"].mean().to_numpy()
        low, high = mean_interval(means, SHARE)
        points.append((name, claim, len(means), means.mean(), low, high))
    return pd.DataFrame(points, columns=POINTS)
