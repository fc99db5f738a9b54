"""Let many people walk while everything breaks around them, and say whether anything was lost, doubled or grew.

python -m benchmarks.soak                               1,000 people for half an hour
python -m benchmarks.soak --people 100 --minutes 3      a short one

The production server runs on a PostgreSQL of its own. In turn a worker is killed, the database restarted as after a
power cut, the server reloaded; whole exports are fetched beside. Exit code 1 where an answer was lost or doubled, or
memory, connections or file handles grew by more than a quarter from the second third of the time to the last.
"""

import argparse
import io
import json
import os
import random
import signal
import time
import zipfile
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from pathlib import Path
from statistics import median
from threading import Event, Thread

import psycopg

from .serving import servers
from .serving.cluster import cluster
from .serving.study import SLUG
from .walking import report
from .walking.browser import Browser, Reply
from .walking.crowd import paced
from .walking.people import Walk, walk_heatwise

PAGES = 26  # of a whole session; people arrive over ten pauses more
TRIES, PAUSE_S = 600, 0.2
SAMPLE_S = 3
GROWTH = 1.25


class Patient(Browser):
    """Tries again until it is answered, as the page does."""

    def _ask(self, *request) -> Reply:
        for _ in range(TRIES):
            try:
                reply = super()._ask(*request)
            except (OSError, HTTPException):
                reply = None
            if reply and reply.status < 500:
                return reply
            time.sleep(PAUSE_S)
        raise TimeoutError(f"{request[1]} was not answered for {TRIES * PAUSE_S:.0f} seconds")


@dataclass
class Beside:
    """What happened beside the people."""

    troubles: dict[str, int] = field(default_factory=dict)
    exports: int = 0
    exports_broken_off: int = 0
    samples: list[dict[str, float]] = field(default_factory=list)


def main() -> None:
    options = _options()
    pause_s = 60 * options.minutes / (PAGES + 10)
    beside, over = Beside(), Event()
    with cluster() as (address, restart):
        servers.POSTGRES = address
        with servers.heatwise("postgres") as server:
            key = server.ask("benchmarks.serving.study", "key")
            jobs = [(_trouble, server, restart, options.every), (_export, server, key), (_sample, server)]
            threads = [Thread(target=job, args=[beside, over, *given]) for job, *given in jobs]
            for thread in threads:
                thread.start()
            names = [f"soak-{number:05d}" for number in range(options.people)]
            crowd = paced(partial(_walk, server.port), names, pause_s=pause_s)
            over.set()
            for thread in threads:
                thread.join()
            stored = server.ask("benchmarks.serving.study", "answers")
            figures = report.run(server.name, "paced", crowd, {}, stored)
    growth = _growth(beside.samples)
    print(json.dumps(_summary(options, pause_s, crowd.seconds, figures, beside, growth), indent=2))
    grew = [name for name, row in growth.items() if row["ratio"] > GROWTH]
    if figures["errors"] or figures["lost"] or figures["doubled"] or grew:
        raise SystemExit(1)


def _walk(port: int, walk: Walk, think) -> None:
    headers = {"X-Forwarded-Proto": "https", "Referer": f"https://127.0.0.1:{port}/"}
    with Patient(port, headers=headers) as browser:
        walk_heatwise(browser, SLUG, walk, think)


def _trouble(beside: Beside, over: Event, server: servers.Server, restart, every_s: float) -> None:
    """Break something every few seconds."""
    kinds = cycle(["worker killed", "database restarted", "worker killed", "server reloaded"])
    while not over.wait(every_s):
        kind = next(kinds)
        beside.troubles[kind] = beside.troubles.get(kind, 0) + 1
        if kind == "worker killed":
            workers = [pid for pid in server.processes() if pid != server.process.pid]
            os.kill(random.choice(workers), signal.SIGKILL)
        elif kind == "database restarted":
            restart("immediate")
        else:
            os.kill(server.process.pid, signal.SIGHUP)


def _export(beside: Beside, over: Event, server: servers.Server, key: str) -> None:
    """Fetch one export after another; one that breaks off is none, and is told apart by its zip."""
    headers = server.headers | {"Authorization": f"Token {key}"}
    while not over.wait(1):
        connection = HTTPConnection("127.0.0.1", server.port, timeout=120)
        try:
            connection.request("GET", f"/api/studies/{SLUG}/export/", headers=headers)
            whole = zipfile.ZipFile(io.BytesIO(connection.getresponse().read())).testzip() is None
        except (OSError, HTTPException, zipfile.BadZipFile):
            whole = False
        finally:
            connection.close()
        beside.exports += whole
        beside.exports_broken_off += not whole


def _sample(beside: Beside, over: Event, server: servers.Server) -> None:
    begun = time.monotonic()
    while not over.wait(SAMPLE_S):
        pids = server.processes()
        try:
            with psycopg.connect(server.database.replace("postgres://", "postgresql://")) as database:
                row = database.execute("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")
                connections = row.fetchone()[0]
        except psycopg.Error:
            continue
        memory = sum(_memory_mib(pid) for pid in pids)
        handles = max(
            (len(os.listdir(f"/proc/{pid}/fd")) for pid in pids if Path(f"/proc/{pid}/fd").exists()), default=0
        )
        at = time.monotonic() - begun
        beside.samples.append({"s": at, "memory_mib": memory, "connections": connections, "handles": handles})


def _memory_mib(pid: int) -> float:
    """Return the memory that is a process's own share: what several share counts once in all."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0)


def _growth(samples: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return each quantity's median in the second and the last third of the time, and their ratio."""
    third = len(samples) // 3
    found = {}
    for name in ("memory_mib", "connections", "handles"):
        before = median([sample[name] for sample in samples[third : 2 * third]] or [0])
        after = median([sample[name] for sample in samples[2 * third :]] or [0])
        ratio = round(after / before, 2) if before else 1
        found[name] = {"second_third": round(before, 1), "last_third": round(after, 1), "ratio": ratio}
    return found


def _summary(options, pause_s: float, seconds: float, found: dict, beside: Beside, growth: dict) -> dict:
    return {
        "people": options.people,
        "pause_s": round(pause_s, 1),
        "seconds": round(seconds),
        "load": round(os.getloadavg()[0], 1),
        **{name: found[name] for name in ("finished", "acknowledged", "lost", "doubled", "errors")},
        "latency_ms": found["latency_ms"]["(all)"],
        "troubles": beside.troubles,
        "exports": beside.exports,
        "exports_broken_off": beside.exports_broken_off,
        "growth": growth,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1000, help="how many walk at once (default 1,000)")
    parser.add_argument("--minutes", type=float, default=30, help="how long all of it takes, about (default 30)")
    parser.add_argument("--every", type=float, default=20, help="seconds between two troubles (default 20)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
