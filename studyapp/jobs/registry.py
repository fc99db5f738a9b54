"""Which kinds of job there are: each is declared in the room that does it, and named here, loaded when it is needed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils.module_loading import import_string

KINDS = {
    "audit": "studyapp.publishing.auditing.JOB",
    "bots": "studyapp.simulation.orders.JOB",
    "export": "studyapp.data.prepared.JOB",
    "publish": "studyapp.publishing.job.JOB",
    "report": "studyapp.data.reporting.JOB",
}


class JobError(Exception):
    """Why a job could not be done, in words for whoever asked for it."""


@dataclass(frozen=True)
class Kind:
    """What is done for a kind of job, and how it is treated.

    `do(job, progress)` does it. It calls `progress(done, total, words)` as it goes, which raises when the job is to
    end, puts what came of it into `job.result`, and raises `JobError` where it can't be done. `verb` says what is
    under way, `action` which one of `access.roles` lets somebody ask for it and cancel it. `again`: it leaves nothing
    behind that a second try would meet, so it is tried once more by itself when its worker was killed.

    `folder` is where in the data folder its files lie, `keep` how long they stay (None: as long as the study), and
    `holds_answers` that they go as soon as somebody's answers are erased.
    """

    do: Callable
    verb: str
    action: str = "view"
    again: bool = False
    folder: str = ""
    keep: timedelta | None = None
    holds_answers: bool = False


def kinds() -> dict[str, Kind]:
    """Return every kind of job by its name."""
    return {name: import_string(at) for name, at in KINDS.items()}


def kind_of(name: str) -> Kind | None:
    """Return a kind of job; None for what this version doesn't know, as a job that waited through an upgrade may be."""
    return import_string(KINDS[name]) if name in KINDS else None
