"""Guessing: what somebody earns who gives one answer throughout."""

from dataclasses import dataclass

AMBER_FROM, RED_FROM = 0.8, 0.95


@dataclass(frozen=True)
class Guess:
    """One way to answer without looking: `always` in words, as in “always ‘yes’”, and the share right that it reaches.

    `of` says what the share is of; `n` is how many answers are paid by the bonus, 0 where none is.
    """

    where: str
    always: str
    share: float
    of: str = "answers right"
    n: int = 0
