"""How a participant moves: `(plan, position, submission) -> (position, response)`, and nothing else.

A plan is a list of steps, each a plain dict:

    page      name of the kind's page
    key       name of the step, unique in the plan ("trial-cat-03")
    block, phase, trial_index    where it stands in the design; empty where it doesn't apply
    stimulus  id of what is judged, empty where there is none
    data      what the page's context builds from; never sent to the browser as it is
    goto      {"passed": target, "failed": target}, where the way depends on the answer;
              a target is the key of a later step, AFTER and a key for what follows that step, or a final status

The last step's way leads to COMPLETED.
"""

from dataclasses import dataclass, field
from typing import Any

ACTIVE = "active"
COMPLETED = "completed"
SCREENED_OUT = "screened_out"
NO_CONSENT = "no_consent"
WITHDRAWN = "withdrawn"
EXPIRED = "expired"
AFTER = "after "
FINAL = (COMPLETED, SCREENED_OUT, NO_CONSENT, WITHDRAWN, EXPIRED)


@dataclass(frozen=True)
class Submission:
    """A valid answer and what it scored; `scores["passed"]`, where present, decides the way."""

    answer: dict[str, Any]
    scores: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Move:
    """Where a submission leads: the next position and the participant's status there."""

    position: int
    status: str
    response: dict[str, Any]


def step(
    page: str, key: str, *, data: dict[str, Any] | None = None, goto: dict[str, Any] | None = None, **where: Any
) -> dict[str, Any]:
    """Return one step of a plan; `where` gives block, phase, trial_index, stimulus."""
    return {"page": page, "key": key, "data": data or {}, "goto": goto or {}, **where}


def advance(plan: list[dict[str, Any]], position: int, submission: Submission) -> Move:
    """Return where `submission` to the step at `position` leads. Pure: nothing is changed."""
    response = {"answer": submission.answer, "scores": submission.scores}
    target = _target(plan[position], submission.scores)
    if target in FINAL:
        return Move(position, target, response)
    following = position + 1 if target is None else _index(plan, target)
    if following <= position:
        raise ValueError(f"step {plan[position]['key']!r} leads back to {target!r}; a plan only goes forward")
    if following == len(plan):
        return Move(position, COMPLETED, response)
    return Move(following, ACTIVE, response)


def expected(plan: list[dict[str, Any]], answered: dict[int, dict[str, Any]]) -> list[int]:
    """Return the positions on the way that the stored `answered` responses (position → scores) lead along.

    The completion code is given only when every one of them is in `answered`.
    """
    way, position = [], 0
    while True:
        way.append(position)
        move = advance(plan, position, Submission({}, answered.get(position, {})))
        if move.status != ACTIVE:
            return way
        position = move.position


def _target(step: dict[str, Any], scores: dict[str, Any]) -> str | None:
    if not step.get("goto") or "passed" not in scores:
        return None
    target: str | None = step["goto"].get("passed" if scores["passed"] else "failed")
    return target


def _index(plan: list[dict[str, Any]], target: str) -> int:
    key = target.removeprefix(AFTER)
    for index, candidate in enumerate(plan):
        if candidate["key"] == key:
            return index + (key != target)
    raise ValueError(f"no step {key!r} in the plan")
