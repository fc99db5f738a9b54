"""The tables as the API gives them: a page of rows as JSON, or a whole table as CSV, written while it is read."""

import csv
from collections.abc import Iterator

from django.db import transaction

from studyapp import models, rows
from studyapp.coding import results
from studyapp.core.columns import columns
from studyapp.core.kinds import Field, kind
from studyapp.core.tables import cell

TABLES = ("participants", "trials", "steps", "events", "codes")
SNAPSHOT = "snapshot"


def fields(study: models.Study, name: str, *, with_ids: bool = False) -> list[Field]:
    """Return a table's columns."""
    return columns(kind(study.kind), with_ids=with_ids)[name]


def page(study: models.Study, name: str, runs: list[models.Participant], *, with_ids: bool = False) -> list[dict]:
    """Return the rows of some runs as JSON values, every column of the table in each."""
    names = [field.name for field in fields(study, name, with_ids=with_ids)]
    found = _of_runs(study, name, runs, with_ids, "default")
    return [{column: row.get(column) for column in names} for row in found]


def whole(study: models.Study, name: str, *, with_ids: bool = False) -> Iterator[str]:
    """Yield a whole table as CSV, exactly as the export writes it, from one unchanging view of the database."""
    described = fields(study, name, with_ids=with_ids)
    lines = csv.writer(_Echo())
    yield lines.writerow([field.name for field in described])
    with transaction.atomic(using=SNAPSHOT):
        for row in _all(models.Study.objects.using(SNAPSHOT).get(pk=study.pk), name, with_ids):
            yield lines.writerow([cell(row.get(field.name)) for field in described])


def _all(study: models.Study, name: str, with_ids: bool) -> Iterator[dict]:
    if name == "codes":
        yield from ({"study": study.slug} | row for row in results.rows(study, SNAPSHOT))
        return
    for chunk in rows.chunks(rows.runs(study).iterator(chunk_size=rows.CHUNK)):
        yield from _of_runs(study, name, chunk, with_ids, SNAPSHOT)


class _Echo:
    """What a CSV writer writes to, to get each line back."""

    def write(self, line: str) -> str:
        return line


def _of_runs(study: models.Study, name: str, runs: list, with_ids: bool, using: str) -> Iterator[dict]:
    its_kind = kind(study.kind)
    keys = {run.pk: rows.keys(study, run) for run in runs}
    if name == "participants":
        yield from (keys[run.pk] | rows.participant_row(run, with_ids) for run in runs)
    elif name == "events":
        yield from (keys[run.pk] | row for run, row in rows.events(runs, using))
    elif name == "codes":
        yield from ({"study": study.slug} | row for row in results.rows(study, using, runs))
    else:
        answers = rows.answers(runs, using)
        for run in runs:
            for found, row in rows.step_rows(its_kind, run, answers[run.pk]):
                if name == "steps" or found.trial:
                    yield keys[run.pk] | row
