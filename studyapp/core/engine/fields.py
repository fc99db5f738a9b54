"""What a step records: one field, one column of the export, with its entry in the codebook."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Field:
    """One piece of data that a step declares; it becomes a column of the export.

    `type` is one of text, integer, number, boolean, time; `levels` maps stored values to their meaning; `limits`
    are the least and the greatest number that it can hold; `free` marks what participants say in their own words, which
    researchers may want to code.
    """

    name: str
    type: str
    description: str
    unit: str = ""
    levels: dict[Any, str] = field(default_factory=dict)
    free: bool = False
    limits: tuple[float, float] | None = None


def levels_of_all(by_version: dict[str, dict[Any, str]]) -> dict[Any, str]:
    """Return what stored values mean in several versions of a study: version → {value: meaning}.

    Where all of them say the same, that; else each meaning with the versions that have it, so that none is passed over.
    """
    together: dict[Any, str] = {}
    for value in dict.fromkeys(value for levels in by_version.values() for value in levels):
        meanings: dict[str, list[str]] = {}
        for version, levels in by_version.items():
            if value in levels:
                meanings.setdefault(str(levels[value]), []).append(version)
        agreed = len(meanings) == 1 and all(value in levels for levels in by_version.values())
        one, *_ = meanings
        told = "; ".join(f"{meaning} ({', '.join(versions)})" for meaning, versions in meanings.items())
        together[value] = one if agreed else told
    return together
