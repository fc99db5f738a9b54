"""Several things at once, and waiting for one of them."""

import time
from threading import Barrier, Thread

from django.db import connection


def together(*calls):
    """Run every call in its own thread and connection, all let go at once; return results in order."""
    barrier, results = Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        barrier.wait()
        try:
            results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [result for result in results if isinstance(result, Exception)]
    if errors:
        raise errors[0]
    return results


def until(is_so, seconds: float = 240) -> None:
    """Wait until something is so; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
