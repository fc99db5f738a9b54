"""A paper as its TOML file states it: the tables, figures and numbers of its user study, in its order.

A file holds `title`, `kind` (of study), `note`, `[names]` and `[[items]]`. An item has

    label, title, note        as the paper calls it, what it shows, and what to know when comparing
    values                    the numbers published: `name`, `published` as printed, and where ours is
    figures, boxes            patterns of the report's figures; box plots of a measure by a factor, [measure, factor]
    tables                    patterns of analyses whose whole tables are shown

Where ours is: `record`, a pattern of analyses, `row`, a pattern for each of some columns, and `ours`, which formats
that row (`formats.py`); `else` is another such place, looked at when the first holds nothing. `<CEL>` in a pattern
stands for any of the names listed under `CEL` in `[names]`: studies call their data sets and levels as they like.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Paper:
    """One paper; `names` are the names by which a study may call what the paper calls so, `items` as in the file."""

    name: str
    title: str
    kind: str
    note: str
    names: dict[str, list[str]]
    items: list[dict[str, Any]]

    def check_kind(self, kind: str) -> None:
        """Refuse a study of another kind than the paper's."""
        if kind != self.kind:
            own, expected = (_study(name) for name in (kind, self.kind))
            raise AnalysisError(f"--as {self.name}: found {own}, expected {expected}, as in the paper")


def names() -> list[str]:
    """Return the papers' names."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read(name: str) -> Paper:
    """Return a paper; raises `AnalysisError` naming the papers there are."""
    if name not in names():
        raise AnalysisError(f"--as: found {name!r}, expected one of {', '.join(names())}")
    return Paper(name, **tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


def _study(kind: str) -> str:
    return "a table from elsewhere" if kind == "generic" else f"a {kind.replace('_', ' ')} study"
