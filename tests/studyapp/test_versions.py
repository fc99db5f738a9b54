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


def load(name: str) -> None:
    """Put a dump in the place of the test's database."""
    sql = gzip.decompress((FOLDER / f"{name}.{connection.vendor}.sql.gz").read_bytes())
    connections.close_all()
    if connection.vendor == "sqlite":
        with (
            closing(sqlite3.connect(":memory:")) as dump,
            closing(sqlite3.connect(connection.settings_dict["NAME"])) as db,
        ):
            dump.executescript(sql.decode())
            dump.backup(db)
            db.execute("PRAGMA journal_mode=WAL")
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    at = connection.settings_dict
    login = {"PGHOST": at["HOST"], "PGPORT": str(at["PORT"]), "PGUSER": at["USER"], "PGPASSWORD": at["PASSWORD"]}
    command = ["psql", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", at["NAME"]]
    subprocess.run(command, input=sql, env=os.environ | login, check=True)
    connections.close_all()


@pytest.fixture
def database():
    """Give the next test an empty database of the present schema, whatever became of this one's."""
    read_version.cache_clear()
    yield
    read_version.cache_clear()
    connections.close_all()
    if connection.vendor == "sqlite":
        with (
            closing(sqlite3.connect(":memory:")) as none,
            closing(sqlite3.connect(connection.settings_dict["NAME"])) as db,
        ):
            none.backup(db)
            db.execute("PRAGMA journal_mode=WAL")
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)


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
