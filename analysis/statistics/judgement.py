"""How people judge a system: signal detection, and whether their confidence goes with being right."""

import numpy as np
from scipy import stats

from analysis.errors import NotDefined


def detection(signal: np.ndarray, said: np.ndarray) -> tuple[float, float]:
    """Return d′ and the criterion c of yes/no answers, by the loglinear correction (Hautus 1995).

    Half an answer is added to hits and false alarms, one to their numbers, so that rates of 0 and 1 stay finite. c
    above 0 is reluctance to say yes. R: `qnorm((hits + .5) / (n + 1)) - qnorm((alarms + .5) / (m + 1))`.

    >>> d, c = detection(np.array([1, 1, 1, 1, 0, 0, 0, 0]), np.array([1, 1, 1, 0, 1, 0, 0, 0]))
    >>> round(d, 4), round(c, 4)
    (1.0488, 0.0)
    """
    yes, no = signal.astype(bool), ~signal.astype(bool)
    if not yes.any() or not no.any():
        raise NotDefined("d′ needs trials with the signal and trials without it")
    hits, alarms = ((said[part].sum() + 0.5) / (part.sum() + 1) for part in (yes, no))
    z_hits, z_alarms = (float(stats.norm.ppf(rate)) for rate in (hits, alarms))
    return z_hits - z_alarms, -(z_hits + z_alarms) / 2


def auroc2(correct: np.ndarray, confidence: np.ndarray) -> float:
    """Return the probability that a right answer was given with more confidence than a wrong one, ties counting half.

    The area under the type-2 ROC (Fleming & Lau 2014); .5 is confidence that knows nothing. R `pROC::auc`.

    >>> auroc2(np.array([1, 1, 0, 0]), np.array([3, 2, 2, 1]))
    0.875
    """
    right, wrong = confidence[correct == 1], confidence[correct == 0]
    if not len(right) or not len(wrong):
        raise NotDefined("the area needs right answers and wrong ones")
    ranks = stats.rankdata(np.concatenate([right, wrong]))
    u = float(ranks[: len(right)].sum()) - len(right) * (len(right) + 1) / 2
    return u / (len(right) * len(wrong))


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
