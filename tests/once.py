"""What the workers of one run of tests make once together: whoever asks first makes it, the others read it."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

RUN = "HEATWISE_TEST_RUN"  # the variable by which workers know the process that began the run
_run = os.environ.setdefault(RUN, str(os.getpid()))


def root() -> Path:
    """Return the folder of this run."""
    return Path(tempfile.gettempdir()) / f"heatwise-tests-{_run}"


def remove() -> None:
    """Remove the folder, where this process began the run."""
    if _run == str(os.getpid()):
        shutil.rmtree(root(), ignore_errors=True)


def folder(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of this name, which `make` filled, here or in another worker; it is left as it is."""
    place = _place(name)
    done = place.with_suffix(".done")
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)  # of one who failed in the middle
            place.mkdir()
            make(place)
            done.touch()
    return place


def content(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the bytes of this name; two who ask in the same moment both make them."""
    place = _place(name)
    if not place.exists():
        part = place.with_suffix(f".{os.getpid()}")
        part.write_bytes(make())
        part.replace(place)
    return place.read_bytes()


def _place(name: str) -> Path:
    root().mkdir(exist_ok=True)
    return root() / hashlib.sha256(name.encode()).hexdigest()[:32]
