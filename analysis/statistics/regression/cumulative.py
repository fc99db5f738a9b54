"""Repeated yes/no answers and ratings: cumulative logit models with random participants, and stimuli (Laplace).

A rating of k points has k − 1 thresholds (R `ordinal::clmm`); two points are the logistic model (R `lme4::glmer`). The
random intercepts are integrated out by Laplace's approximation, as both R functions do with two random effects.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import optimize, special

from analysis.errors import NotDefined
from analysis.statistics.regression import odds
from analysis.statistics.regression.design import Trials, check_answers_vary, check_not_separated, trials_design
from analysis.statistics.regression.groups import Groups, System, jacobian_of
from analysis.statistics.regression.mixed import NONE
from analysis.statistics.regression.odds import COLUMNS

STEPS = 100
LEAST_GAP = 1e-8


@dataclass(frozen=True)
class Answers:
    """Answers as points from 0 to k − 1, the design without its intercept, and whose they are."""

    points: np.ndarray  # (answers,)
    design: np.ndarray  # (answers, terms)
    groups: Groups
    k: int


def mixed_logistic_crossed(
    data: pd.DataFrame, outcome: str, factors: list[str], participant: str = "participant", stimulus: str = ""
) -> pd.DataFrame:
    """Return one row per coefficient (log odds of yes, treatment contrasts), then the SDs of participants and stimuli.

    R `glmer(y ~ a * b + (1 | participant) + (1 | stimulus), binomial)`.

    >>> rows = [(f"p{i}", f"s{j}", method, int((3 * i + 2 * j + i * j) % 5 < k))
    ...         for i in range(8) for method, k in (("a", 1), ("b", 3)) for j in range(6)]
    >>> data = pd.DataFrame(rows, columns=["participant", "stimulus", "method", "right"])
    >>> mixed_logistic_crossed(data, "right", ["method"], stimulus="stimulus").round(2)[["term", "estimate"]]
                  term  estimate
    0      (Intercept)     -1.81
    1        method[b]      1.97
    2  sd(participant)      0.64
    3     sd(stimulus)      0.97
    """
    trials = trials_design(data, outcome, factors, participant, stimulus)
    check_not_separated(trials.y, trials.design, trials.names)
    answers = Answers(trials.y.astype(int), trials.design[:, 1:], trials.groups, 2)
    beta, theta, errors = _fit(answers, trials)
    beta[0] = -beta[0]  # the intercept is the threshold turned round
    return _table(trials.names, beta, errors, theta)


def mixed_ordinal(
    data: pd.DataFrame, outcome: str, factors: list[str], participant: str = "participant", stimulus: str = ""
) -> pd.DataFrame:
    """Return one row per coefficient (log odds of a higher answer), the thresholds, and the SDs of the intercepts.

    R `ordinal::clmm(y ~ a * b + (1 | participant) + (1 | stimulus))`.

    >>> rows = [(f"p{i}", method, 1 + min(3, (3 * i + 2 * j + i * j) % 4 + (method == "b")))
    ...         for i in range(6) for method in "ab" for j in range(4)]
    >>> data = pd.DataFrame(rows, columns=["participant", "method", "rating"])
    >>> mixed_ordinal(data, "rating", ["method"]).round(2)[["term", "estimate"]]
                  term  estimate
    0        method[b]      1.60
    1              1|2     -1.14
    2              2|3      0.09
    3              3|4      1.42
    4  sd(participant)      0.12
    """
    trials = trials_design(data, outcome, factors, participant, stimulus)
    levels, points = np.unique(trials.y, return_inverse=True)
    terms = tuple(trials.names[1:])
    if len(levels) < 2:
        raise NotDefined("all answers are equal", terms)
    if not terms:
        raise NotDefined("no factor has two observed levels")
    if len(points) <= trials.design.shape[1] + len(levels) - 2:
        raise NotDefined("there are no more answers than coefficients", terms)
    answers = Answers(points, trials.design[:, 1:], trials.groups, len(levels))
    estimates, theta, errors = _fit(answers, trials)
    cuts = len(levels) - 1
    table = _table(trials.names[1:], estimates[cuts:], errors[cuts:], theta)
    named = [f"{low:g}|{high:g}" for low, high in pairwise(levels)]
    thresholds = pd.DataFrame(
        [
            (name, cut, *[math.nan] * 6, "a threshold is not tested")
            for name, cut in zip(named, estimates, strict=False)
        ],
        columns=table.columns,
    )
    place = len(terms)
    return pd.concat([table[:place], thresholds, table[place:]], ignore_index=True)


def _table(names: list[str], estimates: np.ndarray, errors: np.ndarray, theta: np.ndarray) -> pd.DataFrame:
    rows = [odds.row(*values) for values in zip(names, estimates, errors, strict=True)]
    for name, sd in zip(("participant", "stimulus"), theta, strict=False):
        rows.append((f"sd({name})", float(sd), *[math.nan] * 6, "a standard deviation has no Wald test"))
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))


def _fit(answers: Answers, trials: Trials) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return thresholds and coefficients, the SDs, and the standard errors of the former."""
    if len(answers.points) == answers.groups.sizes[0]:
        raise NotDefined("each participant has one answer, so there is no random intercept", tuple(trials.names))
    check_answers_vary(answers.points, answers.groups.first, trials.names)
    random = 1 if answers.groups.second is None else 2
    cuts = answers.k - 1
    laplace = _Laplace(answers, random)
    counts = np.bincount(answers.points, minlength=answers.k).cumsum()[:-1] / len(answers.points)
    thresholds = special.logit(counts)
    start = np.concatenate([np.full(random, 0.7), thresholds[:1], np.log(np.diff(thresholds)),
                            np.zeros(answers.design.shape[1])])  # fmt: skip
    optimum = optimize.minimize(laplace.of_logs, start, method="BFGS", jac=True, options={"gtol": 1e-5, "maxiter": 300})
    if not np.isfinite(optimum.fun) or np.abs(optimum.jac).max() > 1e-2 * max(1.0, abs(optimum.fun) / 100):
        raise NotDefined("the mixed model did not converge", tuple(trials.names))
    theta = np.abs(optimum.x[:random])
    point = np.concatenate([theta, laplace.thresholds(optimum.x), optimum.x[random + cuts :]])
    free = [i for i in range(len(point)) if i >= random or theta[i] > NONE]

    def slopes(values: np.ndarray) -> np.ndarray:
        full = np.where(np.arange(len(point)) < random, 0.0, point)
        full[free] = values
        return laplace(full)[1][free]

    hessian = jacobian_of(slopes, point[free], 1e-3) / 2
    try:
        variances = np.diag(np.linalg.inv(hessian))
    except np.linalg.LinAlgError:
        variances = np.full(len(free), math.nan)
    errors = np.sqrt(np.where(variances > 0, variances, math.nan))[-(len(point) - random) :]
    return point[random:], theta, errors


