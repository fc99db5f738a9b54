"""Pages that most kinds share: information, eligibility, consent, attention. A kind names what fills their texts."""

from decimal import Decimal

from .flow import step
from .kinds import Field, Page

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "CHF": "CHF ", "JPY": "¥"}
CENTS = Decimal("0.01")


def information(context: str) -> Page:
    """Return the page with the information sheet."""
    return Page("information", "pages/text.html", context=context, texts=("information",))


def eligibility(context: str) -> Page:
    """Return the page that asks for each of the study's criteria; `passed` is whether all are met."""
    return Page(
        "eligibility",
        "pages/eligibility.html",
        form="studyapp.forms:EligibilityForm",
        context=context,
        fields=(
            Field("eligible", "boolean", "Whether every criterion of the study is met."),
            Field("unmet", "text", "The criteria that are not met, separated by ' | '; empty when all are."),
        ),
        texts=("eligibility",),
    )


def consent(context: str) -> Page:
    """Return the page that asks for consent; `passed` is whether it is given."""
    return Page(
        "consent",
        "pages/consent.html",
        form="studyapp.forms:ConsentForm",
        context=context,
        fields=(Field("consent", "boolean", "Whether the participant agreed to take part."),),
        texts=("consent",),
    )


def attention(context: str) -> Page:
    """Return the page that asks for one named answer, to see who reads; `passed` is whether it was given."""
    return Page(
        "attention",
        "pages/attention.html",
        form="studyapp.forms:AttentionForm",
        context=context,
        fields=(
            Field("choice", "integer", "The answer chosen, from 1."),
            Field("asked", "integer", "The answer asked for, from 1."),
            Field("passed", "boolean", "Whether the answer asked for was chosen."),
        ),
        texts=("attention",),
    )


def attention_steps(labels: list[str], n_checks: int, n_trials: int, failed: str | None, rng) -> dict[int, list]:
    """Return attention checks spread evenly over a run's trials: the steps that follow each number of trials.

    `labels` are the points of the scale that is shown, one of them asked for by `rng`; `failed` is the status that a
    failed check leads to (None: the run goes on).
    """
    steps = {}
    for check in range(1, n_checks + 1):
        right = rng.randint(1, len(labels))
        data = {"labels": labels, "asked": right, "label": labels[right - 1]}
        goto = {"failed": failed} if failed else None
        after = n_trials * check // (n_checks + 1)
        steps.setdefault(after, []).append(step("attention", f"attention-{check}", data=data, goto=goto))
    return steps


def score_attention(step: dict, answer: dict) -> dict:
    """Return what an attention check scored."""
    return {"asked": step["data"]["asked"], "passed": answer["choice"] == step["data"]["asked"]}


def money(amount, currency: str) -> str:
    """Return an amount with its currency as people write it: `£8.50`."""
    value = Decimal(str(amount)).quantize(CENTS)
    return f"{SYMBOLS[currency]}{value}" if currency in SYMBOLS else f"{value} {currency}"
