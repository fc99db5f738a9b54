"""How a row of a result is written beside what a paper printed."""

import string
from collections.abc import Callable, Mapping
from typing import Any

from analysis.results import apa

FORMATS: dict[str, Callable[[Any], str]] = {
    "p": apa.p_value,
    "df": apa.degrees,
    "%": lambda share: f"{apa.number(100 * share, 1)}%" if share == share else apa.NOTHING,
    "square": lambda value: apa.number(value**2, 4),
    "": str,
}


class _Row(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return apa.number(value, int(format_spec)) if format_spec.isdigit() else FORMATS[format_spec](value)


def written(text: str, row: Mapping[str, Any]) -> str:
    """Return the text with a row's columns in their places: a digit asks for that many decimals, or one of `FORMATS`.

    >>> written("F({df:df}, {error:df}) = {F:3}, {p:p}", {"df": 2.0, "error": 90.0, "F": 3.067, "p": 0.0514})
    'F(2, 90) = 3.067, p = .051'
    """
    return _Row().vformat(text, (), row)
