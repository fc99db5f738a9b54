"""Do the jobs that wait, one after another.

A job is claimed by one conditional UPDATE, so that of several workers one alone gets it, on SQLite as on PostgreSQL.
Whatever a worker writes about a job later is conditional on still having it: one that was given up for dead, and wakes
up again, changes nothing. A thread gives the signs of life and looks whether somebody wishes the job to end.
"""

import logging
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from django.db import DatabaseError, OperationalError, close_old_connections, connection
from django.db.models import F
from django.utils import timezone

from studyapp.models import Job

from . import files, worker
from .asking import MOST_TRIES, Outcome, tend
from .registry import JobError, kind_of

BEAT_S = 5  # between two signs of life
LOOK_S = 1  # between two looks whether the job is to end
TELL_S = 0.5  # between two words on how far it is
LOOK_FOR_JOBS_S = 2
PATIENCE = 30  # times that a database which doesn't answer is asked again
STOPPED_WORDS = "The server was stopped before it was done. Ask for it again."
log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Somebody wishes the job to end."""


class Lost(Exception):
    """The job is no longer this worker's: its study was deleted, or it was given up for dead."""


class Stopped(SystemExit):
    """The worker was asked to end, as when the server is stopped."""


class Progress:
    """How far a job is: `progress(done, total, words)` tells it, and raises when the job is to end."""

    def __init__(self, job: Job):
        self.job = job
        self._told_at = float("-inf")
        self._to_end: Exception | None = None
        self._processes: list[subprocess.Popen] = []

    def __call__(self, done: int, total: int, words: str = "") -> None:
        """Tell that `done` of `total` are done, and what is being done; not more often than people can read."""
        self.check()
        if words == self.job.words and done < total and time.monotonic() - self._told_at < TELL_S:
            return
        self._told_at = time.monotonic()
        self.job.done, self.job.total, self.job.words = done, total, words[:200]
        self.write(done=done, total=total, words=self.job.words, result=self.job.result)
        self.check()

    def check(self) -> None:
        """Raise `Cancelled` or `Lost` where the job is to end."""
        if self._to_end:
            raise self._to_end

    @contextmanager
    def ending(self, process: subprocess.Popen) -> Iterator[None]:
        """Have a process of the job's ended with it, however it ends, even while the job waits for its words."""
        self._processes.append(process)
        try:
            yield
        finally:
            process.kill()
            process.wait()

    def write(self, **fields) -> None:
        """Store some of the job's fields, with a sign of life; where it is to end, note that instead.

        A database that is busy for long is no reason to lose the work: the next words arrive.
        """
        try:
            if not mine(self.job).filter(cancel=False).update(seen_at=timezone.now(), **fields):
                self.look()
        except OperationalError:
            log.warning("The database didn't answer; the job goes on.")

    def look(self) -> None:
        """Look whether the job is to end; its processes are ended at once."""
        cancel = mine(self.job).values_list("cancel", flat=True).first()
        if cancel is None or cancel:
            self._to_end = Lost() if cancel is None else Cancelled()
            for process in self._processes:
                process.kill()


def mine(job: Job):
    """Return the job, to update, as long as it is the worker's that holds this copy of it."""
    return Job.objects.filter(pk=job.pk, worker=job.worker, outcome=Outcome.RUNNING)


def work(*, until_idle: bool) -> None:
    """Do what waits, and what comes: until nothing waits, or for ever. There is one worker at a time."""
    while True:
        with worker.only_one(wait=not until_idle) as held:
            if held:
                _do_all(until_idle)
        if not held or not Job.objects.filter(outcome=Outcome.WAITING).exists():
            return


def _do_all(until_idle: bool) -> None:
    while True:
        close_old_connections()
        job = _patiently(claim)
        if job:
            do(job)
        elif until_idle:
            return
        else:
            time.sleep(LOOK_FOR_JOBS_S)


