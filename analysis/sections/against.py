"""One study beside another with different people, as a main study and its complement: unpaired comparisons."""

from typing import Any

import pandas as pd

from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Section
from analysis.statistics.cells import groups
from analysis.statistics.comparisons import unpaired


def section(name: str, own: list[Measure], other_name: str, others: list[Measure], plan: Plan) -> Section:
    """Return every measure that both studies have: each condition of one against each of the other."""
    by_name = {measure.name: measure for measure in others}
    records = [_compared(measure, by_name[measure.name], name, other_name, plan) for measure in own
               if measure.name in by_name]  # fmt: skip
    said = f"{name} and {other_name} have no measure in common."
    if records:
        terms = records[0].terms
        found = terms[terms["p_adjusted"] < plan.alpha]
        pairs = [f"{apa.words(row.a)} {apa.value(row.mean_a, own[0].kind)} and {apa.words(row.b)} "
                 f"{apa.value(row.mean_b, own[0].kind)}" for row in found.itertuples()]  # fmt: skip
        said = f"{own[0].label}: " + (f"different were {'; '.join(pairs)}." if pairs else "no difference was shown.")
    return Section(f"Compared with {other_name}", said, records, intro="Different people: nothing here is paired.")


def _compared(own: Measure, other: Measure, name: str, other_name: str, plan: Plan) -> Record:
    method = {
        "function": "scipy.stats.ttest_ind(equal_var=False), mannwhitneyu; Hedges g",
        "correction": plan.correction,
        "family": "all pairs of conditions of the two studies",
        "direction": "a − b",
        "a": name,
        "b": other_name,
    }
    people = own.data["participant"].nunique() + other.data["participant"].nunique()
    return record(
        f"{own.name}.unpaired",
        f"{own.label}: {name} against {other_name}",
        lambda: unpaired.compare(_conditions(own, ""), _conditions(other, f" ({other_name})"), plan.correction),
        unpaired.COLUMNS,
        method,
        people,
        0,
        lambda terms: [
            f"{apa.difference(row)}, g = {apa.number(row.g)}, {apa.interval(row.g_low, row.g_high, 95, apa.number)}"
            for row in terms.dropna(subset="p").itertuples()
        ],
    )


def _conditions(measure: Measure, suffix: str) -> dict[str, Any]:
    """Return the participants' values in each condition."""
    factors = [factor for factor in [*measure.between, *measure.within] if measure.data[factor].nunique() > 1]
    known = measure.data.dropna(subset=[measure.name])
    found: pd.Series = groups(known, measure.name, factors)
    return {f"{label}{suffix}": values for label, values in found.items()}
