"""Pages that most kinds share, and their steps: information, eligibility, consent, attention."""

from random import Random
from typing import Any

from .fields import Field
from .flow import NO_CONSENT, SCREENED_OUT, step
from .kinds import Page
from .questions import Scale, Words, YesNo
from .run import to_say

FAILED = {"eligibility": SCREENED_OUT, "consent": NO_CONSENT}


def entrance(*names: str) -> list[dict[str, Any]]:
    """Return the steps with which a run begins, in order, as of `"information", "consent"`.

    Who isn't eligible is screened out; who doesn't consent leaves.
    """
    return [step(name, name, goto={"failed": FAILED[name]} if name in FAILED else None) for name in names]


def information() -> Page:
    """Return the page with the information sheet and the study's particulars."""
    return Page(
        "information",
        "pages/information.html",
        context="studyapp.core.engine.contexts:information",
        texts=("information",),
    )


def eligibility() -> Page:
    """Return the page that asks for each of the study's criteria; `passed` is whether all are met."""
    unmet = "The criteria that are not met, separated by ' | '; empty when all are."
    return Page(
        "eligibility",
        "pages/eligibility.html",
        form="studyapp.forms:EligibilityForm",
        questions=(
            YesNo("eligible", "Whether every criterion of the study is met.", right=True, decides=True, bot=True),
            Words("unmet", unmet, required=False, coded=False, bot=""),
        ),
        texts=("eligibility",),
        entrance=True,
    )


def consent() -> Page:
    """Return the page that asks for consent; `passed` is whether it is given."""
    asked = YesNo(
        "consent",
        "Whether the participant agreed to take part.",
        "Would you like to take part?",
        text="consent_question",
        yes=to_say("Yes, I agree to take part"),
        no=to_say("No, I’d rather not take part"),
        right=True,
        decides=True,
        bot=True,
    )
    return Page(
        "consent",
        "pages/consent.html",
        questions=(asked,),
        texts=("consent",),
        entrance=True,
        consents=True,
    )


def attention(labels_from: str) -> Page:
    """Return the page that asks for one named answer of a scale, to see who reads; `passed` is whether it was given.

    `labels_from` names the parameter with the scale's labels.
    """
    return Page(
        "attention",
        "pages/attention.html",
        questions=(
            Scale(
                "choice",
                "The answer chosen, from 1.",
                "Your answer",
                text="attention_question",
                labels_from=labels_from,
                right_from="asked",
                decides=True,
            ),
        ),
        fields=(
            "choice",
            Field("asked", "integer", "The answer asked for, from 1."),
            Field("passed", "boolean", "Whether the answer asked for was chosen."),
        ),
        texts=("attention",),
        fills=("label", "asked"),
    )


def attention_steps(
    labels: list[str], n_checks: int, n_trials: int, failed: str | None, rng: Random
) -> dict[int, list[dict[str, Any]]]:
    """Return attention checks spread evenly over a run's trials: the steps that follow each number of trials.

    `labels` are the points of the scale that is shown, one of them asked for by `rng`; `failed` is the status that a
    failed check leads to (None: the run goes on).
    """
    steps: dict[int, list[dict[str, Any]]] = {}
    for check in range(1, n_checks + 1):
        right = rng.randint(1, len(labels))
        data = {"asked": right, "label": labels[right - 1]}
        goto = {"failed": failed} if failed else None
        after = n_trials * check // (n_checks + 1)
        steps.setdefault(after, []).append(step("attention", f"attention-{check}", data=data, goto=goto))
    return steps