class _Laplace:
    """−2 log likelihood by Laplace's approximation, of (SDs, thresholds, coefficients), and its slopes by each of them.

    Modes are looked for from the last ones on.
    """

    def __init__(self, answers: Answers, random: int):
        self.answers, self.random = answers, random
        people, stimuli = answers.groups.sizes
        self.first, self.second = np.zeros(people), np.zeros(stimuli)

    def thresholds(self, logs: np.ndarray) -> np.ndarray:
        """Return the thresholds behind the first and the logs of their gaps."""
        own = logs[self._cuts]
        return np.asarray(np.cumsum(np.append(own[:1], np.exp(np.clip(own[1:], -20, 20)) + LEAST_GAP)))

    def of_logs(self, logs: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the same of thresholds as their first and the logs of their gaps."""
        point = logs.copy()
        point[self._cuts] = self.thresholds(logs)
        value, slopes = self(point)
        from_here_on = slopes[self._cuts][::-1].cumsum()[::-1]
        gaps = logs[self._cuts][1:]
        slopes[self._cuts] = from_here_on * np.append(1.0, np.where(np.abs(gaps) < 20, np.exp(gaps), 0.0))
        return value, slopes

    @property
    def _cuts(self) -> slice:
        return slice(self.random, self.random + self.answers.k - 1)

    def __call__(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        answers, groups = self.answers, self.answers.groups
        theta = (float(point[0]), float(point[1]) if self.random == 2 else 0.0)
        cuts = np.concatenate([[-np.inf], point[self._cuts], [np.inf]])
        if (np.diff(cuts) <= 0).any():
            return math.inf, np.zeros(len(point))
        fixed = answers.design @ point[self._cuts.stop :]
        low, high = cuts[answers.points] - fixed, cuts[answers.points + 1] - fixed
        first, second = self.first, self.second
        value = self._penalised(low, high, first, second, theta)
        for _ in range(STEPS):
            shift = groups.spread(theta[0] * first, theta[1] * second)
            below, above = special.expit(low - shift), special.expit(high - shift)
            slope = groups.sums(below + above - 1)
            weights = below * (1 - below) + above * (1 - above)
            system = System(groups.sums(weights), groups.together(weights), theta)
            step = system.solve(theta[0] * slope[0] - first, theta[1] * slope[1] - second)
            largest = max(float(np.abs(part).max(initial=0)) for part in step)
            for _ in range(20):
                tried = first + step[0], second + step[1]
                better = self._penalised(low, high, *tried, theta)
                if better >= value - 1e-9 * abs(value):
                    break
                step = step[0] / 2, step[1] / 2
            (first, second), value = tried, better
            if largest < 1e-8:
                break
        self.first, self.second = first, second
        shift = groups.spread(theta[0] * first, theta[1] * second)
        return -2 * value + system.log_determinant, self._slopes(low - shift, high - shift, system, theta)

    def _slopes(self, low: np.ndarray, high: np.ndarray, system: System, theta: tuple[float, float]) -> np.ndarray:
        """Return the slopes at the modes: of the answers', of the determinant's weights, and through the modes' moves.

        An answer's log likelihood, log(F(high) − F(low)), has the slope F(high) + F(low) − 1 by its linear predictor;
        `direct` is what that moves in all.
        """
        answers, groups = self.answers, self.answers.groups
        below, above = special.expit(low), special.expit(high)
        d_below, d_above = below * (1 - below), above * (1 - above)
        slope, weights = below + above - 1, d_below + d_above
        dd_below, dd_above = d_below * (1 - 2 * below), d_above * (1 - 2 * above)

        own, block, others = system.inverse()
        both = np.zeros(len(low)) if groups.second is None else block[groups.first, groups.second]
        spread = theta[0] * own[groups.first] + theta[1] * both, theta[0] * both
        if groups.second is not None:
            spread = spread[0], spread[1] + theta[1] * others[groups.second]
        variance = theta[0] * spread[0] + theta[1] * spread[1]

        lost = groups.sums(variance * (dd_below + dd_above))
        moved = system.solve(theta[0] * lost[0], theta[1] * lost[1])
        shift = groups.spread(theta[0] * moved[0], theta[1] * moved[1])
        direct = -2 * slope - variance * (dd_below + dd_above) + shift * weights

        apart = -np.expm1(np.where(np.isinf(low) | np.isinf(high), -np.inf, low - high))
        from_above = -2 * (1 - above) / ((1 - below) * apart) + variance * dd_above - shift * d_above
        from_below = 2 * below / (above * apart) + variance * dd_below - shift * d_below
        cuts = np.bincount(answers.points + 1, from_above, answers.k + 1) + np.bincount(
            answers.points, from_below, answers.k + 1
        )
        modes = (self.first, self.second)
        sds = [
            direct @ modes[place][group] + 2 * weights @ spread[place] - moved[place] @ groups.sums(slope)[place]
            for place, group in enumerate((groups.first, groups.second)) if group is not None
        ]  # fmt: skip
        return np.concatenate([sds, cuts[1:-1], direct @ answers.design])

    def _penalised(self, low: np.ndarray, high: np.ndarray, first: np.ndarray, second: np.ndarray,
                   theta: tuple[float, float]) -> float:  # fmt: skip
        shift = self.answers.groups.spread(theta[0] * first, theta[1] * second)
        a, b = low - shift, high - shift
        with np.errstate(invalid="ignore"):
            gap = np.log1p(-np.exp(np.where(np.isinf(a) | np.isinf(b), -np.inf, a - b)))
        total = gap - np.logaddexp(0, -b) - np.logaddexp(0, a)
        return float(total.sum() - (first @ first + second @ second) / 2)
