"""Shortcuts: whether the right answer can be told from how much colour a map has, wherever it lies.

The rule that is tried is one threshold on one measure of the picture. It is chosen on all cases but those of one trial,
and tried on that one (leave-one-out), so that a rule which only fits by luck gains nothing. Of more than two answers,
any two are told apart, and the shares right averaged, as Hand and Till (2001, “A simple generalisation of the area
under the ROC curve for multiple class classification problems”, Machine Learning 45) do; so chance is always one half.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from studyapp.core.bundles.tables import Heatmap

from .looks import Measures

CHANCE = 0.5
AMBER_FROM, RED_FROM = 0.65, 0.8
LUCK = 0.05  # a share that guessing reaches this often is no shortcut
FEATURES = ("coverage", "mean", "peak")
WORDS = {"coverage": "how much is coloured", "mean": "the mean colour", "peak": "the strongest colour"}


@dataclass(frozen=True)
class Case:
    """A map and the answer that it belongs to. Cases of one `trial` are met together, those of one `block` are alike."""

    node: Heatmap
    answer: str
    trial: str
    block: str = ""


@dataclass(frozen=True)
class Task:
    """What could be told from maps: `asked` in words, as in “the label of a map can be told”.

    With `compared`, a map is judged by how it differs from the others of its trial; else by itself.
    """

    where: str
    asked: str
    cases: tuple[Case, ...]
    compared: bool = False


@dataclass(frozen=True)
class Told:
    """How well a task is done by the best threshold: the share right, of how many trials, and by which measure."""

    share: float
    n_trials: int
    feature: str

    @property
    def is_luck(self) -> bool:
        """Whether guessing would be right as often in more than one of twenty tries."""
        right = round(self.share * self.n_trials)
        ways = sum(comb(self.n_trials, k) for k in range(right, self.n_trials + 1))
        return ways / 2**self.n_trials > LUCK


def told(task: Task, measures: Callable[[Heatmap], Measures]) -> Told | None:
    """Return how well a task's answers are told from measures alone; None where no two answers have two trials each."""
    values = _values(task, measures)
    shares: list[float] = []
    chosen: Counter[str] = Counter()
    trials = set()
    for block in dict.fromkeys(case.block for case in task.cases):
        own = [index for index, case in enumerate(task.cases) if case.block == block]
        for pair in combinations(sorted({task.cases[index].answer for index in own}), 2):
            rows = [index for index in own if task.cases[index].answer in pair]
            cases = [task.cases[index] for index in rows]
            found = _left_out(values[rows], [case.answer == pair[1] for case in cases], [case.trial for case in cases])
            if found is not None:
                share, names = found
                shares.append(share)
                chosen += names
                trials.update((block, case.trial) for case in cases)
    if not shares:
        return None
    return Told(float(np.mean(shares)), len(trials), chosen.most_common(1)[0][0])


def _values(task: Task, measures: Callable[[Heatmap], Measures]) -> np.ndarray:
    """Return the measures of all cases (n, 3); with `compared`, less their trial's mean."""
    found = np.array([[getattr(measures(case.node), name) for name in FEATURES] for case in task.cases])
    if task.compared:
        trials = np.array([f"{case.block}/{case.trial}" for case in task.cases])
        for trial in set(trials.tolist()):
            found[trials == trial] -= found[trials == trial].mean(axis=0)
    return found


def _left_out(values: np.ndarray, is_second: Sequence[bool], trials: Sequence[str]) -> tuple[float, Counter[str]] | None:
    """Return the share right of two answers, each counting half, and how often each measure was chosen."""
    second, of = np.array(is_second), np.array(trials)
    if min(len(set(of[second].tolist())), len(set(of[~second].tolist()))) < 2:
        return None
    right, chosen = np.zeros(len(values)), Counter[str]()
    for trial in dict.fromkeys(trials):
        out = of == trial
        feature, threshold, above = _best(values[~out], second[~out])
        chosen[FEATURES[feature]] += 1
        right[out] = ((values[out, feature] > threshold) == above) == second[out]
    return float((right[second].mean() + right[~second].mean()) / 2), chosen


def _best(values: np.ndarray, second: np.ndarray) -> tuple[int, float, bool]:
    """Return measure, threshold, and whether the second answer lies above it, that tell most right.

    Of thresholds that are equally good the middle one is taken.
    """
    weights = np.where(second, 0.5 / second.sum(), -0.5 / (~second).sum())
    best, rule = 0.0, (0, 0.0, True)
    for feature in range(values.shape[1]):
        order = np.argsort(values[:, feature], kind="stable")
        ranked = values[order, feature]
        below = np.cumsum(weights[order])[:-1]  # half of what a threshold there gains over guessing, with its sign
        gains = np.where(ranked[1:] > ranked[:-1], np.abs(below), 0)
        if gains.size and gains.max() > best + 1e-12:
            best = float(gains.max())
            ties = np.flatnonzero(gains >= best - 1e-12)
            at = int(ties[len(ties) // 2])
            rule = (feature, float((ranked[at] + ranked[at + 1]) / 2), bool(below[at] < 0))
    return rule
