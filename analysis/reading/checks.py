"""Which checks a participant failed in the end: a question counts as at its last attempt, one failed is a failure.

The app writes the number of them into the participants table (`failed_checks`). From an export that has none, and for
a single page, it is read from the steps: an answer's `<page>_passed`, its question by `<page>_about` where a page asks
several and can be tried again, else by the step's key.
"""

import pandas as pd

PASSED = "_passed"
ENTRANCE = ("consent", "eligibility")


def passed(steps: pd.DataFrame, column: str) -> pd.Series:
    """Return, for everybody who met a page, whether every one of its questions was passed at the last attempt.

    `column` is the page's `<page>_passed`.
    """
    page = column.removesuffix(PASSED)
    answered = steps.dropna(subset=[column]).sort_values("step_index")
    asked = next((name for name in (f"{page}_about", "key") if name in answered and answered[name].notna().all()), None)
    question = answered[asked] if asked else pd.Series("", answered.index)
    last = answered[column].astype(bool).groupby([answered["participant"], question]).last()
    return last.groupby(level="participant").all()


def failed(participants: pd.DataFrame, steps: pd.DataFrame | None) -> set[str]:
    """Return the participants who failed a check in the end."""
    if "failed_checks" in participants:
        counts = pd.to_numeric(participants.set_index("participant")["failed_checks"])
        return set(counts.index[counts > 0])
    people: set[str] = set()
    if steps is not None:
        for column in (name for name in steps if name.endswith(PASSED) and not name.startswith(ENTRANCE)):
            states = passed(steps, column)
            people |= set(states.index[~states])
    return people
