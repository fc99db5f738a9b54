"""The app's own commands as processes beside the server's, at low priority: whoever is answering meanwhile goes first.

They stay in the server's session: where the kernel shares the processors out by sessions (autogroup), a low priority
counts within one alone.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import BufferedReader
from tempfile import TemporaryFile
from threading import BoundedSemaphore, Thread
from typing import cast

from django.conf import settings

NICE = 19
AT_ONCE = 2  # streams of one server process, so that its other threads are left to participants
_places = BoundedSemaphore(AT_ONCE)


class StreamError(Exception):
    """Why a command sent nothing, or broke off, in words."""


class BusyError(StreamError):
    """So many streams are under way that another has to wait."""


def give_way() -> None:
    """Lower this process's priority, and that of all it starts."""
    os.nice(NICE)


def start(*arguments: str) -> subprocess.Popen:
    """Start a command that outlives the request, and the server process, that asked for it; its log is the server's."""
    process = _started(arguments, stdout=subprocess.DEVNULL, process_group=0)
    Thread(target=process.wait, daemon=True).start()  # else it would linger as a zombie
    return process


def stream(*arguments: str) -> Iterator[bytes]:
    """Return what a command writes to its standard output, as it comes; the first of it is waited for.

    A `StreamError` says what went wrong, here or, later, in the iterator: a server then breaks the connection off, so
    that nobody takes a part for the whole. Closing the iterator, as when the client has gone, ends the command.
    """
    chunks = _chunks(arguments)
    next(chunks)
    return chunks


def _chunks(arguments: tuple[str, ...]) -> Iterator[bytes]:
    """Yield nothing once there is something, then all of it."""
    if not _places.acquire(blocking=False):
        raise BusyError("Others are taking data away at this moment. Try again in a minute.")
    try:
        with TemporaryFile() as words, _started(arguments, stdout=subprocess.PIPE, stderr=words) as process:
            try:
                output = cast(BufferedReader, process.stdout)  # what a pipe of bytes is read by
                first = output.read1()
                _require_well(process, words, ended=not first)
                yield b""
                yield first
                while chunk := output.read1():
                    yield chunk
                _require_well(process, words, ended=True)
            finally:
                process.kill()
    finally:
        _places.release()


def _require_well(process: subprocess.Popen, words, *, ended: bool) -> None:
    if ended and process.wait() != 0:
        words.seek(0)
        lines = words.read().decode(errors="replace").strip().splitlines() or [f"It ended with {process.returncode}."]
        raise StreamError(lines[-1].removeprefix("CommandError: "))


def _started(arguments: tuple[str, ...], **options) -> subprocess.Popen:
    """Start a command on the same data, whichever folder this process was started in."""
    command, place = [sys.executable, *settings.MANAGE, *arguments], {"HEATWISE_DATA": str(settings.DATA_DIR)}
    environment = os.environ | place
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdin=subprocess.DEVNULL, **options)
