"""The database wrapper that `ENGINE = "studyapp.postgres"` names."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Return whether the connection lives, as Django wants to know before every request's first query.

        A server that went away has left its farewell, or at least the end of the stream, to be read. So an idle
        connection with nothing to read is taken for alive, without the round trip that Django spends on asking.
        """
        if self.connection is None or self.connection.closed:
            return False
        if self.errors_occurred:
            return super().is_usable()
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0) or super().is_usable()
