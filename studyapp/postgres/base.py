"""The database wrapper that `ENGINE = "studyapp.postgres"` names."""

import select
import time

from django.db.backends.postgresql import base

TRUSTED_S = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    _looked_at = float("-inf")

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
