"""Power of trial-level designs: two conditions, participants crossed with stimuli, both of them random.

Westfall, Kenny and Judd (2014): the difference of two conditions is tested over participants and over pictures, so that
more participants help only as far as the pictures allow. The variance of a single answer is 1 in all, divided into
shares; codes of the conditions are ±1, as in the paper.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from scipy import stats

from analysis.errors import NotDefined

MOST_PARTICIPANTS = 1_000_000
MOST_STIMULI = 100_000


@dataclass(frozen=True)
class Shares:
    """Shares of a single answer's variance; what they leave of 1 is the answer's own (with participant × stimulus).

    The defaults are the paper's.
    """

    participant: float = 0.2
    stimulus: float = 0.2
    participant_condition: float = 0.1
    stimulus_condition: float = 0.1

    @property
    def answer(self) -> float:
        """What is left to the single answer."""
        return 1 - sum(float(getattr(self, entry.name)) for entry in fields(self))


def difference_variance(participants: int, stimuli: int, within: bool, shares: Shares) -> tuple[float, float, float]:
    """Return what participants, stimuli and single answers add to the variance of the estimated difference.

    Everybody answers each stimulus once. Between participants, half of them have each condition (and each stimulus is
    seen in both); within, each participant has half of the stimuli in each condition, counterbalanced.

    >>> [round(part, 3) for part in difference_variance(40, 20, False, Shares())]
    [0.03, 0.02, 0.002]
    """
    person = shares.participant_condition + (0 if within else shares.participant)
    answer = shares.answer / stimuli
    return 4 * person / participants, 4 * shares.stimulus_condition / stimuli, 4 * answer / participants


def power(d: float, participants: int, stimuli: int, within: bool, shares: Shares | None = None,
          alpha: float = 0.05) -> float:  # fmt: skip
    """Return the power to find a difference of d standard deviations of single answers; `participants` are all of them.

    Degrees of freedom are Satterthwaite's, of the mean squares of participants, stimuli and answers.

    >>> round(power(0.5, 40, 20, within=False), 3), round(power(0.5, 40, 20, within=True), 3)
    (0.576, 0.776)
    """
    person, stimulus, answer = difference_variance(participants, stimuli, within, shares or Shares())
    groups = 1 if within else 2
    if participants <= groups or stimuli < 2:
        raise NotDefined("two stimuli and more participants than conditions are needed to estimate the error from")
    squares = ((person + answer, participants - groups), (stimulus + answer, stimuli - 1),
               (answer, (participants - groups) * (stimuli - 1)))  # fmt: skip
    variance = person + stimulus + answer
    df = variance**2 / sum(square**2 / own for square, own in squares)
    critical = stats.t.ppf(1 - alpha / 2, df)
    centre = d / math.sqrt(variance)
    chance = float(stats.nct.sf(critical, df, centre) + stats.nct.cdf(-critical, df, centre))
    if math.isnan(chance):  # scipy 1.17 has no value far from 0; there the normal approximation is as good
        chance = float(stats.norm.sf((critical - centre) / math.sqrt(1 + critical**2 / (2 * df))))
    return chance


def needed(d: float, stimuli: int, within: bool, wanted: float, shares: Shares | None = None,
           alpha: float = 0.05) -> int:  # fmt: skip
    """Return the smallest number of participants (per condition, where they have one each) that reaches a power.

    >>> needed(0.6, 40, within=False, wanted=0.8)
    19
    """
    groups = 1 if within else 2

    def reached(n: int) -> bool:
        return power(d, n * groups, stimuli, within, shares, alpha) >= wanted

    return _smallest(reached, 2, MOST_PARTICIPANTS // groups)


def needed_stimuli(d: float, within: bool, wanted: float, shares: Shares | None = None, alpha: float = 0.05) -> int:
    """Return the smallest number of stimuli with which enough participants reach a power.

    >>> needed_stimuli(0.5, within=False, wanted=0.8)
    15
    """
    return _smallest(lambda n: power(d, MOST_PARTICIPANTS, n, within, shares, alpha) >= wanted, 2, MOST_STIMULI)


def _smallest(reached: Callable[[int], bool], low: int, most: int) -> int:
    """Return the smallest number from `low` that `reached`, which grows with it."""
    if reached(low):
        return low
    high = low
    while not reached(high):
        low, high = high, high * 2
        if high > most:
            raise NotDefined(f"more than {most} would be needed")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
