"""A section of the report: the line that answers, its analyses, figures and remarks."""

from collections.abc import Callable
from dataclasses import dataclass, field

from matplotlib.figure import Figure as Canvas

from analysis.records import Record


@dataclass(frozen=True)
class Figure:
    """A figure that is drawn when the report is written. `alt` says in words what the picture shows."""

    id: str
    title: str
    caption: str
    alt: str
    draw: Callable[[], Canvas]


@dataclass
class Section:
    """One question of the report. `answer` is the line that answers it; `notes` are remarks below the analyses."""

    title: str
    answer: str
    records: list[Record] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    intro: str = ""
