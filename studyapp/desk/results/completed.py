"""What a dashboard tells of completed runs, counted by the database: of each run no more comes than its times."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import Aggregate, Case, Count, F, FloatField, Max, Min, QuerySet, TextField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, NullIf

from studyapp import models
from studyapp.core.engine import quality

# SQLite writes what is null in JSON as the word.
TRIAL_MS, HIDDEN = (
    Cast(NullIf(KT(f"quality__{name}"), Value("null")), FloatField()) for name in ("trial_ms", "hidden")
)
SAME = [f"quality__{name}" for name in ("constant", "same", "straight", "habits", "failed")]


class Numbers(Aggregate):
    """The numbers of a group's rows, as text with commas between them."""

    function, output_field = "GROUP_CONCAT", TextField()

    def as_postgresql(self, compiler, connection):
        return self.as_sql(compiler, connection, template="STRING_AGG((%(expressions)s)::text, ',')")


@dataclass(frozen=True)
class Flagged:
    """So many runs, of which all have the same `flags`; `pks` where they were asked for."""

    flags: list[str]
    n: int
    pks: list[int]


def times(runs: QuerySet[models.Participant]) -> tuple[list[float], float | None]:
    """Return how many minutes each of the completed runs took, and the median of their usual trial in milliseconds."""
    rows = list(runs.order_by().annotate(trial_ms=TRIAL_MS).values_list("started_at", "ended_at", "trial_ms"))
    minutes = [(ended - started).total_seconds() / 60 for started, ended, _ in rows if ended]
    trials = [trial_ms for *_, trial_ms in rows if trial_ms is not None]
    return minutes, median(trials) if trials else None


def bonus(runs: QuerySet[models.Participant]) -> Decimal:
    """Return what the completed runs earned beside the base reward."""
    amounts = runs.order_by().values_list("summary__bonus").annotate(n=Count("pk"))
    return sum((n * Decimal(str(amount)) for amount, n in amounts if amount), Decimal(0))


def flagged(
    runs: QuerySet[models.Participant], typical_ms: float | None, least_ms: float | None, *, with_pks: bool = False
) -> Iterable[Flagged]:
    """Yield the completed runs in groups of those that are conspicuous in the same way (`quality.flags`)."""
    fast_ms, hidden = quality.fast_below(typical_ms, least_ms), quality.HIDDEN_SHARE
    groups = (
        runs.order_by()
        .annotate(trial_ms=TRIAL_MS, hidden=HIDDEN)
        .annotate(
            is_fast=Case(When(trial_ms__lt=fast_ms, then=Value(1)), default=Value(0)),
            is_hidden=Case(When(hidden__gt=hidden, then=Value(1)), default=Value(0)),
        )
        .values(*SAME, "is_fast", "is_hidden")
        .annotate(n=Count("pk"), least=Min(F("trial_ms")), most=Max(F("hidden")))
    )
    for row in groups.annotate(pks=Numbers("pk")) if with_pks else groups:
        kept: dict[str, Any] = {name.removeprefix("quality__"): row[name] for name in SAME if row[name] is not None}
        found = quality.flags(kept | {"trial_ms": row["least"], "hidden": row["most"]}, typical_ms, least_ms)
        yield Flagged(found, row["n"], [int(pk) for pk in row["pks"].split(",")] if with_pks else [])
