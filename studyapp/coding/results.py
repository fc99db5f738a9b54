"""What came of the coding: agreement of the coders, where they differ, and the rows of the export's table `codes`."""

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from django.db.models import Count

from studyapp import models
from studyapp.core.coding.agreement import alpha, kappa

from .passages import free_fields, passages, text_of

CHUNK = 500
INDEPENDENT, RESOLVED = "independent", "resolved"


def progress(study: models.Study, column: str) -> list[dict]:
    """Return how many passages of a column each coder has finished, the busiest first."""
    rows = models.Reading.objects.filter(passage__in=passages(study, column), done=True)
    counted = rows.values("coder__username").annotate(n=Count("pk")).order_by("-n", "coder__username")
    return [{"coder": row["coder__username"], "n": row["n"]} for row in counted]


def agreement(study: models.Study, column: str) -> dict:
    """Return the agreement on each code: α over all coders, κ of each two of them; None where it isn't defined."""
    read, given = _marks(study, column)
    coders = sorted({coder for _, coder in read})
    units = {unit: row for row, unit in enumerate(sorted({unit for unit, _ in read}))}
    blank = np.full((len(units), len(coders)), np.nan)
    for unit, coder in read:
        blank[units[unit], coders.index(coder)] = 0
    rows = []
    for code in study.codes.all():
        marks = blank.copy()
        for unit, coder in given[code.pk]:
            marks[units[unit], coders.index(coder)] = 1
        pairs = [
            {"coders": f"{a} – {b}", "kappa": _defined(kappa(marks[:, coders.index(a)], marks[:, coders.index(b)]))}
            for a, b in combinations(coders, 2)
        ]
        rows.append(
            {"code": code.name, "kind": code.kind, "n": len(given[code.pk]), "alpha": _defined(alpha(marks))}
            | {"pairs": pairs}
        )
    n_double = int(((~np.isnan(blank)).sum(axis=1) > 1).sum()) if units else 0
    return {"coders": coders, "n_passages": len(units), "n_double": n_double, "codes": rows}


def _marks(study: models.Study, column: str) -> tuple[list, dict]:
    """Return who finished which passage, and for each code which passage got it from whom."""
    done = models.Reading.objects.filter(passage__in=passages(study, column), done=True)
    read = list(done.values_list("passage_id", "coder__username"))
    given = defaultdict(list)
    for code, unit, coder in done.filter(codes__isnull=False).values_list("codes", "passage_id", "coder__username"):
        given[code].append((unit, coder))
    return read, given


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def disagreements(study: models.Study, column: str) -> list[models.Passage]:
    """Return the passages whose coders differ and that were not resolved since, with all that is needed to do so."""
    done = models.Reading.objects.filter(passage__study=study, passage__field=column, done=True)
    read_twice = done.order_by().values("passage").annotate(n=Count("pk")).filter(n__gt=1).values("passage")
    several = passages(study, column).filter(pk__in=read_twice).select_related("response", "resolution")
    return [found for found in several.prefetch_related("readings__codes", "readings__coder") if differs(found)]


def differs(passage: models.Passage) -> bool:
    """Return whether a passage's coders differ, and did so, or changed something, after it was resolved."""
    done = [reading for reading in passage.readings.all() if reading.done]
    if len({frozenset(code.pk for code in reading.codes.all()) for reading in done}) < 2:
        return False
    resolution = getattr(passage, "resolution", None)
    return resolution is None or any(reading.read_at > resolution.resolved_at for reading in done)


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
    read = models.Reading.objects.using(using).filter(passage__study=study, done=True)
    resolved = models.Resolution.objects.using(using).filter(passage__study=study)
    if runs is not None:
        read = read.filter(passage__response__participant__in=runs)
        resolved = resolved.filter(passage__response__participant__in=runs)
    plan = "passage__response__participant__plan"
    for reading in read.select_related("coder", plan).prefetch_related("codes").order_by("pk").iterator(CHUNK):
        yield from _rows(reading, columns, reading.coder.get_username(), INDEPENDENT)
    for resolution in resolved.select_related(plan).prefetch_related("codes").order_by("pk").iterator(CHUNK):
        yield from _rows(resolution, columns, "", RESOLVED)


def _rows(found, columns: dict, coder: str, stage: str) -> Iterator[dict]:
    response = found.passage.response
    run = response.participant
    if run.preview or found.passage.field not in columns:
        return
    row = {
        "participant": run.code,
        "trial_index": run.plan.steps[response.position].get("trial_index"),
        "step_index": response.position,
        "class_name": response.scores.get("class_name"),
        "field": found.passage.field,
        "coder": coder,
        "stage": stage,
    }
    given = sorted(found.codes.all(), key=lambda code: code.pk)
    yield from ({**row, "code": code.name, "kind": code.kind} for code in given)
    if not given:
        yield row
