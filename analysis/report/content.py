"""Everything a report says, in its order, before anything is laid out."""

from dataclasses import dataclass

from analysis.reading.plans import Plan
from analysis.reading.samples import Sample
from analysis.results.records import TYPES
from analysis.results.section import Section


@dataclass(frozen=True)
class Report:
    """Everything a report says, in order. `remarks` are checks of the data that did not come out clean."""

    title: str
    sample: Sample
    plan: Plan
    sections: list[Section]
    remarks: list[str]

    def __post_init__(self) -> None:
        """Mark every record by the plan, and put the sections in the order of their weight."""
        for section in self.sections:
            section.records = [found.as_type(self.plan.type_of(found.id)) for found in section.records]
        self.sections.sort(key=lambda section: TYPES.index(type_of(section)))


def type_of(section: Section) -> str:
    """Return the weightiest type among a section's records."""
    return min((found.type for found in section.records), key=TYPES.index, default="exploratory")
