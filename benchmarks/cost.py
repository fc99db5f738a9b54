"""What one page costs the server: queries, CPU and bytes; a process of its own, with the server's settings.

python -m benchmarks.cost --serve            on a database of its own, as a table
python -m benchmarks.cost [RUNS]             walk whole sessions in this very process and print the cost by page as JSON

`cold_ms` is the processor time while no part of a page is kept from before, as after a start; `cpu_ms` once all are.
"""

import gzip
import io
import json
import os
import sys
import time
from contextlib import contextmanager
from statistics import mean, median, median_high

from .serving.study import SLUG, answers
from .walking.browser import Browser, Reply
from .walking.people import Walk, name_of, walk_heatwise

WARM_UP = 18  # sessions, so that each of six conditions was walked twice and more
BETWEEN = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


class InProcess(Browser):
    """A browser that calls the WSGI application itself; measures what every request costs."""

    def __init__(self, application, measure):
        self.cookies, self.costs = {}, []
        self._application, self._measure = application, measure

    def _ask(self, method, path, body, headers):
        environ = _environ(method, path, body or b"", headers | {"Cookie": self._cookie_header()})
        answer = {}

        def start_response(status, fields, exc_info=None):
            answer["status"], answer["headers"] = int(status[:3]), fields

        with self._measure() as cost:
            response = self._application(environ, start_response)
            content = b"".join(response)
            response.close()
        self._remember(value for name, value in answer["headers"] if name.lower() == "set-cookie")
        self.costs.append(cost | {"bytes": len(content), "compressed": len(gzip.compress(content, 6))})
        fields = {name.lower(): value for name, value in answer["headers"]}
        return Reply(answer["status"], fields, content, 0.0, path)


@contextmanager
def counting():
    """Count the queries of a request, transactions' own statements apart."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    cost = {}
    with CaptureQueriesContext(connection) as captured:
        yield cost
    cost["queries"] = sum(not (query["sql"] or "").startswith(BETWEEN) for query in captured.captured_queries)


@contextmanager
def timing():
    """Time a request: processor milliseconds of this process, and milliseconds of wall clock."""
    cost = {}
    cpu, wall = time.process_time(), time.perf_counter()
    yield cost
    cost["cpu_ms"] = 1000 * (time.process_time() - cpu)
    cost["wall_ms"] = 1000 * (time.perf_counter() - wall)


@contextmanager
def cold():
    """Time a request of which no part is kept from before."""
    from django.core.cache import cache

    cache.clear()
    with timing() as cost:
        yield (found := {})
    found["cold_ms"] = cost["cpu_ms"]


def measure(runs: int) -> dict[str, dict]:
    """Return the cost by kind of page, over `runs` sessions each that are cold, that are counted and that are timed."""
    from studyapp.wsgi import application

    by_page: dict[str, dict[str, list[float]]] = {}
    ways = [timing, *[cold] * runs, *[timing] * WARM_UP, *[counting, timing] * runs]
    for number, way in enumerate(ways):
        walk, costs = _session(application, way, f"cost-{number}")
        if way is timing and number <= runs + WARM_UP:
            continue  # what is kept for others is being made
        pages = answers()[walk.name]["pages"]
        for (kind, *_), cost in zip(walk.requests, costs, strict=True):
            rows = by_page.setdefault(name_of(kind, pages), {})
            for quantity, value in cost.items():
                rows.setdefault(quantity, []).append(value)
    return {
        name: {
            "queries": median_high(rows["queries"]),
            "cpu_ms": median(rows["cpu_ms"]),
            "cold_ms": median(rows["cold_ms"]),
            "wall_ms": median(rows["wall_ms"]),
            "bytes": round(mean(rows["bytes"])),
            "compressed": round(mean(rows["compressed"])),
        }
        for name, rows in by_page.items()
    }


def _session(application, measure, name: str) -> tuple[Walk, list[dict]]:
    browser, walk = InProcess(application, measure), Walk(name)
    walk_heatwise(browser, SLUG, walk, lambda: 0.0)
    return walk, browser.costs


def _environ(method: str, path: str, body: bytes, headers: dict[str, str]) -> dict:
    address, _, query = path.partition("?")
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": address,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": headers.pop("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_REFERER": "https://127.0.0.1/",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }


def table(found: dict[str, dict]) -> str:
    """Return the cost by kind of page as Markdown."""
    lines = ["| page | queries | cold, ms | kept, ms | bytes | gzip |", "|---|---|---|---|---|---|"]
    for name, row in found.items():
        cells = [row["queries"], f"{row['cold_ms']:.1f}", f"{row['cpu_ms']:.1f}", row["bytes"], row["compressed"]]
        lines.append(f"| {name} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        from .serving import servers

        with servers.heatwise("sqlite") as server:
            print(table(server.ask("benchmarks.cost", "6")))
        raise SystemExit
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    django.setup()
    json.dump(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 6), sys.stdout)
