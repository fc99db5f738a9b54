"""What jobs leave on the disk: each has one folder.

It goes when the study is deleted, when its time is over, and, where it holds answers, when some of them are erased.
"""

import shutil
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from studyapp.models import Job, Study

from .registry import kind_of, kinds

ERASED_WORDS = "Somebody's answers were erased meanwhile. Prepare it again."


def folder_of(job: Job) -> Path:
    """Return where the files of a job lie."""
    return Path(settings.DATA_DIR) / kind_of(job.kind).folder / str(job.pk)


def discard(job: Job) -> None:
    """Delete the files of a job."""
    kind = kind_of(job.kind)
    if kind and kind.folder:
        shutil.rmtree(folder_of(job), ignore_errors=True)


def discard_all(study: Study) -> None:
    """Delete the files of all of a study's jobs, as when it is deleted."""
    for job in study.jobs.all():
        discard(job)


def discard_old() -> None:
    """Delete the jobs, with their files, that ended longer ago than their kind keeps them."""
    for name, kind in kinds().items():
        if kind.keep is not None:
            for job in Job.objects.filter(kind=name, ended_at__lt=timezone.now() - kind.keep):
                discard(job)
                job.delete()


def forget_answers(study_id: int) -> None:
    """Delete the files that hold a study's answers, and end the jobs that are writing such: some were just erased.

    To be called once the erasure is committed: what is begun later doesn't see those answers any more.
    """
    holding = [name for name, kind in kinds().items() if kind.holds_answers]
    jobs = Job.objects.filter(study_id=study_id, kind__in=holding)
    jobs.filter(outcome=Job.Outcome.RUNNING).update(cancel=True, error=ERASED_WORDS)
    for job in jobs.filter(outcome=Job.Outcome.DONE):
        discard(job)
        Job.objects.filter(pk=job.pk).update(outcome=Job.Outcome.CANCELLED, error=ERASED_WORDS)
