"""What came of the coding: agreement of the coders, where they differ, and the rows of the export's table `codes`."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

import numpy as np
from django.db.models import Count

from studyapp import models
from studyapp.core.coding.agreement import alpha, kappa

from .passages import free_fields, readings, text_of

CHUNK = 500
INDEPENDENT, RESOLVED = "independent", "resolved"


def progress(study: models.Study, column: str) -> list[dict]:
    """Return how many passages of a column each coder has finished, the busiest first."""
    counted = readings(study, column).values("coder__username").annotate(n=Count("pk"))
    return [{"coder": row["coder__username"], "n": row["n"]} for row in counted.order_by("-n", "coder__username")]


class Read(NamedTuple):
    """One finished reading, as numbers and times alone."""

    passage: int
    coder: str
    read_at: datetime
    codes: frozenset[int]


def read(study: models.Study, column: str) -> list[Read]:
    """Return a column's finished readings, in the passages' order."""
    done, codes = readings(study, column), defaultdict(set)
    for reading, code in done.filter(codes__isnull=False).values_list("pk", "codes"):
        codes[reading].add(code)
    found = done.order_by("passage__place", "passage", "coder__username")
    rows = found.values_list("pk", "passage", "coder__username", "read_at")
    return [Read(passage, coder, read_at, frozenset(codes[pk])) for pk, passage, coder, read_at in rows]


def agreement(study: models.Study, reads: list[Read]) -> dict:
    """Return the agreement on each code: α over all coders, κ of each two of them; None where it isn't defined."""
    coders = {coder: place for place, coder in enumerate(sorted({one.coder for one in reads}))}
    units = {unit: place for place, unit in enumerate({one.passage: None for one in reads})}
    places = [(units[one.passage], coders[one.coder]) for one in reads]
    rows = []
    for code in study.codes.all():
        marks = np.full((len(units), len(coders)), np.nan)
        for place, one in zip(places, reads, strict=True):
            marks[place] = code.pk in one.codes
        pairs = [
            {"coders": f"{a} – {b}", "kappa": _defined(kappa(marks[:, coders[a]], marks[:, coders[b]]))}
            for a, b in combinations(coders, 2)
        ]
        n_given = sum(code.pk in one.codes for one in reads)
        rows.append(
            {"code": code.name, "kind": code.kind, "n": n_given, "alpha": _defined(alpha(marks)), "pairs": pairs}
        )
    n_double = sum(n > 1 for n in Counter(one.passage for one in reads).values())
    return {"coders": list(coders), "n_passages": len(units), "n_double": n_double, "codes": rows}


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def disagreements(study: models.Study, column: str, reads: list[Read]) -> list[int]:
    """Return the passages whose coders differ and that were not resolved since, in order.

    They differ anew where one has changed something after it was resolved.
    """
    resolved = models.Resolution.objects.filter(passage__study=study, passage__field=column)
    resolved_at = dict(resolved.values_list("passage", "resolved_at"))
    by_passage: defaultdict[int, list[Read]] = defaultdict(list)
    for one in reads:
        by_passage[one.passage].append(one)
    return [
        passage
        for passage, its in by_passage.items()
        if len({one.codes for one in its}) > 1
        and (passage not in resolved_at or max(one.read_at for one in its) > resolved_at[passage])
    ]


def with_readings(passages: list[int]) -> list[models.Passage]:
    """Return passages in order, with all that is needed to resolve them."""
    found = models.Passage.objects.filter(pk__in=passages).select_related("response")
    return list(found.prefetch_related("readings__codes", "readings__coder"))


def side_by_side(passage: models.Passage, study: models.Study) -> dict:
    """Return a disputed passage with what each coder gave it.

    Proposed is what most of three or more gave; where two differ nothing is, so that neither's word is taken unread.
    """
    columns = free_fields(study)
    done = [reading for reading in passage.readings.all() if reading.done]
    votes: defaultdict[int, int] = defaultdict(int)
    for reading in done:
        for code in reading.codes.all():
            votes[code.pk] += 1
    return {
        "id": passage.pk,
        "text": text_of(passage, columns),
        "about": str(passage.response.scores.get("class_name") or ""),
        "readings": [
            {"coder": reading.coder.get_username(), "codes": {code.pk: code.name for code in reading.codes.all()}}
            for reading in sorted(done, key=lambda reading: reading.coder.get_username())
        ],
        "proposed": {code for code, n in votes.items() if len(done) > 2 and 2 * n > len(done)},
        "disputed": {code for code, n in votes.items() if n < len(done)},
    }


def rows(study: models.Study, using: str = "default", runs: list | None = None) -> Iterator[dict]:
    """Yield the rows of the table `codes`: one per code given, one without a code where a coder found nothing.

    `runs` are the runs whose rows are wanted; None: all. Who withdrew their answers or was erased has no response,
    hence no passage and no row.
    """
    columns = free_fields(study)
    done = models.Reading.objects.using(using).filter(passage__study=study, done=True)
    resolved = models.Resolution.objects.using(using).filter(passage__study=study)
    if runs is not None:
        done = done.filter(passage__response__participant__in=runs)
        resolved = resolved.filter(passage__response__participant__in=runs)
    plan = "passage__response__participant__plan"
    for reading in done.select_related("coder", plan).prefetch_related("codes").order_by("pk").iterator(CHUNK):
        yield from _rows(reading, columns, reading.coder.get_username(), INDEPENDENT)
    for resolution in resolved.select_related(plan).prefetch_related("codes").order_by("pk").iterator(CHUNK):
        yield from _rows(resolution, columns, "", RESOLVED)


def _rows(reading, columns: dict, coder: str, stage: str) -> Iterator[dict]:
    response = reading.passage.response
    run = response.participant
    if run.preview or reading.passage.field not in columns:
        return
    row = {
        "participant": run.code,
        "trial_index": run.plan.steps[response.position].get("trial_index"),
        "step_index": response.position,
        "class_name": response.scores.get("class_name"),
        "field": reading.passage.field,
        "coder": coder,
        "stage": stage,
    }
    given = sorted(reading.codes.all(), key=lambda code: code.pk)
    yield from ({**row, "code": code.name, "kind": code.kind} for code in given)
    if not given:
        yield row
