"""The database wrapper that `ENGINE = "studyapp.postgres"` names."""

import select
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import DataError, OperationalError
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

TRUSTED_S = 1.0
Value = int | float | str | None


class DatabaseWrapper(base.DatabaseWrapper):
    _looked_at = float("-inf")

    def carried_out(self, statement: str, values: Sequence[Value]) -> list[tuple[Any, ...]]:
        """Carry out a statement, with `%s` for each of its `values`, and return its rows as a cursor would.

        Its plan is kept with the connection, as it takes ten times as long to plan the statement by which a run is read
        as to carry it out; where `PREPARED` is off, as behind a pooler that hands connections round, it is planned anew
        each time. It goes straight to libpq: a cursor of psycopg's within one of Django's takes six times the time.
        """
        if self.queries_logged or self.execute_wrappers:
            with self.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            rows: list[tuple[Any, ...]] = self._asked(numbered(statement), values)
        return rows

    def _asked(self, statement: bytes, values: Sequence[Value]) -> list[tuple[Any, ...]]:
        pgconn, texts = self.connection.pgconn, [None if value is None else str(value).encode() for value in values]
        if any(text is not None and b"\0" in text for text in texts):  # libpq would end the text there
            raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        if not self.connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
            _well(pgconn.exec_(b"BEGIN"))
        if not settings.PREPARED:
            result = _well(pgconn.exec_params(statement, texts))
        else:
            if statement not in self._plans:
                _well(pgconn.prepare(name := b"heatwise_%d" % len(self._plans), statement))
                self._plans[statement] = name
            result = _well(pgconn.exec_prepared(self._plans[statement], texts))
        reading = Transformer(self.connection)
        reading.set_pgresult(result)
        return reading.load_rows(0, result.ntuples, tuple)

    def get_new_connection(self, conn_params):
        connection = super().get_new_connection(conn_params)
        connection.prepare_threshold = None
        self._plans: dict[bytes, bytes] = {}
        return connection

    def is_usable(self) -> bool:
        """Return whether the connection lives, as Django wants to know before every request's first query.

        A server that went away has left its farewell, or at least the end of the stream, to be read. So an idle
        connection with nothing to read is taken for alive, without the round trip that Django spends on asking, and
        one that was looked at within the last second is not looked at again.
        """
        if self.connection is None or self.connection.closed:
            return False
        if self.errors_occurred:
            return super().is_usable()
        if time.monotonic() - self._looked_at < TRUSTED_S:
            return True
        self._looked_at = time.monotonic()
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0) or super().is_usable()


@lru_cache(maxsize=64)
def numbered(statement: str) -> bytes:
    """Return a statement as PostgreSQL wants it, its places numbered."""
    first, *others = statement.split("%s")
    return "".join([first, *(f"${number}{part}" for number, part in enumerate(others, 1))]).encode()


def _well(result: Any) -> Any:
    """Return a result of libpq's; raise what psycopg's own cursors would where it is an error."""
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return result
    if result.error_field(DiagnosticField.SQLSTATE) is None:  # nobody answered
        raise OperationalError(result.get_error_message())
    raise error_from_result(result)
