"""Unpack an uploaded zip, unless it would fill the disk."""

import stat
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .format import StudyFileError

MAX_BYTES, MAX_FILES, MAX_DEPTH = 4 * 2**30, 200_000, 20  # of an uploaded zip, unpacked


@contextmanager
def unpacked(path: Path | str):
    """Yield a folder with what a zip holds, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with zipfile.ZipFile(path) as archive:
                require_modest(archive.infolist())
                archive.extractall(scratch)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise StudyFileError(f"{path}: expected a zip that can be unpacked, found {error}") from None
        yield Path(scratch)


def require_modest(entries: list[zipfile.ZipInfo]) -> None:
    """Raise `BadZipFile` where unpacking would fill the disk, lead elsewhere, or be too deep to be deleted again."""
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise zipfile.BadZipFile(f"more than {MAX_BYTES // 2**30} GiB in it")
    if len(entries) > MAX_FILES:
        raise zipfile.BadZipFile(f"more than {MAX_FILES} files in it")
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
        if len(parts) > MAX_DEPTH:
            raise zipfile.BadZipFile(f"folders in it, one in another, more than {MAX_DEPTH} deep")
        if ".." in parts or parts[:1] == ("/",) or (parts and parts[0].endswith(":")):
            raise zipfile.BadZipFile(f"{entry.filename!r} in it, which leads out of it")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise zipfile.BadZipFile(f"{entry.filename!r} in it, which is a link")
