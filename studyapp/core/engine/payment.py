"""Amounts of money: how people write them, and what right answers earn."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "CHF": "CHF ", "JPY": "¥"}
CENTS = Decimal("0.01")


def money(amount: Decimal | float | str, currency: str) -> str:
    """Return an amount with its currency as people write it: `£8.50`."""
    value = Decimal(str(amount)).quantize(CENTS)
    return f"{SYMBOLS[currency]}{value}" if currency in SYMBOLS else f"{value} {currency}"


def bonus_of(payment: Mapping[str, Any], n_correct: int) -> Decimal:
    """Return what that many right answers earn beside the base reward."""
    return n_correct * Decimal(str(payment["reward_bonus"]))


def reward_of(payment: Mapping[str, Any], n_correct: int) -> Decimal:
    """Return base reward and bonus together."""
    return Decimal(str(payment["reward_base"])) + bonus_of(payment, n_correct)


def earned(payment: Mapping[str, Any], n_correct: int) -> dict[str, str]:
    """Return `bonus` and `reward` of a run as a summary has them: amounts with two decimals."""
    amounts = {"bonus": bonus_of(payment, n_correct), "reward": reward_of(payment, n_correct)}
    return {name: str(amount.quantize(CENTS)) for name, amount in amounts.items()}
