"""A section of the report: the line that answers, its analyses, figures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Canvas

from analysis.results.records import Record

Progress = Callable[[Iterable[Any]], Iterable[Any]]  # wraps an iteration to show how far it is


@dataclass(frozen=True)
class Figure:
    """A figure that is drawn when the report is written. `alt` says in words what the picture shows.

    `values` are the numbers that `alt` rounds, for `results.json`.
    """

    id: str
    title: str
    caption: str
    alt: str
    draw: Callable[[], Canvas]
    values: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass
class Section:
    """One question of the report. `answer` is the line that answers it.

    The first `figures_first` figures stand above the analyses, the others below. `warnings` are those that computing it
    raised outside any of its records.
    """

    title: str
    answer: str
    records: list[Record] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    intro: str = ""
    figures_first: int = 1
    warnings: list[str] = field(default_factory=list)


Steps = list[
    tuple[str, Callable[[], Section | None]]
]  # a report's sections by name, in their order, each computed by a call
