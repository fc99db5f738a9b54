"""The one worker process: whether it lives, and starting it when something waits.

Who lives holds a lock on a file of the data folder, which the kernel releases however the process ends. So that none
is left waiting, a worker that found nothing to do looks once more after it has released the lock: whoever found the
lock held had asked before.
"""

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from . import processes

LOCK = "worker.lock"
STARTING_S = 10  # how long one that another server process started may take until it holds the lock
PATIENCE_S = 2  # for those who only look whether it is held
_started: list[subprocess.Popen] = []  # the last one that this process started


@contextmanager
def only_one(*, wait: bool) -> Iterator[bool]:
    """Yield whether this is the one worker of the data folder; with `wait`, wait until it is."""
    with _file().open("a") as file:
        held = _locked(file, wait)
        try:
            yield held
        finally:
            if held:
                os.utime(file.fileno(), (0, 0))  # another may be started at once


def lives() -> bool:
    """Return whether a worker lives, on this machine or another that shares the data folder."""
    with _file().open("a") as file:
        return not _lock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def expected() -> bool:
    """Return whether what waits is going to be done: a worker lives, or the server starts one."""
    return settings.WORKER == "embedded" or lives()


def ensure() -> None:
    """Start a worker where none lives nor is starting, and where starting it is the server's business."""
    if settings.WORKER != "embedded":
        return
    path = _file()
    if time.time() - path.stat().st_mtime > STARTING_S and not _is_starting(path) and not lives():
        os.utime(path)
        _started[:] = [processes.start("work", "--until-idle")]


def _is_starting(path: Path) -> bool:
    """Return whether the one that was started here has still to take the lock, as on a busy machine for a long time."""
    return path.stat().st_mtime > 0 and any(process.poll() is None for process in _started)


def _file() -> Path:
    path = Path(settings.DATA_DIR) / LOCK
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (0, 0))
    return path


def _locked(file, wait: bool) -> bool:
    if wait:
        return _lock(file, fcntl.LOCK_EX)
    until = time.monotonic() + PATIENCE_S
    while not (held := _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)) and time.monotonic() < until:
        time.sleep(0.05)
    return held


def _lock(file, how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    return True
