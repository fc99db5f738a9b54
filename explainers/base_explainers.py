"""The single-map methods that whole-output methods can build on: those with a `base` on their record.

cwox-2s-supplementary.txt, section A: their layers or masks in two stages, and the percentile of the second.
"""

from collections.abc import Sequence
from typing import Any

from explainers import methods
from explainers.errors import UserError, near
from explainers.record import Base, Record, records_in

_RECORDS: dict[str, Record] = records_in(methods)
_BASES = {name: record.base for name, record in _RECORDS.items() if record.base is not None}
BASES: dict[str, Base] = dict(sorted(_BASES.items(), key=lambda item: item[1].percentile))


def find_base(name: str) -> tuple[Record, Base]:
    """Return the record of the base explainer and its `base`; a UserError lists the near names."""
    if name not in BASES:
        raise UserError(f"base: there is no base explainer {name!r}.{near(name, BASES)}")
    return _RECORDS[name], BASES[name]


def settings_of(base: Base, given: Sequence[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """Return the settings of each stage: the base explainer's, with those that were given in their place."""
    settings = []
    for number, (usual, own) in enumerate(zip(base.stages, given, strict=False), 1):
        if not isinstance(own or {}, dict):
            raise UserError(f"stage_{number}: expected settings of the base explainer by name, found {own!r}.")
        for name in own or {}:
            if name not in usual:
                raise UserError(f"stage_{number}: there is no setting {name!r}.{near(name, usual)}")
        settings.append({**usual, **(own or {})})
    return settings
