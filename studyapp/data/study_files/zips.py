"""Unpack an uploaded zip, unless it would fill the disk."""

import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

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
    """Raise `BadZipFile` where unpacking would fill the disk, or make folders too deep to be deleted again."""
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise zipfile.BadZipFile(f"more than {MAX_BYTES // 2**30} GiB in it")
    if len(entries) > MAX_FILES:
        raise zipfile.BadZipFile(f"more than {MAX_FILES} files in it")
    if any(entry.filename.count("/") > MAX_DEPTH for entry in entries):
        raise zipfile.BadZipFile(f"folders in it, one in another, more than {MAX_DEPTH} deep")
