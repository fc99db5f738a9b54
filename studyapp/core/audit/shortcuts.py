"""Shortcuts: whether the right answer can be told from how much colour a map has, wherever it lies.

The rule that is tried is one threshold on one measure of the picture, with an answer for each side of it. It is chosen
on all cases but those of one trial, and tried on that one (leave-one-out), so that a rule which fits by luck gains
nothing. Chance is what the most frequent answer reaches. One threshold tells two groups of answers apart, not more: of
four answers that are equally frequent it names at most half.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np

from studyapp.core.bundles.tables import Heatmap

from .looks import Measures

AMBER_FROM, RED_FROM = 0.65, 0.8
LUCK = 0.05  # a share that chance reaches this often is no shortcut
FEATURES = ("coverage", "mean", "peak")
WORDS = {"coverage": "how much is coloured", "mean": "the mean colour", "peak": "the strongest colour"}


@dataclass(frozen=True)
class Case:
    """A map and the answer that it belongs to. Cases of one `trial` are met together; each `block` has its own rule."""

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
class Shortcut:
    """How well a task is done by the best threshold: the share right beside chance, and by which measure mostly."""

    share: float
    chance: float
    n_trials: int
    feature: str

    @property
    def is_luck(self) -> bool:
        """Whether chance would be right as often in more than one of twenty tries."""
        n, p, right = self.n_trials, self.chance, round(self.share * self.n_trials)
        return sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(right, n + 1)) > LUCK


def shortcut_in(task: Task, measures: Callable[[Heatmap], Measures]) -> Shortcut | None:
    """Return how well a task's answers are told from measures alone; None where there are no two answers or trials."""
    if len({case.trial for case in task.cases}) < 2:
        return None
    values, right, usual, chosen = _values(task, measures), 0, 0, Counter[str]()
    for block in dict.fromkeys(case.block for case in task.cases):
        rows = [index for index, case in enumerate(task.cases) if case.block == block]
        names, answers = np.unique([task.cases[index].answer for index in rows], return_inverse=True)
        if len(names) < 2:
            return None
        trials = np.array([task.cases[index].trial for index in rows])
        for trial in dict.fromkeys(trials.tolist()):
            out = trials == trial
            rule = _best(values[rows][~out], np.eye(len(names))[answers[~out]])
            guessed = np.where(values[rows][out, rule.feature] > rule.threshold, rule.above, rule.below)
            right += int((guessed == answers[out]).sum())
            chosen[FEATURES[rule.feature]] += 1
        usual += int(np.bincount(answers).max())
    n, n_trials = len(task.cases), len({(case.block, case.trial) for case in task.cases})
    return Shortcut(right / n, usual / n, n_trials, chosen.most_common(1)[0][0])


def _values(task: Task, measures: Callable[[Heatmap], Measures]) -> np.ndarray:
    """Return the measures of all cases (n, 3); with `compared`, less their trial's mean."""
    found = np.array([[getattr(measures(case.node), name) for name in FEATURES] for case in task.cases])
    if task.compared:
        trials = np.array([f"{case.block}/{case.trial}" for case in task.cases])
        for trial in set(trials.tolist()):
            found[trials == trial] -= found[trials == trial].mean(axis=0)
    return found


@dataclass(frozen=True)
class _Rule:
    feature: int
    threshold: float
    below: int
    above: int


def _best(values: np.ndarray, is_answer: np.ndarray) -> _Rule:
    """Return the rule that is right most often for measures (n, 3) and answers, one-hot (n, k).

    Of thresholds that are equally good the middle one is taken; where none helps, the most frequent answer is given.
    """
    total = is_answer.sum(axis=0)
    usual = int(total.argmax())
    most, rule = total.max(initial=0), _Rule(0, np.inf, usual, usual)
    for feature in range(values.shape[1]):
        order = np.argsort(values[:, feature], kind="stable")
        ranked, below = values[order, feature], np.cumsum(is_answer[order], axis=0)[:-1]
        right = np.where(ranked[1:] > ranked[:-1], below.max(axis=1) + (total - below).max(axis=1), 0)
        if right.size and right.max() > most:
            most, ties = right.max(), np.flatnonzero(right == right.max())
            at = int(ties[len(ties) // 2])
            middle = float((ranked[at] + ranked[at + 1]) / 2)
            rule = _Rule(feature, middle, int(below[at].argmax()), int((total - below[at]).argmax()))
    return rule
