"""Backups are proven when they are made, and a restore changes nothing until all of it is known to be good."""

import json
import os
import shutil
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from studyapp import models
from studyapp.operations import archive, backups, leftovers, restoring, routines
from studyapp.operations.contents import OperationError

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def data(settings, tmp_path):
    """A data folder with a study's bundle in it, and what isn't to be kept."""
    root = tmp_path / "data"
    settings.DATA_DIR, settings.BUNDLES_ROOT = root, root / "bundles"
    for name in ("bundles/birds-1/manifest.json", "media/logo.png", "static/app.css", "exports/4/answers.zip"):
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    models.Bundle.objects.create(name="birds", sha256="0" * 64, folder="birds-1")
    return root


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Where one backup is kept for all tests; on PostgreSQL it takes a second to make."""
    return tmp_path_factory.mktemp("shelf") / "kept"


@pytest.fixture
def made(data, shelf, tmp_path):
    """A good backup, of the data folder and the database as a test finds them."""
    kept = next(shelf.glob("heatwise-*"), None) or backups.make(shelf, 30)
    (tmp_path / "kept").mkdir()
    return shutil.copytree(kept, tmp_path / "kept" / kept.name)


def rewrite(folder: Path, **changes) -> None:
    """Change what a backup says of itself, hashes included, as somebody with a grudge would."""
    path = folder / backups.MANIFEST
    said = json.loads(path.read_text())
    said["sha256"] = {name: archive.sha256(folder / name) for name in said["sha256"]}
    path.write_text(json.dumps(said | changes))


def state(data: Path) -> tuple:
    """Return all that a restore could have changed; its lock is nobody's data."""
    files = {str(path.relative_to(data)): path.read_bytes() for path in data.rglob("*") if path.is_file()}
    files.pop(archive.LOCK, None)
    return files, list(models.Bundle.objects.values_list("name", "folder"))


def test_a_backup_holds_database_files_and_the_key(made, data, settings):
    assert {path.name for path in made.iterdir()} == {
        f"database.{backups.engine().SUFFIX}",
        "data.tar",
        "settings.env",
        "backup.json",
    }
    with tarfile.open(made / archive.NAME) as files:
        names = {name for name in files.getnames() if not name.startswith("heatwise-test")}
    assert {"bundles/birds-1/manifest.json", "media/logo.png"} <= names
    assert not [name for name in names if name.startswith(("static", "exports", "routines"))]
    assert settings.SECRET_KEY in (made / "settings.env").read_text()
    assert made.stat().st_mode & 0o077 == 0
    assert (made / "settings.env").stat().st_mode & 0o077 == 0
    assert backups.read(made).contents["studyapp_bundle"][0] == 1


def test_a_backup_leaves_no_scratch(data, tmp_path):
    made = backups.make(tmp_path / "kept", 30)
    assert sorted(path.name for path in made.parent.iterdir()) == [".lock", made.name]
    assert routines.last(routines.BACKUP) is not None
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{connection.settings_dict['NAME']}%"]
            )
            assert cursor.fetchall() == [(connection.settings_dict["NAME"],)]


def test_what_was_written_after_a_backup_is_kept_aside_and_what_was_before_is_back(made, data):
    models.Bundle.objects.update(name="renamed")
    (data / "media" / "logo.png").write_text("another")
    (data / "exports" / "5").mkdir()
    restored = restoring.restore(made)
    try:
        assert models.Bundle.objects.get().name == "birds"
        assert (data / "media" / "logo.png").read_text() == "media/logo.png"
        assert (data / "static" / "app.css").exists()
        assert not (data / "exports").exists()
        assert (restored.files_before / "media" / "logo.png").read_text() == "another"
        if connection.vendor == "postgresql":
            name = restored.database_before.rpartition(" ")[2]
            with backups.engine()._connected(name) as old:
                assert old.execute("SELECT name FROM studyapp_bundle").fetchall() == [("renamed",)]
        else:
            assert Path(restored.database_before).parent == restored.files_before
    finally:
        drop(restored)


def drop(restored) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{restored.database_before.rpartition(" ")[2]}" WITH (FORCE)')