def claim() -> Job | None:
    """Return the job that has waited longest, which is this worker's from now on; None where none waits."""
    tend(Job.objects.filter(outcome=Outcome.RUNNING))
    files.discard_old()
    name = f"{socket.gethostname()[:60]} {os.getpid()} {secrets.token_hex(8)}"
    while pk := Job.objects.filter(outcome=Outcome.WAITING).order_by("pk").values_list("pk", flat=True).first():
        now = timezone.now()
        waiting = Job.objects.filter(pk=pk, outcome=Outcome.WAITING)
        held = {"outcome": Outcome.RUNNING, "worker": name, "started_at": now, "seen_at": now}
        if waiting.update(tries=F("tries") + 1, done=0, total=0, words="", **held):
            return Job.objects.select_related("study", "bundle").filter(pk=pk, worker=name).first()
    return None


def do(job: Job) -> None:
    """Do a job that was claimed; whatever goes wrong is stored with it, in words."""
    progress = Progress(job)
    try:
        with _signs_of_life(progress):
            outcome, error = _done(job, progress)
    except Stopped:
        tried_again = kind_of(job.kind).again and job.tries < MOST_TRIES
        _end(job, *((Outcome.WAITING, "") if tried_again else (Outcome.FAILED, STOPPED_WORDS)))
        raise
    _end(job, outcome, error)


def _done(job: Job, progress: Progress) -> tuple[Outcome, str]:
    """Return what came of a job, and why."""
    kind = kind_of(job.kind)
    if kind is None:
        return Outcome.FAILED, f"This version of Heatwise knows no job “{job.kind}”."
    try:
        try:
            kind.do(job, progress)
        except Exception:
            progress.look()  # what is ended, or whose study was deleted, may break off in any way
            progress.check()
            raise
    except (Cancelled, Lost):
        return Outcome.CANCELLED, ""
    except JobError as refused:
        return Outcome.FAILED, str(refused)
    except Exception as fault:
        log.exception("Job %s broke off.", job)
        name = type(fault).__name__  # without its message, which may quote an answer or an id
        return Outcome.FAILED, f"It broke off by a fault of its own ({name}); the server's log says where."
    return Outcome.DONE, ""


def _end(job: Job, outcome: Outcome, error: str) -> None:
    """Store what came of a job, however long the database is busy; the files of one that was cancelled are deleted."""
    now = timezone.now()
    fields = {"words": "", "result": job.result, "seen_at": now}
    if outcome == Outcome.WAITING:
        fields |= {"outcome": outcome, "worker": ""}
    else:
        fields |= {"outcome": outcome, "error": error, "ended_at": now}
    ended = {"outcome": Outcome.CANCELLED, "words": "", "result": job.result, "ended_at": now}
    is_kept = _patiently(lambda: outcome != Outcome.CANCELLED and mine(job).filter(cancel=False).update(**fields))
    if not is_kept and (_patiently(lambda: mine(job).update(**ended)) or _is_gone(job)):
        files.discard(job)


def _is_gone(job: Job) -> bool:
    return _patiently(lambda: not Job.objects.filter(pk=job.pk).exists())


def _patiently(store):
    """Return what `store()` returns, once the database answers."""
    for _ in range(PATIENCE):
        try:
            return store()
        except OperationalError:
            log.warning("The database didn't answer; it is asked again.")
        close_old_connections()
        time.sleep(LOOK_S)
    return store()


@contextmanager
def _signs_of_life(progress: Progress) -> Iterator[None]:
    over = Event()
    thread = Thread(target=_live, args=[progress, over], daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _live(progress: Progress, over: Event) -> None:
    wrote_at = time.monotonic()
    while not over.wait(LOOK_S):
        try:
            if time.monotonic() - wrote_at >= BEAT_S:
                wrote_at = time.monotonic()
                progress.write()
            else:
                progress.look()
        except DatabaseError:
            log.warning("The database didn't answer; the job goes on.")
    connection.close()
