"""What an audit finds: a sentence with its level, and the maps and pictures that it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

GREEN, AMBER, RED = "green", "amber", "red"
LEVELS = (GREEN, AMBER, RED)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    `check` is blank, one_colour, shortcut, repeats or guessing, `where` the conditions it holds for, `found` a
    sentence, `remedy` what helps, `figures` the numbers in the sentence. `maps` are the keys of the heatmaps concerned,
    `images` the ids of the photographs.
    """

    check: str
    level: str
    where: str
    found: str
    remedy: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    maps: list[list[str]] = field(default_factory=list)
    images: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """All findings of an audit, the worst first."""

    findings: list[Finding]

    @property
    def level(self) -> str:
        """The worst level of any finding."""
        return worst(one.level for one in self.findings)

    def of(self, level: str) -> list[Finding]:
        """Return the findings of a level."""
        return [one for one in self.findings if one.level == level]

    def described(self) -> dict[str, Any]:
        """Return it as plain values, as it is kept and as `audit_study --json` prints it."""
        return {"level": self.level, "findings": [asdict(one) for one in self.findings]}


def read_report(found: Mapping[str, Any]) -> Report:
    """Return the report that `described` gave."""
    return Report([Finding(**one) for one in found["findings"]])


def worst(levels: Iterable[str]) -> str:
    """Return the worst of some levels; green where there are none."""
    return max(levels, key=LEVELS.index, default=GREEN)


def level_of(share: float, amber: float, red: float) -> str:
    """Return the level of a share, by where amber and red begin."""
    return RED if share >= red else AMBER if share >= amber else GREEN
