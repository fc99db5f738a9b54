"""What is analysed: one study's tables in memory, and one measure of its participants."""

from dataclasses import dataclass, field, replace

import pandas as pd

KINDS = ("fraction", "ratio", "ordinal", "binary", "cluster")


@dataclass(frozen=True)
class Measure:
    """One outcome, tidy: a row per participant (and level of each within factor), the value in the column `name`.

    `kind` is one of `KINDS`, or *time* or *number* for what has a unit of its own. `chance` is what guessing would
    reach, drawn as a dashed line. `responses` holds the single answers where there are several per participant:
    participant, factors and the value.
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


@dataclass(frozen=True)
class Study:
    """One study's tables. Factor columns carry the factor's bare name, as categories in the study's own order.

    `participants` has a row per participant, `trials` per trial, and so on; tables that were not exported are None.
    `factors` maps each between-subjects factor to its levels; `files` maps each file read to its SHA-256; `remarks` are
    what its reading found odd.
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
    metrics: pd.DataFrame | None = None
    parameters: dict = field(default_factory=dict)
    variables: list[dict] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    plan: dict | None = None
    remarks: list[str] = field(default_factory=list)

    def only(self, participants) -> "Study":
        """Return the study with these participants' rows alone."""
        chosen = set(participants)

        def keep(table):
            return None if table is None else table[table["participant"].isin(chosen)].reset_index(drop=True)

        tables = ("participants", "trials", "steps", "events", "codes")
        return replace(self, **{name: keep(getattr(self, name)) for name in tables})

    @property
    def tested(self) -> list[str]:
        """The factors with at least two levels among the participants."""
        return [name for name in self.factors if self.participants[name].nunique() > 1]
