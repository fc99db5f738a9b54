"""Pages that most kinds share: information, eligibility, consent. A kind names the context that fills their texts."""

from decimal import Decimal

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


def money(amount, currency: str) -> str:
    """Return an amount with its currency as people write it: `£8.50`."""
    value = Decimal(str(amount)).quantize(CENTS)
    return f"{SYMBOLS[currency]}{value}" if currency in SYMBOLS else f"{value} {currency}"
