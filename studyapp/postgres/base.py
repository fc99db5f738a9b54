"""The database wrapper that `ENGINE = "studyapp.postgres"` names."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import Cursor

TRUSTED_S = 1.0
ASKED_BEFORE = 5  # times that a connection was asked the same before its server keeps the plan


class DatabaseWrapper(base.DatabaseWrapper):
    _looked_at = float("-inf")

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Have the server keep the plans of what is asked meanwhile, for as long as the connection lives.

        It takes ten times as long to plan the statement by which a run is read as to carry it out. Where `PREPARED` is
        off, as behind a pooler that hands connections round, everything is planned anew.
        """
        self.ensure_connection()
        usual = self.connection.cursor_factory
        self.connection.cursor_factory = Cursor if settings.PREPARED else usual
        try:
            yield
        finally:
            if self.connection is not None:
                self.connection.cursor_factory = usual

    def get_new_connection(self, conn_params):
        connection = super().get_new_connection(conn_params)
        connection.prepare_threshold = ASKED_BEFORE if settings.PREPARED else None
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
