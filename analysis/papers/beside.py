"""A report's results in a paper's order, ours beside what the paper published. Nothing is computed here."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from analysis.papers.formats import written
from analysis.papers.reading import Paper
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record
from analysis.results.section import Figure, Section
from analysis.sections import blocks

RESIDUALS = "Residuals"
PAIR = ("a", "b")
NAMED = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True)
class Number:
    """One published number as printed, and ours in the same form; `analysis` is the id of the record that holds it.

    Where there is none of ours, `ours` says why and `analysis` is empty.
    """

    name: str
    published: str
    ours: str
    analysis: str = ""


@dataclass(frozen=True)
class Shown:
    """A table, figure or paragraph of the paper. `boxes` are figures that the report doesn't have."""

    label: str
    title: str
    note: str
    numbers: list[Number]
    figures: list[Figure]
    boxes: list[Figure]
    records: list[Record]


def items(paper: Paper, sections: list[Section], measures: list[Measure]) -> list[Shown]:
    """Return the paper's items in its order, each with what the report holds for it."""
    records = [record for section in sections for record in section.records]
    figures = [figure for section in sections for figure in section.figures]
    return [
        Shown(
            item["label"],
            item["title"],
            item.get("note", ""),
            [_number(value, records, paper.names) for value in item.get("values", [])],
            [figure for figure in figures if _any_fits(figure.id, item.get("figures", []), paper.names)],
            list(_boxes(item.get("boxes", []), measures)),
            [record for record in records if _any_fits(record.id, item.get("tables", []), paper.names)],
        )
        for item in paper.items
    ]


def _number(value: dict[str, Any], records: list[Record], names: dict[str, list[str]]) -> Number:
    place: dict[str, Any] | None = value
    reasons = []
    while place is not None:
        if "record" in place:
            ours = _ours(place, records, names)
            if ours[1]:
                return Number(value["name"], value["published"], *ours)
            reasons.append(ours[0])
        place = place.get("else")
    return Number(value["name"], value["published"], reasons[0] if reasons else "not part of a report")


def _ours(place: dict[str, Any], records: list[Record], names: dict[str, list[str]]) -> tuple[str, str]:
    """Return what a place holds and its analysis; the reason and "" where it holds nothing."""
    fitting = [kept for kept in records if _fits(kept.id, place["record"], names)]
    for kept in fitting:
        for row in kept.terms.to_dict("records") if kept.defined else []:
            if _is_row(row, place.get("row", {}), names):
                return written(place["ours"], {**row, "error": _error(kept), "without": _without(row)}), kept.id
    reason = next((kept.reason for kept in fitting if not kept.defined), "")
    if reason:
        return f"not defined: {reason}", ""
    return ("not in this study" if fitting else _absent(place["record"], names)), ""


def _absent(pattern: str, names: dict[str, list[str]]) -> str:
    """Return in words that a study has no such analysis; with the names by which what it would be of is recognised."""
    named = NAMED.findall(pattern)
    return f"nothing in this study is called {apa.listing(names[named[0]], 'or')}" if named else "not in this study"


def _error(kept: Record) -> float:
    """Return the error's degrees of freedom of an analysis of variance, else NaN."""
    rows = kept.terms[kept.terms["term"] == RESIDUALS] if {"term", "df"} <= set(kept.terms) else kept.terms[:0]
    return float(rows["df"].iloc[0]) if len(rows) else float("nan")


def _without(row: dict[str, Any]) -> float:
    """Return how many a counted answer was not, else NaN."""
    return float(row["n"] - row["count"]) if {"n", "count"} <= set(row) else float("nan")


def _is_row(row: dict[str, Any], wanted: dict[str, str], names: dict[str, list[str]]) -> bool:
    """Return whether a row is the one wanted; of a pair, in either order."""
    turned = {**wanted, PAIR[0]: wanted[PAIR[1]], PAIR[1]: wanted[PAIR[0]]} if set(PAIR) <= set(wanted) else wanted
    return any(all(_fits(str(row.get(column, "")), pattern, names) for column, pattern in one.items())
               for one in (wanted, turned))  # fmt: skip


def _any_fits(id: str, patterns: list[str], names: dict[str, list[str]]) -> bool:
    return any(_fits(id, pattern, names) for pattern in patterns)


def _fits(text: str, pattern: str, names: dict[str, list[str]]) -> bool:
    """Return whether a text has a pattern's form, whatever its capitals; `<name>` is any of what goes by that name."""
    parts = NAMED.split(pattern)
    choices = [names[part] if i % 2 else [part] for i, part in enumerate(parts)]
    return any(fnmatchcase(text.lower(), "".join(chosen).lower()) for chosen in itertools.product(*choices))


def _boxes(wanted: list[list[str]], measures: list[Measure]) -> Iterator[Figure]:
    by_name = {measure.name: measure for measure in measures}
    for name, factor in wanted:
        measure = by_name.get(name)
        if measure is not None and factor in measure.between and measure.data[factor].nunique() > 1:
            yield blocks.spread_by(measure, factor)
