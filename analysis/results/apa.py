"""Numbers and sentences in APA 7 style: `F(2, 90) = 13.55, p < .001, ηp² = .23, 90% CI [.11, .34]`.

A `row` is one of `itertuples`, whose fields are the columns of its statistic.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pandas as pd

NOTHING = "—"
JOINED = re.compile(r"( × | − |:|\[|\])")  # between the names of a cell, difference, term, coefficient
_TITLES: ContextVar[Mapping[str, str] | None] = ContextVar("titles", default=None)
SHARES = ("fraction", "ratio", "binary", "cluster")


def number(value: float, decimals: int = 2) -> str:
    """Return a number with fixed decimals and a true minus sign; a dash where there is none."""
    if value is None or pd.isna(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{settled(value):.{decimals}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def settled(value: float) -> float:
    """Return a number at twelve digits, so that two ways of computing 6.125 are rounded alike.

    >>> settled(6.125 - 1e-15)
    6.125
    """
    return float(f"{value:.12g}")


def percent(share: float) -> str:
    """Return a share as `64%`."""
    return f"{settled(share):.0%}"


def bounded(value: float, decimals: int = 2) -> str:
    """Return a number that cannot exceed 1 without its leading zero: `.23`."""
    text = number(value, decimals)
    return text.replace("0.", ".", 1) if text.lstrip("−").startswith("0.") else text


def level(alpha: float) -> str:
    """Return a level of significance with all its digits: `.05`, `.001`.

    >>> level(0.05), level(0.0001)
    ('.05', '.0001')
    """
    text = f"{alpha:.10f}".rstrip("0")
    return text.replace("0.", ".", 1)


def p_value(p: float) -> str:
    """Return `p = .034` or `p < .001`."""
    if pd.isna(p):
        return "p not defined"
    return "p < .001" if p < 0.001 else f"p = {bounded(p, 3)}"


def degrees(df: float) -> str:
    """Return degrees of freedom: whole where they are whole, else with two decimals."""
    return f"{df:.0f}" if float(df).is_integer() else f"{df:.2f}"


def interval(low: float, high: float, level: int, form: Callable[[float], str] = bounded) -> str:
    """Return `90% CI [.11, .34]`."""
    return f"{level}% CI [{form(low)}, {form(high)}]"


def f_test(row: Any, df_resid: float) -> str:
    """Return the F test of one ANOVA row with its effect size."""
    effect = f"ηp² = {bounded(row.eta2p)}, {interval(row.eta2p_ci_low, row.eta2p_ci_high, 90)}"
    return f"F({degrees(row.df)}, {degrees(df_resid)}) = {number(row.F)}, {p_value(row.p)}, {effect}"


def kruskal(row: Any) -> str:
    """Return `H(5) = 3.18, p = .673, ε² = .03`."""
    return f"H({degrees(row.df)}) = {number(row.H)}, {p_value(row.p)}, ε² = {bounded(row.epsilon2)}"


def levene(row: Any) -> str:
    """Return `F(5, 90) = 0.88, p = .497`."""
    return f"F({degrees(row.df1)}, {degrees(row.df2)}) = {number(row.F)}, {p_value(row.p)}"


def difference(row: Any, form: Callable[[float], str] = number) -> str:
    """Return one pairwise difference with its interval and adjusted p."""
    return (
        f"{words(row.a)} − {words(row.b)}: Δ = {form(row.diff)}, {interval(row.ci_low, row.ci_high, 95, form)}, "
        f"t({degrees(row.df)}) = {number(row.t)}, {p_value(row.p_adjusted)}"
    )


@contextmanager
def calling(titles: Mapping[str, str]) -> Iterator[None]:
    """Let `words` give these titles in place of the names inside the block: `LRP` for `lrp`."""
    token = _TITLES.set(titles)
    try:
        yield
    finally:
        _TITLES.reset(token)


def words(name: str) -> str:
    """Return an identifier as words on one line: `fraction_correct` as `fraction correct`, `a:b` as `a × b`.

    >>> with calling({"lrp": "LRP"}):
    ...     words("lrp"), words("none × lrp"), words("fraction_correct:lrp")
    ('LRP', 'none × LRP', 'fraction correct × LRP')
    """
    titles = _TITLES.get() or {}
    in_words = [_quoted(titles.get(part, part.replace("_", " "))) for part in JOINED.split(str(name))]
    return " ".join("".join(in_words).replace(":", " × ").split())


def _quoted(words: str) -> str:
    """Return words, those that are a question or a sentence in quotation marks, for they stand inside sentences."""
    sentence = (len(words) > 2 and words[-1] in "?!.…") or words.startswith("I ")
    return f"“{words}”" if sentence else words


def opening(words: str) -> str:
    """Return words as they open a title or sentence: the rest in its own letters.

    >>> opening("response time"), opening("Score.Sum"), opening("BMI")
    ('Response time', 'Score.Sum', 'BMI')
    """
    return words[:1].upper() + words[1:]


def inside(label: str) -> str:
    """Return a label as it stands inside a sentence: a name with letters of its own stays, a question is quoted.

    >>> inside("Response time"), inside("AUROC2 of confidence"), inside("Score.Sum"), inside("How sure?")
    ('response time', 'AUROC2 of confidence', 'Score.Sum', '“How sure?”')
    """
    own = label.partition(" ")[0][1:]
    if _quoted(label) != label:
        return _quoted(label)
    return label if own != own.lower() or "." in own else label[:1].lower() + label[1:]


def listing(names: list[str], last: str = "and") -> str:
    """Return `a, b and c`."""
    names = [str(name) for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def value(quantity: float, kind: str, unit: str = "") -> str:
    """Return one value of a measure as people read it: a share as `64%`, anything else with two decimals."""
    return percent(quantity) if kind in SHARES else f"{number(quantity)} {unit}".strip()
