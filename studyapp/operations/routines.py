"""What is done daily on a server, when each was last done well, and what to say when that is too long ago.

The time is kept in a file of the data folder, not in the database: there a restore would bring an old time back.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

FOLDER = "routines"
LATE = timedelta(hours=26)  # a day, and time for a slow one


@dataclass(frozen=True)
class Routine:
    """A daily routine: the command that does it, and what it is called."""

    command: str
    title: str


BACKUP = Routine("backup", "backup")
RETENTION = Routine("apply_retention", "retention run")
DAILY = (BACKUP, RETENTION)
MAIL = Routine("mail", "mail of late routines")


def done(routine: Routine) -> None:
    """Note that a routine was done well just now."""
    path = _file(routine)
    path.parent.mkdir(mode=0o750, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps({"at": datetime.now(UTC).isoformat()}))
    scratch.replace(path)


def last(routine: Routine) -> datetime | None:
    """Return when a routine was last done well; None where it never was, or its note can't be read."""
    try:
        at = datetime.fromisoformat(json.loads(_file(routine).read_text())["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return at if at.tzinfo else None


def late() -> list[Routine]:
    """Return the routines that were not done well for 26 hours; on one's own computer none is expected."""
    if not settings.PRODUCTION:
        return []
    return [routine for routine in DAILY if (at := last(routine)) is None or datetime.now(UTC) - at > LATE]


def warnings() -> Iterator[str]:
    """Return what to say of each late routine."""
    for routine in late():
        at, told = last(routine), f"`systemctl status heatwise-{routine.title.partition(' ')[0]}` says why."
        if at is None:
            yield f"No {routine.title} has been done on this server. {told}"
        else:
            hours = (datetime.now(UTC) - at).total_seconds() / 3600
            yield f"The last good {routine.title} was {hours:.0f} hours ago. {told}"


def _file(routine: Routine) -> Path:
    return Path(settings.DATA_DIR) / FOLDER / f"{routine.command}.json"