def flip(path: Path) -> None:
    """Damage one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(made: Path) -> None:
    os.truncate(made / "data.tar", 1024)
    rewrite(made)


def lie(made: Path) -> None:
    rewrite(made, contents=backups.read(made).contents | {"studyapp_bundle": [2, "0"]})


def empty(made: Path) -> None:
    with tarfile.open(made / "data.tar", "w"):
        pass
    rewrite(made, n_files=0)


DAMAGE = {
    "a flipped bit in the archive": (lambda made: flip(made / "data.tar"), "data.tar is damaged"),
    "a flipped bit in the settings": (lambda made: flip(made / "settings.env"), "settings.env is damaged"),
    "a missing file": (lambda made: (made / "settings.env").unlink(), "settings.env is missing"),
    "no manifest": (lambda made: (made / "backup.json").unlink(), "holds no backup.json"),
    "a torn manifest": (lambda made: os.truncate(made / "backup.json", 50), "backup.json is damaged"),
    "a manifest of the future": (lambda made: rewrite(made, format=2), "expected format 1, found 2"),
    "a torn archive": (truncate, "data.tar"),
    "other rows than were counted": (lie, "table studyapp_bundle differs: expected 2 rows, found 1"),
    "a bundle without files": (empty, "the database names the bundle 'birds-1'"),
    "another engine": (lambda made: rewrite(made, engine="oracle"), "holds a oracle database"),
    "a newer version": (
        lambda made: rewrite(made, migrations=["studyapp.9999_later"]),
        "migration studyapp.9999_later",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_is_refused_in_words_and_nothing_is_touched(made, data, damage):
    spoil, words = DAMAGE[damage]
    spoil(made)
    before = state(data)
    with pytest.raises(OperationError, match=words.replace(".", r"\.")):
        restoring.restore(made)
    assert state(data) == before


def test_a_damaged_dump_is_refused_and_nothing_is_touched(made, data):
    dump = made / f"database.{backups.engine().SUFFIX}"
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    rewrite(made)
    before = state(data)
    with pytest.raises(OperationError):
        restoring.restore(made)
    assert state(data) == before


def test_where_the_database_cannot_be_replaced_the_files_are_put_back(made, data, monkeypatch):
    def refuse(self, *arguments):
        raise OperationError("somebody pulled the plug")

    monkeypatch.setattr(backups.engine().Loaded, "replace", refuse)
    before = state(data)
    with pytest.raises(OperationError, match="pulled the plug"):
        restoring.restore(made)
    assert state(data) == before
    assert not list(data.glob(f"{archive.BEFORE}*"))


@pytest.mark.parametrize("name", ["../outside", "/outside", "bundles/../../outside", "link"])
def test_an_archive_that_leads_out_of_the_data_folder_is_refused(tmp_path, name):
    member = tarfile.TarInfo(name)
    if name == "link":
        member.type, member.linkname = tarfile.SYMTYPE, "/etc"
    with tarfile.open(tmp_path / "data.tar", "w") as files:
        files.addfile(member)
    with pytest.raises(OperationError, match=r"can't be unpacked: .*is no file of the data folder"):
        archive.unpack(tmp_path / "data.tar", tmp_path / "inside")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.tar", "inside"]


def test_what_is_unpacked_is_what_was_written_links_as_files(data, tmp_path):
    (data / "media" / "again.png").symlink_to(data / "media" / "logo.png")
    (data / "media" / "run.sh").touch(mode=0o750)
    archive.write(tmp_path / "data.tar", set())
    archive.unpack(tmp_path / "data.tar", tmp_path / "inside")
    assert (tmp_path / "inside" / "media" / "again.png").read_text() == "media/logo.png"
    assert not (tmp_path / "inside" / "media" / "again.png").is_symlink()
    assert (tmp_path / "inside" / "media" / "run.sh").stat().st_mode & 0o777 == 0o750


def test_only_a_folder_s_own_old_backups_are_removed_and_only_after_a_good_one(made, data, monkeypatch):
    folder, old = made.parent, datetime.now(UTC) - timedelta(days=31)
    ours = shutil.copytree(made, folder / f"heatwise-{old:{backups.STAMP}}")
    recent = shutil.copytree(made, folder / f"heatwise-{old + timedelta(days=2):{backups.STAMP}}")
    killed = folder / f".heatwise-{old:{backups.STAMP}}.partial"
    others = [folder / name for name in ("2020-01-01", "heatwise-2020-01-01T000000Z", "heatwise", "notes")]
    impossible = shutil.copytree(made, folder / "heatwise-2020-99-99T000000Z")
    for path in (killed, *others):
        path.mkdir()
        (path / "precious.txt").write_text("mine")
        os.utime(path, (0, 0))
    made.rename(made.with_name(f"heatwise-{old + timedelta(days=3):{backups.STAMP}}"))
    with monkeypatch.context() as broken:
        broken.setattr(backups.engine(), "dump", lambda path: (_ for _ in ()).throw(OperationError("no space")))
        with pytest.raises(OperationError):
            backups.make(folder, 30)
    assert ours.exists()
    newest = backups.make(folder, 30)
    assert not ours.exists()
    assert not killed.exists()
    assert all((path / "precious.txt").exists() for path in others)
    assert all(path.exists() for path in (recent, impossible, newest))


def test_a_backup_that_fails_is_not_told_as_good(data, tmp_path, monkeypatch):
    shutil.rmtree(data / "bundles")
    with pytest.raises(OperationError, match="the database names the bundle 'birds-1'"):
        backups.make(tmp_path / "kept", 30)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [".lock"]
    assert routines.last(routines.BACKUP) is None


def test_a_folder_inside_the_data_folder_is_refused(data):
    with pytest.raises(OperationError, match="inside the data folder"):
        backups.make(data / "backups", 30)


def test_two_backups_at_once_are_one_and_a_refusal(data, tmp_path):
    (tmp_path / "kept").mkdir()
    with (
        leftovers.locked(tmp_path / "kept" / ".lock", ""),
        pytest.raises(OperationError, match="another backup is being made"),
    ):
        backups.make(tmp_path / "kept", 30)
