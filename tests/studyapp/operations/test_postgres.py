"""The PostgreSQL backend's look at whether a connection still lives."""

import contextlib

import psycopg
import pytest
from django.db import DataError, OperationalError, connection, transaction

from studyapp.run import sessions

SEVERAL = 7

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
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM studyapp_participant run%'"
        )
        return cursor.fetchone()[0]


def read_often(run):
    return [sessions.get(run.pk).position for _ in range(SEVERAL)]


def test_the_statement_that_every_page_asks_is_planned_once_for_a_connection(anna):
    assert read_often(anna) == [0] * SEVERAL
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
        assert read_often(anna) == [0] * SEVERAL
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE studyapp_participant DROP COLUMN since")


def test_a_statement_is_carried_out_within_the_transaction_that_is_open(anna):
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        connection.carried_out("UPDATE studyapp_participant SET position = %s WHERE id = %s", [5, anna.pk])
        assert sessions.get(anna.pk).position == 5
        raise ZeroDivisionError
    assert sessions.get(anna.pk).position == 0


def test_what_postgresql_refuses_is_djangos_error_and_breaks_the_transaction():
    statement = "SELECT 1 / %s::int"
    with pytest.raises(DataError), transaction.atomic():
        connection.carried_out(statement, [0])
    assert connection.carried_out(statement, [1]) == [(1,)]
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            connection.carried_out(statement, [1])


@pytest.mark.parametrize("text", ["a\0b", "\0", "a\ud800"])
def test_a_text_that_postgresql_cannot_hold_is_refused_and_none_is_cut(text):
    with pytest.raises((DataError, UnicodeEncodeError)):
        connection.carried_out("SELECT %s::text", [text])
    assert connection.carried_out("SELECT %s::text", ["a\u2028\n'b\\"]) == [("a\u2028\n'b\\",)]


def test_a_statement_is_seen_by_whoever_counts_queries(anna, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert sessions.get(anna.pk).pk == anna.pk


def test_a_connection_that_ends_while_it_is_asked_is_a_database_out_of_reach(anna):
    with pytest.raises(OperationalError):
        connection.carried_out("SELECT pg_terminate_backend(pg_backend_pid()), %s::int", [1])
    connection.close_if_unusable_or_obsolete()
    assert sessions.get(anna.pk).pk == anna.pk


@pytest.mark.parametrize("value", [None, "", "“ä”\\n'", -1, 2.5e-7, 1e300])
def test_values_arrive_as_they_are(value):
    kind = {str: "text", int: "bigint", float: "float8"}.get(type(value), "text")
    assert connection.carried_out(f"SELECT %s::{kind}", [value]) == [(value,)]
