"""A report laid out as a paper: the paper's items in its order, what it published and ours, before any layout."""

from dataclasses import dataclass

import pandas as pd

from analysis.papers import beside
from analysis.papers.reading import Paper
from analysis.report.content import Report
from analysis.results.section import Section


@dataclass(frozen=True)
class LaidOut:
    """A paper with its items; `more` holds the figures that the report itself doesn't have."""

    paper: Paper
    items: list[beside.Shown]
    more: Section

    def numbers(self) -> pd.DataFrame:
        """Return what was published and ours, a row each: item, quantity, published, ours, analysis."""
        rows = [
            (item.label, one.name, one.published, one.ours, one.analysis) for item in self.items for one in item.numbers
        ]
        return pd.DataFrame(rows, columns=["item", "quantity", "published", "ours", "analysis"])

    def summary(self) -> str:
        """Return in a line how many of the published numbers have ours beside them."""
        table = self.numbers()
        if table.empty:
            return f"{len(self.items)} items in the order of “{self.paper.title}”, which published no number of them"
        n_computed = int((table["analysis"] != "").sum())
        return f"{n_computed} of the {len(table)} numbers that “{self.paper.title}” published have ours beside them"


def lay_out(paper: Paper, report: Report) -> LaidOut:
    """Return a report in a paper's order; a figure that several items draw is drawn once."""
    items = beside.items(paper, report.sections, report.measures)
    more = {figure.id: figure for item in items for figure in item.boxes}
    return LaidOut(paper, items, Section(paper.title, "", figures=list(more.values())))
