"""Foreign tables as they come, made long: rows of descriptions under the header, repeated columns, rules about rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.foreign.delimited import LINE
from analysis.reading.foreign.layout import COLUMN, ROW, Layout, Rule, holes

IMPORT_ID = '{"ImportId"'
NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"


def described_rows(table: pd.DataFrame) -> int:
    """Return how many rows under the header describe the columns, as Qualtrics writes them: 2, or 0.

    >>> described_rows(pd.DataFrame({"Q1": ["How sure?", '{"ImportId":"QID1"}', "3"]}))
    2
    """
    if len(table) < 2:
        return 0
    cells = table.iloc[1].dropna().str.replace(" ", "").str.startswith(IMPORT_ID)
    return 2 if len(cells) and cells.all() else 0


def stacked(table: pd.DataFrame, layout: Layout, where: str) -> pd.DataFrame:
    """Return a wide table with a row per repetition: what stands in the template's braces becomes columns.

    Columns that no template fits are repeated in every row; rows without any outcome are left out.
    """
    wanted = [name for name in layout.columns if name != layout.participant]
    columns_of: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for template in layout.wide:
        for name in table.columns:
            reading = _reading(template, name, wanted, where)
            if reading is not None:
                column = reading.pop(COLUMN)
                columns_of.setdefault(tuple(sorted(reading.items())), {})[column] = name
    if not columns_of:
        raise AnalysisError(
            f"{where}, wide: no column is called as {' or '.join(layout.wide)} with one of the map's columns"
        )
    taken = {name for columns in columns_of.values() for name in columns.values()}
    repeated = set(chain.from_iterable(columns_of.values()))
    constant = [name for name in table if name not in taken and name not in repeated]
    parts = []
    for place, columns in columns_of.items():
        part = table[constant].assign(**dict(place))
        part = pd.concat([part, table[list(columns.values())].set_axis(list(columns), axis=1)], axis=1)
        parts.append(part)
    long = pd.concat(parts, ignore_index=True).assign(**{"#order": np.tile(np.arange(len(table)), len(parts))})
    long = long.sort_values("#order", kind="stable").drop(columns="#order")
    outcomes = [outcome.column for outcome in layout.outcomes if outcome.column in long]
    return long.dropna(subset=outcomes, how="all").reset_index(drop=True)


def _reading(template: str, name: str, columns: Sequence[str], where: str) -> dict[str, str] | None:
    """Return what a column's name means by a template, None where it does not fit; refuse a name with two readings."""
    known = "|".join(map(re.escape, sorted(columns, key=len, reverse=True)))
    readings = []
    for some in (".+", ".+?"):
        pattern = re.escape(template)
        for hole in holes(template):
            own = f"(?P<h{holes(template).index(hole)}>{known if hole == COLUMN else some})"
            pattern = pattern.replace(re.escape("{" + hole + "}"), own)
        fits = re.fullmatch(pattern, name)
        if fits is None:
            return None
        readings.append({hole: fits[f"h{i}"] for i, hole in enumerate(holes(template))})
    if readings[0] != readings[1]:
        expected = " or ".join(str(list(reading.values())) for reading in readings)
        raise AnalysisError(f"{where}, wide: {name} can be read by {template} as {expected}; rename the column")
    return readings[0]


@dataclass
class Filtered:
    """The rows that a map keeps, for each rule the remark how many it took away, and who is gone by which reason.

    `people` counts the participants who have no row left, `rows` the rows that were left out of others, by reason.
    """

    table: pd.DataFrame
    remarks: list[str] = field(default_factory=list)
    people: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


def filtered(table: pd.DataFrame, layout: Layout, where: str) -> Filtered:
    """Return what the map's rules keep; of their rows the exclusions are told, what else a file holds is not."""
    done = Filtered(table)
    for rule in layout.keep:
        hit = _hit(done.table, rule, where)
        values = ", ".join(rule.values)
        done.remarks.append(f"{_rows(~hit)} left out by the map: {rule.column} is not {values}.")
        _take_away(done, ~hit, f"without a row whose {rule.column} is {' or '.join(rule.values)}", layout)
    for rule in layout.exclude:
        hit = _hit(done.table, rule, where)
        people = done.table[layout.participant]
        if rule.everybody and layout.participant != ROW:
            hit = people.isin(people[hit].dropna())
        n = people[hit].nunique()
        counted = f" of {n} participant{'s' if n > 1 else ''}" if rule.everybody else ""
        done.remarks.append(f"{_rows(hit, counted)} left out by the map: {rule.reason}.")
        remaining = _take_away(done, hit, rule.reason, layout)
        if remaining:
            done.rows[rule.reason] = done.rows.get(rule.reason, 0) + remaining
    if done.table.empty and done.remarks:
        raise AnalysisError(f"{where}: the map's rules leave out every row")
    return done


def _take_away(done: Filtered, hit: pd.Series, reason: str, layout: Layout) -> int:
    """Take the rows away; count who has none left, and return how many rows of others were among them."""
    people, kept = done.table[layout.participant], done.table[~hit].reset_index(drop=True)
    gone = hit & ~people.isin(kept[layout.participant])
    n = int(people[gone].nunique())
    if n:
        done.people[reason] = done.people.get(reason, 0) + n
    done.table = kept
    return int((hit & ~gone).sum())


def _rows(chosen: pd.Series, of: str = "") -> str:
    n = int(chosen.sum())
    return f"1 row{of} was" if n == 1 else f"{n} rows{of} were"


def _hit(table: pd.DataFrame, rule: Rule, where: str) -> pd.Series:
    column = table[rule.column]
    hit = column.isin(rule.values) | column.str.lower().isin(rule.values)
    if rule.below is None and rule.above is None:
        return hit
    wrong = column.notna() & ~column.str.fullmatch(NUMBER, na=False) & ~hit
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        raise AnalysisError(
            f"{where}, column {rule.column}, row {table[LINE].iloc[row]}: found {column.iloc[row]!r}, expected a number"
        )
    values = pd.to_numeric(column.str.replace(",", "."), errors="coerce")
    if rule.below is not None:
        hit |= values < rule.below
    return hit | (values > rule.above) if rule.above is not None else hit
