"""Mails to those who want to be told of a study: a quota is full, runs stall, a job failed.

They are found out by looking, every few minutes (`manage.py notify`), never on a participant's way; each is told once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Count, Q
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow

MOST_NAMED = 20
PERSON = {"preview": False, "bot": ""}


@dataclass(frozen=True)
class News:
    """Something to tell: `what` it is, the same for as long as it is the same, and a sentence."""

    what: str
    sentence: str


def is_on() -> bool:
    """Return whether the server has somewhere to send mail by."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def tell(study: models.Study, send: Callable[..., int] = send_mail) -> int:
    """Mail those who want to be told of a study what they weren't told yet; return how much that was.

    What can't be sent is told next time; the error is the caller's.
    """
    if not study.mail_addresses or study.status == models.Study.Status.DRAFT:
        return 0
    known = set(models.Notice.objects.filter(study=study).values_list("what", flat=True))
    fresh = [news for news in (*_full(study), *_stalled(study), *_failed(study)) if news.what not in known]
    if fresh:
        send(f"{study.title}: {_subject(fresh)}", _words(study, fresh), None, study.mail_addresses)
        models.Notice.objects.bulk_create(
            [models.Notice(study=study, what=news.what) for news in fresh], ignore_conflicts=True
        )
    return len(fresh)


def _full(study: models.Study) -> Iterator[News]:
    """Yield conditions whose completed runs have reached their quota."""
    completed = Count(
        "participants",
        filter=Q(participants__status=flow.COMPLETED, participants__preview=False, participants__bot=""),
    )
    for cell in study.conditions.exclude(quota=None).annotate(n_completed=completed):
        if cell.quota is not None and cell.n_completed >= cell.quota:
            sentence = f"The quota of condition {cell.name} is full: {cell.n_completed} of {cell.quota} completed."
            yield News(f"full {cell.pk} {cell.quota}", sentence)


def _stalled(study: models.Study) -> Iterator[News]:
    """Yield unfinished runs past their consent without a sign of life for as long as one holds its place."""
    before = timezone.now() - timedelta(minutes=study.active_minutes)
    runs = study.participants.filter(status=flow.ACTIVE, consented_at__isnull=False, seen_at__lt=before, **PERSON)
    for run in runs.select_related("plan").order_by("seen_at"):
        place = f"page {run.position + 1} of {len(run.plan.steps)}"
        yield News(
            f"stalled {run.pk}", f"Run {run.code} stands at {place}, last seen {run.seen_at:%Y-%m-%d %H:%M} UTC."
        )


def _failed(study: models.Study) -> Iterator[News]:
    """Yield jobs of the study that failed."""
    for job in study.jobs.filter(outcome=models.Job.Outcome.FAILED).order_by("pk"):
        yield News(f"job {job.pk}", f"The job “{job.kind}” failed: {job.error.strip() or 'no reason was given'}")


def _subject(fresh: list[News]) -> str:
    counts = {"full": "full quota", "stalled": "stalled run", "job": "failed job"}
    found = {words: sum(news.what.split()[0] == kind for news in fresh) for kind, words in counts.items()}
    return ", ".join(f"{n} {words}{'s' if n > 1 else ''}" for words, n in found.items() if n)


def _words(study: models.Study, fresh: list[News]) -> str:
    lines = [news.sentence for news in fresh[:MOST_NAMED]]
    if len(fresh) > MOST_NAMED:
        lines.append(f"… and {len(fresh) - MOST_NAMED} more.")
    closing = f"Heatwise tells you this once, as the study “{study.slug}” asks it to (Timing, keeping, seed → Notify)."
    return "\n".join([*lines, "", closing])
