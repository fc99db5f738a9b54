"""What a killed restore left behind: the next backup or restore first puts the old back, and removes the scratch.

A restore moves the old files aside one by one, the new ones in, and then replaces the database in one transaction.
Its journal says which names it moves, so that where it stopped can be told from the folders.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from django.conf import settings

from . import archive
from .contents import OperationError

JOURNAL = "restoring.json"


@contextmanager
def alone(engine: ModuleType) -> Iterator[None]:
    """Let one backup or restore at a time be at work on the data folder, once what a killed one left is put right."""
    root = Path(settings.DATA_DIR)
    with locked(root / archive.LOCK, f"{root}: another backup or restore is under way"):
        for fresh in sorted(root.glob(f"{archive.SCRATCH}*")):
            _put_right(fresh, engine)
        for scratch in root.glob(".scratch-*"):
            shutil.rmtree(scratch)
        yield


@contextmanager
def locked(path: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock that ends with the process, however that ends; where another has it, say `otherwise`."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperationError(otherwise) from None
        yield


def begin(before: Path, old: list[str], new: list[str]) -> None:
    """Make the folder for the old files, and note in it what is to be moved."""
    before.mkdir(mode=0o700)
    with (before / JOURNAL).open("w") as file:
        json.dump({"old": old, "new": new}, file)
        file.flush()
        os.fsync(file.fileno())


def end(before: Path) -> None:
    """Note that a restore came to its end."""
    (before / JOURNAL).unlink()


def _put_right(fresh: Path, engine: ModuleType) -> None:
    """Put the old files back, unless the new database is in its place already; then remove what was unpacked."""
    stamp = fresh.name.removeprefix(archive.SCRATCH)
    before = fresh.with_name(f"{archive.BEFORE}{stamp}")
    if (before / JOURNAL).is_file():
        if not engine.was_replaced(stamp):
            _move_back(before)
            shutil.rmtree(before)
        else:
            end(before)
    elif before.is_dir() and not any(before.iterdir()):
        before.rmdir()
    shutil.rmtree(fresh)


def _move_back(before: Path) -> None:
    root, names = before.parent, json.loads((before / JOURNAL).read_text())
    for name in names["new"]:
        if name not in names["old"] or (before / name).exists():
            _remove(root / name)
    for name in names["old"]:
        if (before / name).exists():
            (before / name).rename(root / name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
