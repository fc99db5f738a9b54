"""Analysis of variance by permutation: each effect's own F among those of rearranged data.

Between groups, the residuals of the model without the effect are dealt out to the participants anew (Freedman & Lane
1983); for an interaction with conditions these are each participant's contrasts, and stay together. Conditions are
rearranged inside each participant. Both are exact where the model without the effect holds nothing that has to be
estimated, as in a design of one factor, and close to exact elsewhere. They need participants who could stand for each
other: groups that vary alike. An interaction of two conditions with three levels each has no such rearrangement.
"""

from abc import ABC, abstractmethod

import numpy as np
import pandas as pd

from analysis.errors import NotDefined
from analysis.statistics.cells import complete, varying
from analysis.statistics.factorial.anova import f_tests
from analysis.statistics.factorial.within import (
    between_columns,
    complete_people,
    contrasts_of,
    rest_of,
    within_anova,
)

COLUMNS = ("term", "F", "df", "df_resid", "p")
PERMUTATIONS = 4999
AT_ONCE = 500  # permutations held in memory
EQUAL = 1e-9  # relative: F values that differ by less are the same arrangement but for rounding


def permutation_anova(
    data: pd.DataFrame,
    outcome: str,
    between: list[str],
    within: list[str],
    seed: int,
    permutations: int = PERMUTATIONS,
) -> pd.DataFrame:
    """Return one row per effect: F with its plain degrees of freedom, and p = (b + 1) / (m + 1).

    b of the m random rearrangements have an F as large as the data's own (Phipson & Smyth 2010). An effect that cannot
    be permuted has no p, and its `reason`.

    >>> data = pd.DataFrame({"participant": range(8), "method": list("aaaabbbb"), "y": [1.0, 2, 3, 2, 4, 5, 4, 3]})
    >>> permutation_anova(data, "y", ["method"], [], seed=1).round(3)[["term", "F", "df", "df_resid", "p"]]
         term     F  df  df_resid      p
    0  method  12.0   1         6  0.056
    """
    rng = np.random.default_rng(seed)
    if within:
        tested = within_anova(data, outcome, between, within)
        table, people = complete_people(data, outcome, between, within)
        within = [factor for factor in within if table.columns.get_level_values(factor).nunique() > 1]
    else:
        tested = f_tests(data, outcome, between)
        people = complete(data, outcome, between)
        table = people[[outcome]]
    between = varying(people, between)
    values = table.to_numpy(float)
    values = values - values.mean()
    designs = between_columns(people, between)
    rows = []
    for term in tested["term"]:
        if term == "Residuals":
            continue
        named = term.split(":")
        outer = ":".join(factor for factor in named if factor in between)
        inner = [factor for factor in named if factor in within]
        try:
            effect: _Effect
            if outer:
                effect = _BetweenPeople(values @ _scores(table.columns, within, inner), designs, outer)
            else:
                effect = _InsidePeople(values, table.columns, within, inner, designs)
            rows.append((term, *effect.tested(rng, permutations), ""))
        except NotDefined as refusal:
            rows.append((term, *[np.nan] * 4, refusal.reason))
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))


def _scores(columns: pd.Index, within: list[str], inner: list[str]) -> np.ndarray:
    """Return orthonormal contrasts (conditions, q) of an effect of the conditions; of the mean for none."""
    return contrasts_of(within, ":".join(inner), columns) if within else np.ones((1, 1))


class _Effect(ABC):
    """An effect of the between-subjects columns `name` on participants' scores, and how they are rearranged."""

    def __init__(self, designs: dict[str, np.ndarray], name: str, q: int):
        full = np.hstack(list(designs.values()))
        others = [columns for other, columns in designs.items() if other != name]
        self.others = np.hstack(others) if others else np.zeros((len(full), 0))
        self.full = np.linalg.qr(full)[0]
        self.own = np.linalg.qr(rest_of(designs[name], self.others))[0]
        self.df = designs[name].shape[1] * q
        self.df_resid = (len(full) - full.shape[1]) * q

    def f_values(self, scores: np.ndarray) -> np.ndarray:
        """Return the F of each arrangement of scores (arrangements, participants, q)."""
        explained = ((self.own.T @ scores) ** 2).sum(axis=(1, 2))
        error = (scores**2).sum(axis=(1, 2)) - ((self.full.T @ scores) ** 2).sum(axis=(1, 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((explained / self.df) / (error.clip(min=0) / self.df_resid))

    @abstractmethod
    def rearranged(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Return random arrangements of the residuals' scores (number, participants, q)."""

    @abstractmethod
    def as_observed(self) -> np.ndarray:
        """Return the residuals' scores as they are (1, participants, q)."""

    def tested(self, rng: np.random.Generator, permutations: int) -> tuple[float, int, int, float]:
        own = float(self.f_values(self.as_observed())[0])
        reached = 0
        for start in range(0, permutations, AT_ONCE):
            f_values = self.f_values(self.rearranged(rng, min(AT_ONCE, permutations - start)))
            reached += int((f_values >= own * (1 - EQUAL)).sum())
        return own, self.df, self.df_resid, (reached + 1) / (permutations + 1)


class _BetweenPeople(_Effect):
    """An effect between participants: whole participants are rearranged."""

    def __init__(self, scores: np.ndarray, designs: dict[str, np.ndarray], name: str):
        super().__init__(designs, name, scores.shape[1])
        self.rest = rest_of(scores, self.others)

    def rearranged(self, rng: np.random.Generator, number: int) -> np.ndarray:
        order = rng.permuted(np.tile(np.arange(len(self.rest)), (number, 1)), axis=1)
        return np.asarray(self.rest[order])

    def as_observed(self) -> np.ndarray:
        return np.asarray(self.rest[None])


class _InsidePeople(_Effect):
    """An effect of conditions alone: they are rearranged inside each participant."""

    def __init__(self, values: np.ndarray, columns: pd.Index, within: list[str], inner: list[str],
                 designs: dict[str, np.ndarray]):  # fmt: skip
        levels = {factor: columns.get_level_values(factor).nunique() for factor in inner}
        moved = max(inner, key=lambda factor: levels[factor])
        if any(count > 2 for factor, count in levels.items() if factor != moved):
            raise NotDefined("conditions with three levels or more in both factors cannot be rearranged without "
                             "disturbing their own effects")  # fmt: skip
        super().__init__(designs, "", levels[moved] - 1)
        parts = [factor for factor in inner if factor != moved]
        aside = contrasts_of(within, ":".join(parts), columns)  # a column: the others have two levels, or are averaged
        names = columns.get_level_values(moved)
        belongs = np.stack([names == level for level in pd.unique(names)], axis=1)
        self.rest = rest_of(values @ (aside * belongs), self.others)
        k = levels[moved]
        self.basis = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, : k - 1]]))[0][:, 1:]

    def rearranged(self, rng: np.random.Generator, number: int) -> np.ndarray:
        return np.asarray(rng.permuted(np.tile(self.rest, (number, 1, 1)), axis=2) @ self.basis)

    def as_observed(self) -> np.ndarray:
        return np.asarray(self.rest @ self.basis)[None]
