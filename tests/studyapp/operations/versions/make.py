"""Write the database of an earlier version, with people in the middle of their runs, as a test migrates it.

python -m tests.studyapp.operations.versions.make COMMIT

The version's own code serves its demo; one person walks to the end, two stop on the way. Written are
`<migration>.sqlite.sql.gz` and `<migration>.postgresql.sql.gz` beside this file, called by the version's last
migration. A released version is added once, before its successor's first migration, and never made anew.
"""

import gzip
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_hex

import psycopg

from benchmarks.serving.servers import POSTGRES, ROOT
from benchmarks.walking.browser import Browser
from benchmarks.walking.people import Walk, walk_heatwise

HERE = Path(__file__).parent
PAGES = {"completed": 1000, "late": 12, "early": 3}  # how many of them each person answers
START_S = 60


class Away(Exception):
    """Somebody closes the tab."""


def main(commit: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        code = Path(scratch) / "code"
        subprocess.run(["git", "worktree", "add", "--detach", code, commit], cwd=ROOT, check=True)
        try:
            migration = max(path.stem for path in (code / "studyapp" / "migrations").glob("0*.py"))
            for engine, (address, dumped) in {
                "sqlite": (_sqlite, _dumped),
                "postgresql": (_postgres, _pg_dumped),
            }.items():
                with address(Path(scratch)) as url:
                    _fill(code, url, Path(scratch) / engine)
                    with gzip.GzipFile(HERE / f"{migration}.{engine}.sql.gz", "wb", mtime=0) as file:
                        file.write(dumped(url))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", code], cwd=ROOT, check=True)


def _fill(code: Path, url: str, data: Path) -> None:
    """Let the version's own server take three people's answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"DATABASE_URL": url, "HEATWISE_DATA": str(data)}
    subprocess.run([sys.executable, "manage.py", "demo", "--prepare-only"], cwd=code, env=environment, check=True)
    command = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
    with subprocess.Popen(command, cwd=code, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(port)
            for name, n_pages in PAGES.items():
                _walk(port, Walk(name), n_pages)
        finally:
            server.terminate()


def _walk(port: int, met: Walk, n_pages: int) -> None:
    def think() -> float:
        if met.pages > n_pages:
            raise Away
        return 0

    with Browser(port) as browser:
        try:
            walk_heatwise(browser, "scenes", met, think)
        except Away:
            return


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/health/")
                connection.getresponse()
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the version's server doesn't answer")


@contextmanager
def _sqlite(scratch: Path):
    yield f"sqlite:///{scratch / 'heatwise.sqlite3'}"


@contextmanager
def _postgres(scratch: Path):
    name = f"heatwise_version_{token_hex(4)}"
    with psycopg.connect(f"{POSTGRES}/postgres".replace("postgres://", "postgresql://"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES}/{name}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _dumped(url: str) -> bytes:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        return "\n".join(database.iterdump()).encode()


def _pg_dumped(url: str) -> bytes:
    command = ["pg_dump", "--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=100", url]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
