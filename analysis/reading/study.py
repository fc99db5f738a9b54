"""What is analysed: one study's tables in memory, and one measure of its participants."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from analysis.errors import AnalysisError

KINDS = ("fraction", "ratio", "ordinal", "binary", "cluster")
BOUNDED = ("fraction", "ratio", "binary", "cluster")  # ratios beyond 0 and 1 are numbers


@dataclass(frozen=True)
class Measure:
    """One outcome, tidy: a row per participant (and level of each within factor), the value in the column `name`.

    `kind` is one of `KINDS`, or *time* or *number* for what has a unit of its own. `chance` is what guessing would
    reach, drawn as a dashed line. `responses` holds the single answers where there are several per participant:
    participant, factors and the value, and where it is known the stimulus in the column `stimulus`. `limits` are the
    ends of a scale that is declared.
    """

    name: str
    label: str
    kind: str
    data: pd.DataFrame
    between: list[str]
    within: list[str] = field(default_factory=list)
    responses: pd.DataFrame | None = None
    chance: float | None = None
    unit: str = ""
    stimulus: str = ""
    limits: tuple[float, float] | None = None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """What no value, and so no mean, lies beyond: 0 and 1 of shares, the ends of a declared scale."""
        return (0.0, 1.0) if self.kind in BOUNDED else self.limits

    @property
    def answers(self) -> pd.DataFrame:
        """The single answers, which are the data where there is one per participant and condition."""
        return self.data if self.responses is None else self.responses


@dataclass(frozen=True)
class Study:
    """One study's tables. Factor columns carry the factor's bare name, as categories in the study's own order.

    `recorded` says that the study app recorded it, so that `status` is the state of a run. `participants` has a row per
    participant, `trials` per trial, and so on; tables that were not exported are None.
    `factors` maps each between-subjects factor to its levels, `within` what each participant met several levels of, a
    column of the trials, to its; `files` maps each file read to its SHA-256; `remarks` are
    what its reading found odd; `titles` maps names to what people read in their place. `left_out` counts by reason the
    participants, and `rows_left_out` the single rows of others, that a foreign table's map took away.
    """

    name: str
    kind: str
    version: str
    factors: dict[str, list[str]]
    participants: pd.DataFrame
    trials: pd.DataFrame | None = None
    steps: pd.DataFrame | None = None
    events: pd.DataFrame | None = None
    codes: pd.DataFrame | None = None
    answers: pd.DataFrame | None = None
    metrics: pd.DataFrame | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    variables: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    plan: dict[str, Any] | None = None
    remarks: list[str] = field(default_factory=list)
    recorded: bool = True
    within: dict[str, list[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    rows_left_out: dict[str, int] = field(default_factory=dict)

    def only(self, participants: Iterable[str]) -> "Study":
        """Return the study with these participants' rows alone."""
        chosen = set(participants)

        def keep(table: pd.DataFrame | None) -> pd.DataFrame | None:
            return None if table is None else table[table["participant"].isin(chosen)].reset_index(drop=True)

        people = self.participants[self.participants["participant"].isin(chosen)].reset_index(drop=True)
        return replace(self, participants=people, trials=keep(self.trials), steps=keep(self.steps),
                       events=keep(self.events), codes=keep(self.codes), answers=keep(self.answers))  # fmt: skip

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the tables, refusing a study that was exported without it."""
        frame: pd.DataFrame | None = getattr(self, name)
        if frame is None:
            raise AnalysisError(f"{self.name}: has no {name} table, which this analysis reads")
        return frame

    @property
    def tested(self) -> list[str]:
        """The factors with at least two levels among the participants."""
        return [name for name in self.factors if self.participants[name].nunique() > 1]
