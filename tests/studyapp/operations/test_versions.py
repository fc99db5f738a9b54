"""Databases of earlier versions, with people in the middle of their runs, migrate and go on; others are refused."""

import gzip
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from studyapp import models
from studyapp.core.engine import flow
from studyapp.publishing import read_version
from studyapp.simulation import by_functions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
FOLDER = Path(__file__).parent / "versions"
VERSIONS = sorted({path.name.partition(".")[0] for path in FOLDER.glob("*.gz")})


def replace(sql: bytes) -> None:
    """Put a dump in the place of the test's database."""
    connections.close_all()
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(":memory:")) as dump, closing(sqlite3.connect(_at()["NAME"])) as database:
            dump.executescript(sql.decode())
            dump.backup(database)
            database.execute("PRAGMA journal_mode=WAL")
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        _run("psql", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", input=sql)
    connections.close_all()
    read_version.cache_clear()


def dumped() -> bytes:
    """Return a dump of the test's database."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(_at()["NAME"])) as database:
            return "\n".join(database.iterdump()).encode()
    return _run("pg_dump", "--no-owner").stdout


def load(version: str) -> None:
    """Put a version's database in the place of the test's."""
    replace(gzip.decompress((FOLDER / f"{version}.{connection.vendor}.sql.gz").read_bytes()))


def _run(program: str, *arguments: str, **options) -> subprocess.CompletedProcess:
    at = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    login = {name: str(_at()[key]) for name, key in at.items() if _at()[key]}
    return subprocess.run([program, *arguments], env=os.environ | login, check=True, stdout=subprocess.PIPE, **options)


def _at() -> dict:
    return connection.settings_dict


@pytest.fixture
def database():
    """Leave the database as it was found, whatever became of it meanwhile."""
    present = dumped()
    yield
    replace(present)


def test_every_version_before_the_present_one_is_here():
    assert VERSIONS
    assert all(
        (FOLDER / f"{name}.{engine}.sql.gz").exists() for name in VERSIONS for engine in ("sqlite", "postgresql")
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_people_in_the_middle_of_their_runs_go_on_after_an_upgrade(database, version):
    load(version)
    call_command("migrate", verbosity=0)
    runs = {row.external_id: row.participant for row in models.Identity.objects.select_related("participant")}
    given = {name: list(run.responses.values_list("position", "answer")) for name, run in runs.items()}
    assert {name: run.status for name, run in runs.items()} == {
        "completed": "completed",
        "late": "active",
        "early": "active",
    }
    assert 0 < len(given["early"]) < len(given["late"]) < len(given["completed"])
    for name in ("early", "late"):
        run = by_functions.finish(lambda name=name: runs[name], "random", Random(1))
        assert run.status in flow.FINAL
        answered = list(run.responses.values_list("position", "answer"))
        assert answered[: len(given[name])] == given[name]
        assert len(answered) > len(given[name])
    assert {run.ticket for run in models.Participant.objects.all()} != {""}
    on_record = set(models.Change.objects.values_list("action", flat=True))
    assert on_record == (set() if version == "0001_initial" else {"Loaded and published the demo's study by command."})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "ALTER TABLE studyapp_participant RENAME COLUMN seed TO luck",
            "its table studyapp_participant lacks the column seed",
        ),
        ("ALTER TABLE studyapp_event ADD COLUMN x integer", "its table studyapp_event has a column x"),
        ("DROP TABLE studyapp_invitation", "the table studyapp_invitation is missing"),
        (
            "INSERT INTO django_migrations (app, name, applied) VALUES ('studyapp', '9999_later', CURRENT_TIMESTAMP)",
            "doesn't know its migration 9999_later",
        ),
    ],
)
def test_a_schema_that_no_version_had_is_refused_in_words_and_left_as_it_is(database, change, said):
    load(VERSIONS[0])
    with connection.cursor() as cursor:
        cursor.execute(change)
    with pytest.raises(CommandError, match=said) as refused:
        call_command("migrate", verbosity=0)
    assert "Nothing was changed" in str(refused.value)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'studyapp' ORDER BY name")
        assert cursor.fetchall()[0] == (VERSIONS[0],)
