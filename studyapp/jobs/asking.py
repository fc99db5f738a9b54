"""Ask for a job, look how far it is, cancel it; and give up those whose worker fell silent."""

import logging
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from studyapp.models import Bundle, Job, Study

from . import files, worker
from .registry import kind_of

SILENT = timedelta(seconds=60)  # without a sign of life
MOST_TRIES = 2
Outcome = Job.Outcome
log = logging.getLogger(__name__)
SILENT_WORDS = (
    "No sign of life any more: its process was ended before it was done, as when the server is stopped. "
    "Ask for it again."
)


def ask(
    kind: str, *, study: Study | None = None, bundle: Bundle | None = None, user=None, parameters=None, slot: str = ""
) -> Job:
    """Return a new job that waits to be done; where one with that `slot` is under way already, return that one."""
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind, study=study, bundle=bundle, asked_by=user, parameters=parameters or {}, slot=slot
            )
    except IntegrityError:
        under_way = Job.objects.filter(slot=slot, outcome__in=Job.UNDER_WAY).first()
        if not slot or under_way is None:  # the study is gone; or the other one ended just now
            raise
        job = under_way
    transaction.on_commit(worker.ensure)
    return job


def cancel(job: Job) -> None:
    """End a job: at once where it waits, else as soon as its worker notices; one that has ended stays as it is."""
    same = Job.objects.filter(pk=job.pk)
    if not same.filter(outcome=Outcome.WAITING).update(outcome=Outcome.CANCELLED, ended_at=timezone.now(), cancel=True):
        same.filter(outcome=Outcome.RUNNING).update(cancel=True)


def of(study: Study, kind: str):
    """Return a study's jobs of a kind, the newest first; none of them under way for ever, nor kept for too long."""
    files.discard_old()
    tend(study.jobs.filter(kind=kind))
    return study.jobs.filter(kind=kind).select_related("asked_by", "study")


def tend(jobs=None) -> None:
    """Give up, or have tried once more, those of some jobs (or all) whose worker fell silent; see that a worker lives.

    Whoever looks at a job calls this, so that none is under way, nor waits, for ever.
    """
    under_way = (Job.objects.all() if jobs is None else jobs).filter(outcome__in=Job.UNDER_WAY)
    for job in under_way.filter(outcome=Outcome.RUNNING, seen_at__lt=timezone.now() - SILENT):
        _give_up(job)
    if under_way.filter(outcome=Outcome.WAITING).exists():
        worker.ensure()


def take_up() -> None:
    """Tend all jobs, as a server that starts does, in a thread of its own; where the database is away, others will."""
    try:
        tend()
    except DatabaseError:
        log.warning("The database doesn't answer: what waits is taken up by whoever looks at it.")
    finally:
        connection.close()


def _give_up(job: Job) -> None:
    """Put an end to a worker's hold on a job, unless it gave a sign of life, or somebody else did so, meanwhile."""
    kind = kind_of(job.kind)
    if job.cancel:
        fields = {"outcome": Outcome.CANCELLED, "ended_at": timezone.now()}
    elif kind and kind.again and job.tries < MOST_TRIES:
        fields = {"outcome": Outcome.WAITING}
    else:
        fields = {"outcome": Outcome.FAILED, "error": SILENT_WORDS, "ended_at": timezone.now()}
    same = Job.objects.filter(pk=job.pk, worker=job.worker, outcome=Outcome.RUNNING, seen_at=job.seen_at)
    if same.update(worker="", words="", **fields):
        files.discard(job)


def n_before(job: Job) -> int:
    """Return how many jobs come before one that waits."""
    return Job.objects.filter(Q(outcome=Outcome.RUNNING) | Q(outcome=Outcome.WAITING, pk__lt=job.pk)).count()
