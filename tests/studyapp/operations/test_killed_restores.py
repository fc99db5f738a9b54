"""A restore that is killed anywhere leaves the old or the new, whole, once the next backup or restore has begun."""

import os
from pathlib import Path

import pytest
from django.db import connection, connections

from studyapp import models
from studyapp.operations import archive, backups, restoring
from studyapp.operations.contents import OperationError

from .test_backups import data, drop, made, shelf, state  # noqa: F401 – fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
KILLED = 9


def die(*arguments, **options):
    os._exit(KILLED)


def kill_at_call(owner, name: str, number: int, *, after: bool = False):
    """Have the process end at the call of that number, before or after what it does."""
    real, calls = getattr(owner, name), []

    def called(*arguments, **options):
        calls.append(name)
        if len(calls) == number and not after:
            die()
        result = real(*arguments, **options)
        if len(calls) == number:
            die()
        return result

    setattr(owner, name, called)


def killed(folder: Path, prepare) -> None:
    """Restore in a process that ends somewhere, without a word; `prepare` says where."""
    connections.close_all()
    if (child := os.fork()) == 0:
        try:
            prepare()
            restoring.restore(folder)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == KILLED


def scratch_databases() -> list[str]:
    if connection.vendor == "sqlite":
        return []
    with connection.cursor() as cursor:
        name = connection.settings_dict["NAME"]
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{name}_scratch_"])
        return [name for (name,) in cursor.fetchall()]


def leftovers_of(data: Path) -> list[str]:  # noqa: F811
    return [path.name for path in data.iterdir() if path.name.startswith((archive.SCRATCH, ".scratch-"))]


def kept(data: Path) -> tuple:  # noqa: F811
    """Return all that a restore could have changed, but for what is noted of routines."""
    files, bundles = state(data)
    return {name: words for name, words in files.items() if not name.startswith("routines/")}, bundles


@pytest.fixture
def changed(made, data):  # noqa: F811
    """A data folder that differs from the backup in every way: another file's words, one more folder, one less."""
    models.Bundle.objects.update(name="renamed")
    (data / "media" / "logo.png").rename(data / "media" / "other.png")
    (data / "media").rename(data / "moved")
    (data / "uploads").mkdir()
    (data / "uploads" / "new.txt").write_text("new")
    yield kept(data)
    for name in scratch_databases():  # of a restore that was refused before it could tidy up
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}"')


@pytest.mark.parametrize(
    "prepare",
    [
        lambda: kill_at_call(archive, "_unpack", 3),
        lambda: kill_at_call(restoring, "_migrate", 1),
        *[lambda number=number: kill_at_call(Path, "rename", number) for number in range(1, 7)],
        lambda: kill_at_call(backups.engine().Loaded, "replace", 1),
    ],
)
@pytest.mark.parametrize("again", ["backup", "restore"])
def test_killed_before_the_database_is_replaced_all_is_as_it_was(changed, made, data, tmp_path, prepare, again):  # noqa: F811
    killed(made, prepare)
    if again == "backup":
        backups.make(tmp_path / "another", 30)
    else:
        (made / archive.NAME).unlink()
        with pytest.raises(OperationError, match="missing"):
            restoring.restore(made)
    assert kept(data) == changed
    assert not leftovers_of(data)
    assert not list(data.glob(f"{archive.BEFORE}*"))
    assert again == "restore" or not scratch_databases()


def test_killed_once_the_database_is_replaced_all_is_new_and_the_old_is_kept(changed, made, data, tmp_path):  # noqa: F811
    killed(made, lambda: kill_at_call(backups.engine().Loaded, "replace", 1, after=True))
    backups.make(tmp_path / "another", 30)
    assert models.Bundle.objects.get().name == "birds"
    assert (data / "media" / "logo.png").exists()
    assert not (data / "uploads").exists()
    assert not leftovers_of(data)
    (before,) = data.glob(f"{archive.BEFORE}*")
    assert (before / "uploads" / "new.txt").exists()
    stamp = before.name.removeprefix(archive.BEFORE)
    if connection.vendor == "postgresql":
        kept = backups.engine()._kept(connection.settings_dict["NAME"], stamp)
        drop(restoring.Restored("", before, f"the database {kept}", False))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's database is a file")
def test_killed_while_nobody_may_connect_the_database_answers_again(changed, made, data, tmp_path):  # noqa: F811
    from studyapp.operations import postgresql

    killed(made, lambda: kill_at_call(postgresql, "_alter", 1, after=True))
    backups.make(tmp_path / "another", 30)
    assert kept(data) == changed
    assert not scratch_databases()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's scratch database is a file")
def test_databases_of_others_that_are_called_alike_stay(data, tmp_path):  # noqa: F811
    from studyapp.operations import postgresql

    name = f"{connection.settings_dict['NAME']}_scratch_precious"
    with postgresql._maintenance() as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            backups.make(tmp_path / "another", 30)
            assert server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}"')
