"""A browser of somebody who does not give up."""

import time
from http.client import HTTPException

from benchmarks.walking.browser import Browser


class Patient(Browser):
    """Tries again until it is answered, as the page does; keeps every reply that came."""

    def __init__(self, port: int):
        super().__init__(port, headers={"X-Forwarded-Proto": "https", "Referer": f"https://127.0.0.1:{port}/"})
        self.replies, self.refused = [], 0

    def _ask(self, *request):
        for _ in range(300):
            try:
                reply = super()._ask(*request)
            except (OSError, HTTPException):
                self.refused += 1
                time.sleep(0.1)
            else:
                self.replies.append(reply)
                return reply
        raise TimeoutError(f"{request[1]} was not answered for half a minute")
