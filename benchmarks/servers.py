"""Start the servers that are compared, each with a fresh database of its own, and leave nothing behind."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg

from .processor import used_s

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("HEATWISE_BENCH_POSTGRES", "postgres://postgres@127.0.0.1:5432")
OTREE_VENV = ROOT / "build" / ".venv-otree"
START_S = 60


@dataclass
class Server:
    """A server that answers on 127.0.0.1 at `port`; `environment` is what its own programs run with."""

    name: str
    port: int
    environment: dict[str, str]
    database: str
    process: subprocess.Popen | None = None
    folder: Path = field(default_factory=Path)

    def run(self, *module: str) -> str:
        """Run one of our modules with the server's settings and return what it prints."""
        command = [sys.executable, *module]
        return subprocess.run(
            command, env=self.environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def ask(self, module: str, *arguments: str) -> dict:
        return json.loads(self.run("-m", module, *arguments))

    def processor_s(self) -> dict[str, float]:
        """Return the processor seconds that the server and its database have used so far."""
        return used_s(self.process.pid, self.database)

    def kill(self) -> None:
        """Kill the server and all its workers at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def heatwise(database: str, *, workers: int = 2, threads: int = 4) -> Iterator[Server]:
    """Serve the study by gunicorn with production settings on a fresh `postgres` or `sqlite` database."""
    with _folder() as folder, _database(database, folder) as url:
        environment = os.environ | {
            "HEATWISE_ENV": "production",
            "HEATWISE_SECRET_KEY": secrets.token_urlsafe(64),
            "HEATWISE_HOSTS": "127.0.0.1",
            "HEATWISE_DATA": str(folder),
            "HEATWISE_BIND": f"127.0.0.1:{(port := _free_port())}",
            "HEATWISE_WORKERS": str(workers),
            "HEATWISE_THREADS": str(threads),
            "DATABASE_URL": url,
        }
        server = Server(f"Heatwise on {database}", port, environment, url, folder=folder)
        server.run("manage.py", "migrate", "--verbosity=0")
        server.run("manage.py", "collectstatic", "--noinput", "--verbosity=0")
        server.run("-m", "benchmarks.study", "prepare")
        with serving(server):
            yield server


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Run gunicorn for as long as the block lasts."""
    command = [sys.executable, "-m", "gunicorn", "-c", "python:studyapp.serving", "studyapp.wsgi"]
    with _process(server, command, ROOT, "/health/"):
        yield server


@contextmanager
def otree(people: int) -> Iterator[tuple[Server, str]]:
    """Serve the comparison by oTree's production server on PostgreSQL; yields it and the participants' link."""
    install_otree()
    with _folder() as folder, _database("postgres", folder) as url:
        project = folder / "project"
        shutil.copytree(ROOT / "benchmarks" / "otree", project, ignore=shutil.ignore_patterns("__pycache__"))
        (project / "_static").mkdir()
        environment = os.environ | {
            "PATH": f"{OTREE_VENV / 'bin'}:{os.environ['PATH']}",
            "DATABASE_URL": url,
            "OTREE_PRODUCTION": "1",
            "OTREE_AUTH_LEVEL": "STUDY",
            "OTREE_REST_KEY": (key := secrets.token_hex(16)),
        }
        server = Server("oTree on postgres", _free_port(), environment, url, folder=folder)
        command = ["otree", "prodserver1of2", f"127.0.0.1:{server.port}"]
        with _process(server, command, project, "/api/otree_version", {"otree-rest-key": key}):
            connection = HTTPConnection("127.0.0.1", server.port, timeout=600)
            wanted = {"session_config_name": "forward_simulation", "num_participants": people}
            connection.request("POST", "/api/sessions", json.dumps(wanted), {"otree-rest-key": key})
            link = json.loads(connection.getresponse().read())["session_wide_url"]
            yield server, "/" + link.split("/", 3)[3]


def install_otree() -> None:
    """Install oTree from PyPI into an environment of its own, once."""
    if (OTREE_VENV / "bin" / "otree").exists():
        return
    print("Installing oTree into build/.venv-otree …", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", OTREE_VENV], check=True)
    subprocess.run(
        [OTREE_VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "otree", "psycopg2-binary"],
        check=True,
    )


def otree_version() -> str:
    command = [OTREE_VENV / "bin" / "python", "-c", "from importlib.metadata import version; print(version('otree'))"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def _process(server: Server, command: list[str], folder: Path, path: str, headers: dict | None = None):
    """Run a server in a process group of its own until the block ends; its output goes to `server.log`."""
    with (server.folder / "server.log").open("ab") as log:
        server.process = subprocess.Popen(
            command, cwd=folder, env=server.environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(server, path, headers or {"X-Forwarded-Proto": "https"})
        yield
    finally:
        if server.process.poll() is None:
            server.process.terminate()
            try:
                server.process.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait(server: Server, path: str, headers: dict[str, str]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.process.poll() is None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
        try:
            connection.request("GET", path, headers=headers)
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    said = (server.folder / "server.log").read_text(errors="replace")[-3000:]
    raise SystemExit(f"{server.name} does not answer; it said:\n{said}")


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="heatwise-load-") as folder:
        yield Path(folder)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """Make a fresh database and drop it at the end; yields its address."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'heatwise.sqlite3'}"
        return
    name = f"heatwise_load_{os.getpid()}_{secrets.token_hex(3)}"
    with psycopg.connect(f"{POSTGRES}/postgres".replace("postgres://", "postgresql://"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES}/{name}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
