"""A PostgreSQL database, by its own pg_dump and pg_restore, which run as the app's user of the database.

What a dump holds is counted in the very snapshot that is dumped, and compared with a database that was loaded from it.
"""

import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, LiteralString
from urllib.parse import quote, urlencode

import psycopg
from django.db import connection, connections
from psycopg import sql
from psycopg.conninfo import make_conninfo

from .contents import NAMED_FOLDERS, RECORDED, Contents, OperationError, Proven

SUFFIX = "dump"
OURS = re.compile(r"[0-9a-f]{12}")  # how a scratch database's name ends
# The sum of what hashes say of each row depends on all rows, and not on their order.
COUNTED = """SELECT count(*), coalesce(sum(('x' || substr(md5(row::text), 1, 15))::bit(60)::bigint), 0)::text
             FROM {} AS row"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
DJANGOS_OWN = {"dbname", "context", "cursor_factory", "prepare_threshold", "client_encoding"}
NOT_ALLOWED = "{user} may not make databases, which proves a backup. As postgres: ALTER ROLE {user} CREATEDB"


def files() -> set[str]:
    """Return the files of the data folder that the running database consists of: none."""
    return set()


def dump(path: Path) -> Contents:
    """Write the database, as it is at one moment, to a new file; return what it holds."""
    with _connected() as database:
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = _one(database, "SELECT pg_export_snapshot()")
        with path.open("wb") as file:
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", to=file)
        return _contents(database)


class Loaded:
    """A database made from a dump, beside the one in use."""

    def __init__(self, name: str):
        self.name = name
        self.is_taken = False

    @property
    def url(self) -> str:
        given = _given()
        user, password, host = (quote(str(given.pop(key, "")), safe="") for key in ("user", "password", "host"))
        port = f":{given.pop('port')}" if given.get("port") else ""
        login = f"{user}{password and ':'}{password}@" if user else ""
        return f"postgres://{login}{host}{port}/{self.name}?{urlencode(given)}"

    def proven(self) -> Proven:
        """Return what it holds."""
        with _connected(self.name) as database:
            migrations = [f"{app}.{name}" for app, name in database.execute(RECORDED)]
            bundles = [row[0] for row in database.execute(NAMED_FOLDERS)]
            return Proven(_contents(database), migrations, bundles)

    def replace(self, stamp: str, before: Path) -> str:
        """Put it in the place of the one in use, both renamed in one transaction; return what the old is called now."""
        connections.close_all()
        old = connection.settings_dict["NAME"]
        kept = _kept(old, stamp)
        with _maintenance() as server:
            try:
                _alter(server, old, "WITH ALLOW_CONNECTIONS false")
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)", [[old, self.name]]
                )
                with server.transaction():
                    _alter(server, old, "RENAME TO {}", kept)
                    _alter(server, self.name, "RENAME TO {}", old)
                self.is_taken = True
            finally:
                _alter(server, kept if self.is_taken else old, "WITH ALLOW_CONNECTIONS true")
        return f"the database {kept}"


def was_replaced(stamp: str) -> bool:
    """Return whether the restore of that time replaced the database before it was killed; both can be used again."""
    connections.close_all()
    old = connection.settings_dict["NAME"]
    kept = _kept(old, stamp)
    with _maintenance() as server:
        names = [
            name for (name,) in server.execute("SELECT datname FROM pg_database WHERE datname = ANY(%s)", [[old, kept]])
        ]
        for name in names:
            _alter(server, name, "WITH ALLOW_CONNECTIONS true")
    return kept in names


def _kept(name: str, stamp: str) -> str:
    """Return what a database is called once the restore of that time has replaced it."""
    ending = f"_before_{stamp.replace('-', '').lower()}"
    return name[: 63 - len(ending)] + ending


@contextmanager
def loaded(path: Path, at: Path) -> Iterator[Loaded]:
    """Yield a database made from a dump; it is gone afterwards, unless it took the other's place.

    One at a time, so that what a killed process left can be told from what is in use, and is dropped.
    """
    prefix = f"{connection.settings_dict['NAME'][:36]}_scratch_"
    database = Loaded(f"{prefix}{secrets.token_hex(6)}")
    with _maintenance() as server:
        if not _one(server, "SELECT pg_try_advisory_lock(hashtext(%s))", prefix):
            raise OperationError("another backup or restore of this database is under way")
        for (left,) in server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]):
            if OURS.fullmatch(left.removeprefix(prefix)):
                _drop(server, left)
        try:
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database.name)))
        except psycopg.errors.InsufficientPrivilege:
            raise OperationError(NOT_ALLOWED.format(user=_one(server, "SELECT current_user"))) from None
        try:
            _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", str(path), into=database.name)
            yield database
        finally:
            if not database.is_taken:
                _drop(server, database.name)


def _contents(database: psycopg.Connection) -> Contents:
    """Return what each table holds; the settings are those on which a row's text depends."""
    for setting in ("TimeZone TO 'UTC'", "DateStyle TO 'ISO'", "extra_float_digits TO 1", "bytea_output TO 'hex'"):
        database.execute(f"SET LOCAL {setting}")
    names = [name for (name,) in database.execute(TABLES)]
    counted = {name: database.execute(sql.SQL(COUNTED).format(sql.Identifier(name))).fetchone() for name in names}
    return {name: list(row or ()) for name, row in counted.items()}


def _given() -> dict[str, Any]:
    """Return how libpq reaches the app's server, with the app's own rights."""
    return {key: value for key, value in connection.get_connection_params().items() if key not in DJANGOS_OWN and value}


def _connected(name: str = "") -> psycopg.Connection:
    """Return a new connection to a database, by default the one in use."""
    name = name or connection.settings_dict["NAME"]
    try:
        return psycopg.connect(**_given() | {"dbname": name})
    except psycopg.OperationalError as error:
        raise OperationError(f"the database {name} doesn't answer: {str(error).splitlines()[0]}") from None


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection]:
    with closing(_connected("postgres")) as server:
        server.autocommit = True
        yield server


def _drop(server: psycopg.Connection, name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _one(database: psycopg.Connection, question: LiteralString, *values: str) -> Any:
    row = database.execute(question, values).fetchone()
    return row[0] if row else None


def _alter(server: psycopg.Connection, name: str, what: LiteralString, *names: str) -> None:
    clause = sql.SQL(what).format(*(sql.Identifier(one) for one in names))
    server.execute(sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(name), clause))


def _run(program: str, *arguments: str, to: IO[bytes] | None = None, into: str = "") -> None:
    """Run one of PostgreSQL's programs on the database in use, or on another; what it says when it fails is raised."""
    given = _given() | {"dbname": into or connection.settings_dict["NAME"]}
    environment = os.environ | {"PGPASSWORD": str(given.pop("password", os.environ.get("PGPASSWORD", "")))}
    command = [program, f"--dbname={make_conninfo(**given)}", *arguments]
    try:
        done = subprocess.run(command, env=environment, stdout=to, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        raise OperationError(f"{program} is missing: install the package postgresql-client") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[0]
        raise OperationError(f"{program}: {reason.removeprefix(f'{program}: ')}")
