"""One analysis as `results.json` keeps it: what was computed, how, on how many, and what could not be.

A statistic is a plain function that returns a tidy frame or raises `NotDefined`. `record` runs it, keeps every
warning it raises, and turns what is missing into a reason. Any other error is a fault of this package: it costs the
report that one analysis, and is told in its warnings and in `results.json`, never hidden.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analysis.errors import NotDefined
from analysis.results import apa

TYPES = ("primary", "secondary", "exploratory")
INFINITE = "infinite: nothing varies that this value is measured against"
FAULT = "A fault of this software, not of the data; please report it"


@dataclass(frozen=True)
class Record:
    """One analysis. `terms` is its tidy result; `reason` is set when the data do not define it.

    `method` says function, ss_type, contrasts, covariance, posthoc_means, levene_center as far as they apply.
    `sentences` are in APA style and can be pasted.
    """

    id: str
    title: str
    method: dict[str, Any]
    n: int
    n_excluded: int
    terms: pd.DataFrame
    warnings: tuple[str, ...] = ()
    reason: str = ""
    sentences: tuple[str, ...] = ()
    type: str = "exploratory"

    @property
    def defined(self) -> bool:
        """Whether the statistic could be computed at all."""
        return not self.reason

    def as_type(self, kind: str) -> "Record":
        """Return the record marked primary, secondary or exploratory."""
        return replace(self, type=kind)

    def as_json(self) -> dict[str, Any]:
        """Return the record for `results.json`: NaN becomes null, and every row with a null says why."""
        return {
            "id": self.id,
            "title": self.title,
            "type": self.type,
            "method": self.method,
            "n": self.n,
            "n_excluded": self.n_excluded,
            "defined": self.defined,
            "reason": self.reason or None,
            "terms": rows_as_json(self.terms),
            "apa": list(self.sentences),
            "warnings": list(self.warnings),
        }


def record(
    id: str,
    title: str,
    statistic: Callable[[], pd.DataFrame],
    columns: tuple[str, ...],
    method: dict[str, Any],
    n: int,
    n_excluded: int = 0,
    sentences: Callable[[pd.DataFrame], list[str]] | None = None,
) -> Record:
    """Run a statistic and return its record; `sentences` writes the APA text from a defined result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            terms, reason = statistic(), ""
        except NotDefined as refusal:
            terms, reason = blank(columns, refusal), refusal.reason_with(apa.words)
        except Exception as error:
            reason = fault(error)
            terms = blank(columns, NotDefined(reason))
    if not reason:
        terms = with_reasons(terms)
    text = tuple(sentences(terms)) if sentences and not reason else ()
    faults = [reason] if reason.startswith(FAULT) else []
    return Record(id, title, method, n, n_excluded, terms, (*in_words(caught), *faults), reason, text)


def fault(error: Exception) -> str:
    """Return an unforeseen error in words, its type with it, marked as a fault of this package."""
    return f"{FAULT} ({type(error).__name__}: {' '.join(str(error).split()) or 'without words'})"


def in_words(caught: list[warnings.WarningMessage]) -> list[str]:
    """Return warnings as text, each once; what this package itself says needs no category before it."""
    messages = [(warning.category, str(warning.message)) for warning in caught]
    return list(dict.fromkeys(text if kind is UserWarning else f"{kind.__name__}: {text}" for kind, text in messages))


def blank(columns: tuple[str, ...], refusal: NotDefined) -> pd.DataFrame:
    """Return one empty row per term that was asked for, each with the reason."""
    terms = refusal.terms or ("",)
    rows = [
        {**dict.fromkeys(columns, math.nan), columns[0]: term or math.nan, "reason": refusal.reason_with(apa.words)}
        for term in terms
    ]
    return pd.DataFrame(rows, columns=(*columns, "reason"))


def with_reasons(terms: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a `reason` column where a value is missing or infinite, which JSON cannot hold."""
    values = terms.drop(columns="reason", errors="ignore")
    missing = values.isna().any(axis=1)
    infinite = values.isin([math.inf, -math.inf]).any(axis=1)
    if not (missing | infinite).any():
        return values
    reasons = terms["reason"] if "reason" in terms else pd.Series("", index=terms.index)
    reasons = reasons.where(~missing | (reasons != ""), "not defined for these data")
    return values.assign(reason=reasons.where(~infinite | (reasons != ""), INFINITE))


def rows_as_json(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as JSON knows them."""
    return [_row_as_json(row) for row in table.to_dict("records")]


def _row_as_json(row: dict[str, Any]) -> dict[str, Any]:
    cleaned = {key: _plain(value) for key, value in row.items()}
    if cleaned.get("reason") in ("", None):
        cleaned.pop("reason", None)
    return cleaned


def _plain(value: Any) -> str | bool | int | float | None:
    """Return a value JSON knows; infinities become null like NaN, for JSON has neither."""
    if isinstance(value, str | bool):
        return value
    if value is None or pd.isna(value):
        return None
    number = float(value)
    if math.isinf(number):
        return None
    return int(number) if number.is_integer() and not isinstance(value, float) else number
