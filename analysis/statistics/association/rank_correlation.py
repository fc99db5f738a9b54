"""Do two quantities order the stimuli alike? Spearman's ρ with an interval that resamples participants."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.bootstrap import percentiles, weights
from analysis.statistics.cells import alike

COLUMNS = ("n_stimuli", "n_participants", "rho", "ci_low", "ci_high", "p")
LEAST_STIMULI = 4


def spearman(answers: pd.DataFrame, values: pd.Series, seed: int, unit: str = "stimuli") -> tuple[object, ...]:
    """Return stimuli, participants, ρ, its limits and p between people's accuracy and a metric over stimuli.

    `answers` has participant, stimulus, correct (0/1); `values` a number per stimulus (or other `unit`). Each resample
    draws participants and computes the stimuli's accuracies anew; stimuli that nobody of a resample saw drop out of it.
    p tests ρ = 0 over stimuli (scipy), which says nothing about other stimuli than these.

    >>> answers = pd.DataFrame([(p, s, int(p + s > 3)) for p in range(5) for s in range(5)],
    ...                        columns=["participant", "stimulus", "correct"])
    >>> found = spearman(answers, pd.Series([0.1, 0.2, 0.3, 0.5, 0.4]), seed=1)
    >>> found[:2], round(found[2], 6)
    ((5, 5), 0.9)
    """
    known = answers.dropna(subset=["correct"])
    known = known[known["stimulus"].isin(values.dropna().index)]
    seen = pd.crosstab(known["participant"], known["stimulus"])
    right = pd.crosstab(known["participant"], known["stimulus"], values=known["correct"], aggfunc="sum").fillna(0)
    metric = values.reindex(seen.columns).to_numpy(float)
    if len(metric) < LEAST_STIMULI:
        raise NotDefined(f"ρ needs {LEAST_STIMULI} {unit}, there are {len(metric)}")
    accuracy = (right.sum() / seen.sum()).to_numpy(float)
    if alike(accuracy) or alike(metric):
        raise NotDefined(f"all {unit} have the same accuracy or the same metric value")
    test = stats.spearmanr(accuracy, metric)
    drawn = weights(len(seen), seed)
    rhos = _correlations(drawn @ right.to_numpy(float), drawn @ seen.to_numpy(float), metric)
    defined = rhos[~np.isnan(rhos)]
    low, high = percentiles(defined) if len(defined) > 1 else (math.nan, math.nan)
    return len(metric), len(seen), float(test.statistic), low, high, float(test.pvalue)


def _correlations(right: np.ndarray, seen: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """Return ρ of each resample: (resamples, stimuli) against (stimuli,)."""
    everything = seen.min(axis=1) > 0
    result = np.full(len(seen), np.nan)
    ranks = stats.rankdata(right[everything] / seen[everything], axis=1)
    result[everything] = _pearson(ranks, stats.rankdata(metric))
    for i in np.flatnonzero(~everything):
        there = seen[i] > 0
        if there.sum() >= LEAST_STIMULI:
            own = stats.rankdata(right[i, there] / seen[i, there])
            result[i] = _pearson(own[None], stats.rankdata(metric[there]))[0]
    return result


def _pearson(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the correlation of each row with the values, NaN where one of them is constant."""
    rows, values = rows - rows.mean(axis=1, keepdims=True), values - values.mean()
    scale = np.sqrt((rows**2).sum(axis=1) * (values**2).sum())
    return np.where(scale > 0, rows @ values / np.where(scale > 0, scale, 1), np.nan)
