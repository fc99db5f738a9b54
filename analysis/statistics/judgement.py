"""How people judge a system: signal detection, and whether their confidence goes with being right."""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined


def detection(people: np.ndarray, signal: np.ndarray, said: np.ndarray) -> pd.DataFrame:
    """Return each participant's d′ and criterion c of yes/no answers, by the loglinear correction (Hautus 1995).

    Half an answer is added to hits and false alarms, one to their numbers, so that rates of 0 and 1 stay finite. c
    above 0 is reluctance to say yes. NaN for who had no trial with the signal, or none without it.
    R: `qnorm((hits + .5) / (n + 1)) - qnorm((alarms + .5) / (m + 1))`.

    >>> signal, said = np.array([1, 1, 1, 1, 0, 0, 0, 0]), np.array([1, 1, 1, 0, 1, 0, 0, 0])
    >>> detection(np.array(["anna"] * 8), signal, said).round(4)
          d_prime  criterion
    anna   1.0488        0.0
    """
    yes, said = signal.astype(bool), said.astype(bool)
    counts = pd.DataFrame({"n": yes, "m": ~yes, "hits": said & yes, "alarms": said & ~yes}).groupby(people).sum()
    known = counts[(counts["n"] > 0) & (counts["m"] > 0)]
    z_hits = stats.norm.ppf((known["hits"] + 0.5) / (known["n"] + 1))
    z_alarms = stats.norm.ppf((known["alarms"] + 0.5) / (known["m"] + 1))
    rates = pd.DataFrame({"d_prime": z_hits - z_alarms, "criterion": -(z_hits + z_alarms) / 2}, index=known.index)
    return rates.reindex(counts.index)


def auroc2(people: np.ndarray, correct: np.ndarray, confidence: np.ndarray) -> pd.Series:
    """Return for each participant the probability that a right answer had more confidence than a wrong one.

    Ties count half: the area under the type-2 ROC (Fleming & Lau 2014); .5 is confidence that knows nothing. NaN for
    who has no right answer, or no wrong one. R `pROC::auc`.

    >>> auroc2(np.array(["anna"] * 4), np.array([1, 1, 0, 0]), np.array([3, 2, 2, 1]))
    anna    0.875
    dtype: float64
    """
    right = pd.Series(correct == 1)
    ranks = pd.Series(confidence).groupby(people).rank()
    n = right.groupby(people).sum()
    wrong = (~right).groupby(people).sum()
    u = ranks.where(right, 0.0).groupby(people).sum() - n * (n + 1) / 2
    return u / (n * wrong)  # 0 / 0 is NaN


def brier(correct: np.ndarray, claimed: np.ndarray) -> float:
    """Return the mean squared distance of claimed probabilities from what came (Brier 1950); 0 is perfect.

    >>> brier(np.array([1, 0]), np.array([0.8, 0.4]))
    0.1
    """
    return float(round(float(((claimed - correct) ** 2).mean()), 15))


def ece(correct: np.ndarray, claimed: np.ndarray) -> float:
    """Return the expected calibration error: the mean distance of claim and share right, over the distinct claims.

    >>> ece(np.array([1, 0, 1, 1]), np.array([0.5, 0.5, 0.75, 0.75]))
    0.125
    """
    total = 0.0
    for claim in np.unique(claimed):
        own = claimed == claim
        total += own.sum() * abs(float(correct[own].mean()) - float(claim))
    return float(total / len(claimed))


def as_probability(points: np.ndarray, k: int, chance: float) -> np.ndarray:
    """Return ratings from 1 to k as claimed probabilities: the lowest point is guessing, the highest is certainty.

    >>> as_probability(np.array([1, 2, 3]), 3, 0.5).tolist()
    [0.5, 0.75, 1.0]
    """
    if k < 2:
        raise NotDefined("a scale of one point claims nothing")
    return np.asarray(chance + (1 - chance) * (points - 1) / (k - 1))
