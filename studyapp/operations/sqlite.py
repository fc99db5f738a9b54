"""An SQLite database: its dump is a copy of the file, taken by SQLite's own backup from one moment."""

import hashlib
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from .contents import NAMED_FOLDERS, RECORDED, Contents, OperationError, Proven

SUFFIX = "sqlite3"
PATIENCE_S = 60


def files() -> set[str]:
    """Return the names of the files that the running database consists of."""
    name = Path(connection.settings_dict["NAME"]).name
    return {name, f"{name}-wal", f"{name}-shm", f"{name}-journal"}


def dump(path: Path) -> Contents:
    """Write the database, as it is at one moment, to a new file; return what it holds."""
    with closing(_opened(_live())) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        return _contents(copy)


class Loaded:
    """A database made from a dump, beside the one in use."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def url(self) -> str:
        return f"sqlite:///{quote(str(self.path))}"

    def proven(self) -> Proven:
        """Return what it holds; damage is refused."""
        with closing(sqlite3.connect(self.path)) as database:
            try:
                if (found := database.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                    raise OperationError(f"the copy of the database is damaged: {found.splitlines()[0]}")
                migrations = [f"{app}.{name}" for app, name in database.execute(RECORDED)]
                return Proven(_contents(database), migrations, [row[0] for row in database.execute(NAMED_FOLDERS)])
            except sqlite3.DatabaseError as error:
                raise OperationError(f"the copy of the database is damaged: {error}") from None

    def replace(self, stamp: str, before: Path) -> str:
        """Put it in the place of the one in use, in one transaction of SQLite's; return where the old one is kept."""
        connection.close()
        kept = before / f"database.{SUFFIX}"
        live = _live()
        with closing(sqlite3.connect(live, timeout=PATIENCE_S)) as old, closing(sqlite3.connect(self.path)) as new:
            if live.is_file() and live.stat().st_size:
                with closing(sqlite3.connect(kept)) as copy:
                    old.backup(copy)
            new.execute(f"PRAGMA user_version={_mark(stamp)}")
            new.backup(old)
            old.execute("PRAGMA journal_mode=WAL")
        return str(kept)


def was_replaced(stamp: str) -> bool:
    """Return whether the restore of that time had replaced the database before it was killed."""
    connection.close()
    if not _live().is_file():
        return False
    with closing(_opened(_live())) as database:
        return database.execute("PRAGMA user_version").fetchone()[0] == _mark(stamp)


def _mark(stamp: str) -> int:
    """Return the number by which a database says which restore put it in its place."""
    return zlib.crc32(stamp.encode()) >> 1 or 1


@contextmanager
def loaded(path: Path, at: Path) -> Iterator[Loaded]:
    """Yield a database made from a dump; it is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=at, prefix=".scratch-") as scratch:
        yield Loaded(Path(shutil.copy(path, Path(scratch) / f"database.{SUFFIX}")))


def _live() -> Path:
    return Path(connection.settings_dict["NAME"])


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise OperationError(f"{path}: there is no database; run `{settings.COMMAND} migrate` first")
    return sqlite3.connect(path, timeout=PATIENCE_S)


def _contents(database: sqlite3.Connection) -> Contents:
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name: _counted(database, name) for (name,) in sorted(names.fetchall())}


def _counted(database: sqlite3.Connection, table: str) -> list:
    digest, n_rows = hashlib.sha256(), 0
    for row in database.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):
        digest.update(repr(row).encode())
        n_rows += 1
    return [n_rows, digest.hexdigest()]
