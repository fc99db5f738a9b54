"""The audit of a study's stimuli: maps that show nothing, and answers that can be had without reading a map."""

from .findings import AMBER, GREEN, RED, Finding, Report, worst
from .guessing import Guess
from .looks import Look, Measures, measure
from .report import audit
from .shortcuts import Case, Task
from .visible import shows_something

__all__ = [
    "AMBER",
    "GREEN",
    "RED",
    "Case",
    "Finding",
    "Guess",
    "Look",
    "Measures",
    "Report",
    "Task",
    "audit",
    "measure",
    "shows_something",
    "worst",
]
