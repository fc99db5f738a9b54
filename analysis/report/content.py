"""Everything a report says, in its order, before anything is laid out."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.reading.plans import Plan
from analysis.reading.samples import Sample
from analysis.reading.study import Measure
from analysis.results.records import FAULT, TYPES
from analysis.results.section import Section


@dataclass(frozen=True)
class Report:
    """Everything a report says, in order. `remarks` are checks of the data that did not come out clean.

    `measures` are the outcomes, the first of which shows the design.
    """

    title: str
    sample: Sample
    plan: Plan
    sections: list[Section]
    remarks: list[str]
    measures: list[Measure] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Mark every record by the plan, and put the sections in the order of their weight."""
        _number_repeated_ids(self.sections)
        for section in self.sections:
            section.records = [record.as_type(self.plan.type_of(record.id)) for record in section.records]
        self.sections.sort(key=lambda section: TYPES.index(type_of(section)))

    def titles(self) -> dict[str, str]:
        """Return the study's titles, and the labels of outcomes whose name no factor or level has."""
        study = self.sample.study
        taken = {*study.factors, *(str(level) for levels in study.factors.values() for level in levels)}
        return {measure.name: measure.label for measure in self.measures if measure.name not in taken} | study.titles

    def kind_of(self, id: str) -> tuple[str, str]:
        """Return an analysis' outcome, whose name may hold dots, and what is done with it: `anova`, `tukey` …"""
        names = sorted((measure.name for measure in self.measures), key=len, reverse=True)
        outcome = next((name for name in names if id.startswith(f"{name}.")), id.partition(".")[0])
        return outcome, id.removeprefix(f"{outcome}.").partition(".")[0].partition("~")[0]


def _number_repeated_ids(sections: list[Section]) -> None:
    """Give each analysis and each figure an id of its own: one that comes again is numbered, and told as a fault."""
    seen: Counter[str] = Counter()
    for section in sections:
        lists: tuple[list[Any], ...] = (section.records, section.figures)
        for items in lists:
            for place, item in enumerate(items):
                seen[item.id] += 1
                if seen[item.id] > 1:
                    section.warnings.append(f"{FAULT} (two results have the id {item.id}; the later one is numbered)")
                    items[place] = replace(item, id=f"{item.id}~{seen[item.id]}")


def type_of(section: Section) -> str:
    """Return the weightiest type among a section's records."""
    return min((record.type for record in section.records), key=TYPES.index, default="exploratory")
