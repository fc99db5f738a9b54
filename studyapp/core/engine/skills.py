"""How able a bot is: a named skill, or the chance of a right answer, as 0.7 or "p=0.7"."""

from collections.abc import Collection
from typing import TypeAlias

# What a bot does by the name of its skill, in the words of the desk.
NAMED = {"random": "any answer", "oracle": "always right", "careless": "the same answer every time"}


Skill: TypeAlias = str | float


def check(skill: Skill, named: Collection[str] = NAMED) -> None:
    """Refuse a skill that is neither one of `named` nor a chance; raises `ValueError` that lists what is expected."""
    if skill in named:
        return
    try:
        p = float(str(skill).removeprefix("p="))
    except ValueError:
        p = -1.0
    if not 0 <= p <= 1:
        raise ValueError(f"bot skill: expected {', '.join(named)} or p=0…1, found {skill!r}")


def chance(skill: Skill, guessing: float, named: Collection[str] = NAMED) -> float:
    """Return how likely a bot is to be right where guessing is right with probability `guessing`."""
    check(skill, named)
    if skill == "oracle":
        return 1.0
    return guessing if skill in named else float(str(skill).removeprefix("p="))
