"""The PostgreSQL backend's look at whether a connection still lives."""

import psycopg
import pytest
from django.db import connection

from studyapp.postgres.base import ASKED_BEFORE
from studyapp.run import sessions

pytestmark = [
    pytest.mark.database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="about PostgreSQL; .ci/run sets DATABASE_URL"),
]


def next_request():
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.fixture(autouse=True)
def kept_connection(monkeypatch):
    monkeypatch.setattr("studyapp.postgres.base.TRUSTED_S", 0)
    before = connection.settings_dict["CONN_MAX_AGE"], connection.health_check_enabled
    connection.close()
    connection.settings_dict["CONN_MAX_AGE"], connection.health_check_enabled = None, True
    yield
    connection.close()
    connection.settings_dict["CONN_MAX_AGE"], connection.health_check_enabled = before


def test_a_living_connection_is_kept_without_asking(monkeypatch):
    asked = []
    monkeypatch.setattr("django.db.backends.postgresql.base.DatabaseWrapper.is_usable", asked.append)
    first = next_request()
    assert next_request() == first
    assert not asked


def test_a_connection_that_the_server_ended_is_replaced_before_the_next_query():
    first = next_request()
    address = connection.get_connection_params()
    with psycopg.connect(
        host=address.get("host"), port=address.get("port"), user=address.get("user"), dbname=address["dbname"]
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert next_request() != first


@pytest.fixture
def anna(study, start):
    return start("anna")


def kept_plans() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%plan_steps%'")
        return cursor.fetchone()[0]


def read_often(run):
    return [sessions.get(run.pk).position for _ in range(ASKED_BEFORE + 2)]


def test_the_statement_that_every_page_asks_is_planned_once_for_a_connection(anna):
    assert read_often(anna) == [0] * (ASKED_BEFORE + 2)
    assert kept_plans() == 1


def test_behind_a_pooler_no_plan_is_kept(anna, settings):
    settings.PREPARED = False
    read_often(anna)
    assert kept_plans() == 0


def test_a_plan_outlives_an_update_that_adds_a_column(anna):
    read_often(anna)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE studyapp_participant ADD COLUMN since integer")
    try:
        assert read_often(anna) == [0] * (ASKED_BEFORE + 2)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE studyapp_participant DROP COLUMN since")
