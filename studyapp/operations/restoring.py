"""Bring a backup back: everything is verified, loaded and migrated beside what is in use, which is replaced last.

What was in use is kept, until somebody removes it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from . import archive, backups, leftovers
from .contents import OperationError, require_same


@dataclass(frozen=True)
class Restored:
    """What a restore did: from when the backup is, where what was in use is kept, and whether the key is another."""

    made_at: str
    files_before: Path
    database_before: str
    other_key: bool


def restore(folder: Path) -> Restored:
    """Put a backup in the place of what is in use; raises `OperationError` with everything left as it was."""
    with leftovers.alone(backups.engine()):
        return _restored(folder)


def _restored(folder: Path) -> Restored:
    manifest = backups.read(folder)
    engine = backups.engine()
    _require_known(manifest)
    archive.require_whole(folder / archive.NAME, manifest.n_files, [])
    stamp = datetime.now(UTC).strftime(backups.STAMP)
    root = Path(settings.DATA_DIR)
    before, fresh = root / f"{archive.BEFORE}{stamp}", root / f"{archive.SCRATCH}{stamp}"
    try:
        archive.unpack(folder / archive.NAME, fresh)
        with engine.loaded(folder / manifest.database, root) as database:
            proven = database.proven()
            require_same(manifest.contents, proven.contents, manifest.database)
            archive.require_whole(folder / archive.NAME, manifest.n_files, proven.bundles)
            _migrate(database.url)
            with _replaced(fresh, before):
                kept = database.replace(stamp, before)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Restored(manifest.made_at, before, kept, _other_key(folder))


def _require_known(manifest: backups.Manifest) -> None:
    """Refuse a backup of another engine, or one that a newer version of the app made."""
    if backups.ENGINES.get(manifest.engine) is not backups.engine():
        raise OperationError(f"the backup holds a {manifest.engine} database; DATABASE_URL names one of another kind")
    known = {".".join(key) for key in MigrationLoader(None, ignore_no_migrations=True).disk_migrations or ()}
    if unknown := sorted(set(manifest.migrations) - known):
        raise OperationError(
            f"the backup was made by Heatwise {manifest.heatwise}, whose migration {unknown[0]} this version doesn't "
            "know; install that version or a newer one first"
        )


def _migrate(url: str) -> None:
    """Bring a loaded database to the present schema, in a process that has it for its own."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "--verbosity=0"]
    done = subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise OperationError(f"the backup's database can't be migrated: {lines[-1]}")


@contextmanager
def _replaced(fresh: Path, before: Path) -> Iterator[None]:
    """Put new files in the place of the old, which go to `before`; where the block fails, all goes back."""
    root, moved = Path(settings.DATA_DIR), []
    old, new = archive.entries(backups.engine().files()), sorted(path.name for path in fresh.iterdir())

    def move(source: Path, target: Path) -> None:
        source.rename(target)
        moved.append((source, target))

    leftovers.begin(before, old, new)
    try:
        for name in old:
            move(root / name, before / name)
        for name in new:
            move(fresh / name, root / name)
        yield
        leftovers.end(before)
    except BaseException:
        for source, target in reversed(moved):
            target.rename(source)
        shutil.rmtree(before, ignore_errors=True)
        raise


def _other_key(folder: Path) -> bool:
    """Return whether the backup was made under another secret key, so that no cookie or link of then is known."""
    if not settings.PRODUCTION:  # there the key is one of the files
        return False
    lines = (folder / backups.ENVIRONMENT).read_text().splitlines()
    return not any(line.partition("=")[2].strip("'") == settings.SECRET_KEY for line in lines)
