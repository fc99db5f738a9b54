"""Make a backup that was proven: written under a temporary name, restored into a scratch database, then named.

A backup is a folder `heatwise-<UTC>`: the database's dump, `data.tar`, `settings.env` with the key that signs cookies
and links, and `backup.json`, which says what the others hold.
"""

import json
import os
import re
import shlex
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.db import connection

from studyapp import __version__

from . import archive, leftovers, postgresql, routines, sqlite
from .contents import Contents, OperationError, require_same

ENGINES: dict[str, ModuleType] = {"sqlite": sqlite, "postgresql": postgresql}
STAMP = "%Y-%m-%dT%H%M%SZ"
OURS = re.compile(r"heatwise-(\d{4}-\d\d-\d\dT\d{6}Z)")
PARTIAL = re.compile(r"\.heatwise-\d{4}-\d\d-\d\dT\d{6}Z\.partial")
MANIFEST, ENVIRONMENT, FORMAT = "backup.json", "settings.env", 1


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself; `sha256` is by file, `contents` by table."""

    format: int
    heatwise: str
    made_at: str
    engine: str
    database: str
    n_files: int
    migrations: list[str]
    contents: Contents
    sha256: dict[str, str]


def engine() -> ModuleType:
    """Return what dumps and loads the database in use."""
    return ENGINES[connection.vendor]


def make(folder: Path, keep_days: int) -> Path:
    """Return a new backup in `folder`, whose own backups older than `keep_days` are removed once it is proven.

    Raises `OperationError`; a backup that failed leaves nothing behind, and the older ones stay.
    """
    if folder.resolve().is_relative_to(Path(settings.DATA_DIR).resolve()):
        raise OperationError(f"{folder} lies inside the data folder, which is backed up; name a folder outside")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with leftovers.locked(folder / ".lock", f"{folder}: another backup is being made"), leftovers.alone(engine()):
        _discard_partial(folder)
        made_at = datetime.now(UTC)
        name = f"heatwise-{made_at:{STAMP}}"
        scratch = folder / f".{name}.partial"
        if (folder / name).exists():
            raise OperationError(f"{folder / name} was made this very second; try again")
        scratch.mkdir(mode=0o700)
        try:
            _write(scratch, made_at)
            scratch.rename(folder / name)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        _prune(folder, made_at - timedelta(days=keep_days), kept=name)
    routines.done(routines.BACKUP)
    return folder / name


def read(folder: Path) -> Manifest:
    """Return what a backup says of itself, after its files were compared with it; damage is refused by name."""
    try:
        content = json.loads((folder / MANIFEST).read_text())
        manifest = Manifest(**content)
    except FileNotFoundError:
        raise OperationError(f"{folder} is no backup: it holds no {MANIFEST}") from None
    except (OSError, ValueError, TypeError):
        raise OperationError(f"{folder / MANIFEST} is damaged, or of a newer version of Heatwise") from None
    if manifest.format != FORMAT:
        raise OperationError(f"{folder / MANIFEST}: expected format {FORMAT}, found {manifest.format!r}")
    for name, expected in manifest.sha256.items():
        path = folder / name
        if not path.is_file():
            raise OperationError(f"{path} is missing")
        if archive.sha256(path) != expected:
            raise OperationError(f"{path} is damaged: it isn't the file that was written")
    return manifest


def _write(scratch: Path, made_at: datetime) -> None:
    """Write and prove all files of a backup: first the database, then what it names, to which files are only added."""
    database = scratch / f"database.{engine().SUFFIX}"
    contents = engine().dump(database)
    n_files = archive.write(scratch / archive.NAME, engine().files())
    _write_environment(scratch / ENVIRONMENT)
    with engine().loaded(database, scratch) as loaded:
        proven = loaded.proven()
    require_same(contents, proven.contents, database.name)
    archive.require_whole(scratch / archive.NAME, n_files, proven.bundles)
    sha256 = {name: archive.sha256(scratch / name) for name in (database.name, archive.NAME, ENVIRONMENT)}
    manifest = Manifest(
        FORMAT,
        __version__,
        made_at.isoformat(timespec="seconds"),
        connection.vendor,
        database.name,
        n_files,
        sorted(proven.migrations),
        contents,
        sha256,
    )
    (scratch / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
    for path in (*scratch.iterdir(), scratch):
        _flush(path)


def _write_environment(path: Path) -> None:
    """Write the settings as systemd and the shell read them, the secret key among them, for their owner alone."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("HEATWISE_") or name == "DATABASE_URL"}
    kept["HEATWISE_SECRET_KEY"] = settings.SECRET_KEY
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in sorted(kept.items()))


def _prune(folder: Path, before: datetime, *, kept: str) -> None:
    """Remove the folder's own old backups: those whose name and manifest say so, and nothing else."""
    for path in folder.iterdir():
        made_at = _made_at(path)
        if made_at and made_at < before and path.name != kept:
            shutil.rmtree(path)


def _made_at(path: Path) -> datetime | None:
    """Return when a backup was made, by its name; None for what is no backup of ours."""
    named = OURS.fullmatch(path.name)
    if not named or path.is_symlink() or not (path / MANIFEST).is_file():
        return None
    try:
        return datetime.strptime(named[1], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _discard_partial(folder: Path) -> None:
    """Remove what backups left that were killed; no other is under way."""
    for path in folder.iterdir():
        if PARTIAL.fullmatch(path.name):
            shutil.rmtree(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
