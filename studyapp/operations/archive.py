"""The data folder's files in one archive: bundles, pictures, uploads, reports, and what else belongs to studies."""

import hashlib
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from django.conf import settings

from .contents import OperationError
from .routines import FOLDER as ROUTINES

NAME = "data.tar"
BEFORE = "before-restore-"
SCRATCH = ".restoring-"
LOCK = ".restore.lock"
STAY = {
    "static",
    "worker.lock",
    LOCK,
    ROUTINES,
}  # made again from the code, or about this server rather than its studies
NOT_KEPT = {"exports", "inbox"}  # copies: of answers, for a day; of bundles on their way in
CHUNK = 1 << 20


def entries(without: set[str]) -> list[str]:
    """Return the names in the data folder that a restore puts in place of others."""
    names = sorted(path.name for path in Path(settings.DATA_DIR).iterdir())
    return [
        name for name in names if name not in STAY | without and not name.startswith((BEFORE, SCRATCH, ".scratch-"))
    ]


def write(path: Path, without: set[str]) -> int:
    """Write the data folder's files into a new archive and return how many; what links lead to is written as files.

    Files that go meanwhile, as a report that is made anew, are left out.
    """
    root, n_files = Path(settings.DATA_DIR), 0
    with tarfile.open(path, "w", dereference=True) as archive:
        for name in entries(without | NOT_KEPT):
            for file in _files(root / name):
                try:
                    archive.add(file, str(file.relative_to(root)), recursive=False)
                    n_files += 1
                except FileNotFoundError:
                    continue
    return n_files


def require_whole(path: Path, n_files: int, bundles: list[str]) -> None:
    """Refuse an archive that can't be read to its end, or lacks the folder of a bundle that the database names."""
    present, n_found = set(), 0
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                n_found += 1
                present.add(member.name)
                if member.isfile() and (file := archive.extractfile(member)):
                    while file.read(CHUNK):
                        pass
    except (tarfile.TarError, EOFError, OSError) as error:
        raise OperationError(f"{path.name} is damaged: {error}") from None
    if n_found != n_files:
        raise OperationError(f"{path.name}: expected {n_files} files, found {n_found}")
    place = Path(settings.BUNDLES_ROOT).relative_to(settings.DATA_DIR)
    if missing := [name for name in bundles if str(place / name) not in present]:
        raise OperationError(f"{path.name}: the database names the bundle {missing[0]!r}, whose files are missing")


def unpack(path: Path, to: Path) -> None:
    """Unpack an archive into a new folder; members that would lie elsewhere, or are no plain files, are refused.

    By hand, as `tarfile` has filters for this from Python 3.11.4 on alone.
    """
    to.mkdir(mode=0o750)
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                _unpack(archive, member, to)
    except (tarfile.TarError, OSError) as error:
        raise OperationError(f"{path.name} can't be unpacked: {error}") from None


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, to: Path) -> None:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
        raise tarfile.ExtractError(f"{member.name!r} is no file of the data folder")
    target = to / name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
    elif file := archive.extractfile(member):
        target.parent.mkdir(parents=True, exist_ok=True)
        with file, target.open("xb") as copy:
            shutil.copyfileobj(file, copy, CHUNK)
    target.chmod(member.mode & 0o755 | (0o700 if member.isdir() else 0o600))
    os.utime(target, (member.mtime, member.mtime))


def sha256(path: Path) -> str:
    """Return the hash of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(path: Path) -> Iterator[Path]:
    """Return a path and all below it, also what links lead to."""
    yield path
    for folder, folders, names in os.walk(path, followlinks=True):
        yield from (Path(folder) / name for name in sorted([*folders, *names]))
