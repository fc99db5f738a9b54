"""One study beside another with different people, as a main study and its complement: unpaired comparisons."""

from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Section
from analysis.sections.between import POWER
from analysis.statistics import power
from analysis.statistics.cells import groups
from analysis.statistics.comparisons import unpaired
from analysis.statistics.multiplicity import CORRECTIONS

SHOWN = 3


def section(name: str, own: list[Measure], other_name: str, others: list[Measure], plan: Plan) -> Section:
    """Return every measure that both studies have: each condition of one against each of the other."""
    by_name = {measure.name: measure for measure in others}
    records = [_compared(measure, by_name[measure.name], name, other_name, plan) for measure in own
               if measure.name in by_name]  # fmt: skip
    sentence = f"{name} and {other_name} have no measure in common."
    if records:
        first = next(measure for measure in own if measure.name in by_name)
        sentence = f"{first.label}: {_summary(first, records[0], plan)}"
    return Section(f"Compared with {other_name}", sentence, records, intro="Different people: nothing here is paired.")


def _summary(measure: Measure, compared: Record, plan: Plan) -> str:
    """Return which conditions differ, or else how large the differences may still be."""
    terms = compared.terms
    if terms["p_adjusted"].isna().all():
        return f"not compared, because {terms['reason'].iloc[0]}."
    different = terms[terms["p_adjusted"] < plan.alpha]
    read = partial(apa.value, kind=measure.kind, unit=measure.unit)
    pairs = [f"{apa.words(row.a)} {read(row.mean_a)} and {apa.words(row.b)} {read(row.mean_b)}"
             for row in different.itertuples()]  # fmt: skip
    if pairs:
        return f"different were {'; '.join(pairs)}."
    tested = terms[terms["p_adjusted"].notna()]
    widest = tested.loc[tested["diff"].abs().nlargest(SHOWN).index]
    open_ = "; ".join(_open(row, compared, len(tested)) for row in widest.itertuples())
    more = f"; {len(tested) - len(widest)} smaller differences stand in the table" if len(tested) > SHOWN else ""
    return f"no difference was shown, which is not that there is none: {open_}{more}."


def _open(row: Any, compared: Record, n_tested: int) -> str:
    limits = apa.interval(row.ci_low, row.ci_high, 95, apa.number)
    smallest = apa.number(compared.method["detectable"]["terms"][f"{row.a} − {row.b}"])
    p = apa.p_value(row.p_adjusted) + (f" ({CORRECTIONS[compared.method['correction']]})" if n_tested > 1 else "")
    return (f"{apa.words(row.a)} − {apa.words(row.b)} = {apa.number(row.diff)}, {limits}, {p}, and g = {smallest} is "
            f"the smallest effect found with {POWER:.0%} power")  # fmt: skip


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
    comparison = record(
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
    tested = comparison.terms.dropna(subset="p")
    alpha = plan.alpha / max(1, len(tested))
    smallest = {f"{row.a} − {row.b}": power.detectable_g(int(row.n_a), int(row.n_b), POWER, alpha)
                for row in tested.itertuples()}  # fmt: skip
    detectable = {"power": POWER, "effect": "Hedges g, at α over the number of comparisons", "terms": smallest}
    return replace(comparison, method={**method, "detectable": detectable}) if smallest else comparison


def _conditions(measure: Measure, suffix: str) -> dict[str, Any]:
    """Return the participants' values in each condition; where only one was met, it goes by its own name."""
    everything = [*measure.between, *measure.within]
    factors = [factor for factor in everything if measure.data[factor].nunique() > 1] or everything
    known = measure.data.dropna(subset=[measure.name])
    cells: pd.Series = groups(known, measure.name, factors)
    return {f"{label}{suffix}": values for label, values in cells.items()}
