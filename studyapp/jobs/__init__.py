"""Work that takes longer than a request: reports, bots, exports.

A room declares a kind of job (`registry.Kind`) beside the function that does it; `ask` puts a job into the database,
and one worker process at low priority (`working`), which the server starts when something waits and none lives
(`worker`), does the jobs one after another. What a job leaves on the disk lies in one folder of its own (`files`).

Why this is no library. Django's own tasks with their database backend (django-tasks-db), as of 2026, tell no progress,
cancel nothing that has begun, and leave what a killed worker had in hand under way for ever (its issue 5). Huey on
SQLite loses what a killed worker had, and can't end what is running; Procrastinate needs PostgreSQL; Celery, RQ and
Dramatiq need another server. Progress, cancelling and recovery are all that there is to this package; the rest of a
queue is one conditional UPDATE, which SQLite and PostgreSQL both keep.
"""

from .asking import ask, cancel, n_before, of, take_up, tend
from .registry import JobError, Kind, kind_of

__all__ = ["JobError", "Kind", "ask", "cancel", "kind_of", "n_before", "of", "take_up", "tend"]
