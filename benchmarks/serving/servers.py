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
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg

from .processor import used_s

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("HEATWISE_BENCH_POSTGRES", "postgres://postgres@127.0.0.1:5432")
OTREE_VENV = ROOT / "build" / ".venv-otree"
START_S = 60


@dataclass
class Server:
    """A server that answers on 127.0.0.1 at `port`; its process group holds all its workers, and nothing else.

    `environment` is what its own programs run with; what it prints goes to `folder/server.log`.
    """

    name: str
    command: list[str]
    cwd: Path
    port: int
    environment: dict[str, str]
    database: str
    folder: Path
    health: str
    headers: dict[str, str]
    process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.cwd, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit(f"{self.name} does not answer; it said:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server as an operator would; one that does not go within 20 seconds is killed."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the server and all its workers at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def processes(self) -> list[int]:
        """Return the processes of gunicorn itself; exports run in others of the same group, and end."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
                command = path.with_name("cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[2]) == self.process.pid and b"gunicorn" in command:
                found.append(int(path.parent.name))
        return found

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def processor_s(self) -> dict[str, float]:
        """Return the processor seconds that the server and its database have used so far."""
        return used_s(self.process.pid, self.database)

    def run(self, *arguments: str) -> str:
        """Run one of our programs with the server's settings and return what it prints."""
        command = [sys.executable, *arguments]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def ask(self, module: str, *arguments: str) -> dict:
        return json.loads(self.run("-m", module, *arguments))

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self.health, headers=self.headers)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


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
        behind_proxy = {"X-Forwarded-Proto": "https"}
        server = _ours(f"Heatwise on {database}", port, environment, folder, behind_proxy)
        server.run("manage.py", "migrate", "--verbosity=0")
        server.run("manage.py", "collectstatic", "--noinput", "--verbosity=0")
        server.run("-m", "benchmarks.serving.study", "prepare")
        with _serving(server):
            yield server


@contextmanager
def desk(user: str, password: str) -> Iterator[Server]:
    """Serve an empty installation on this machine, as `make demo` does without its studies, for one superuser."""
    with _folder() as folder:
        environment = os.environ | {
            "HEATWISE_DATA": str(folder),
            "HEATWISE_BIND": f"127.0.0.1:{(port := _free_port())}",
            "DATABASE_URL": f"sqlite:///{folder / 'heatwise.sqlite3'}",
            "DJANGO_SUPERUSER_PASSWORD": password,
        }
        server = _ours("Heatwise on this machine", port, environment, folder, {})
        server.run("manage.py", "migrate", "--verbosity=0")
        server.run("manage.py", "createsuperuser", "--noinput", "--username", user, "--email", "")
        with _serving(server):
            yield server


def _ours(name: str, port: int, environment: dict[str, str], folder: Path, headers: dict[str, str]) -> Server:
    return Server(
        name=name,
        command=[sys.executable, "-m", "gunicorn", "-c", "python:studyapp.serving", "studyapp.wsgi"],
        cwd=ROOT,
        port=port,
        environment=environment,
        database=environment["DATABASE_URL"],
        folder=folder,
        health="/health/",
        headers=headers,
    )


@contextmanager
def otree(people: int) -> Iterator[tuple[Server, str]]:
    """Serve the comparison by oTree's production server on PostgreSQL; yields it and the participants' link."""
    install_otree()
    with _folder() as folder, _database("postgres", folder) as url:
        project = folder / "project"
        shutil.copytree(Path(__file__).with_name("otree"), project, ignore=shutil.ignore_patterns("__pycache__"))
        (project / "_static").mkdir()
        environment = os.environ | {
            "PATH": f"{OTREE_VENV / 'bin'}:{os.environ['PATH']}",
            "DATABASE_URL": url,
            "OTREE_PRODUCTION": "1",
            "OTREE_AUTH_LEVEL": "STUDY",
            "OTREE_REST_KEY": (key := secrets.token_hex(16)),
        }
        server = Server(
            name=f"oTree {otree_version()} on postgres",
            command=["otree", "prodserver1of2", f"127.0.0.1:{(port := _free_port())}"],
            cwd=project,
            port=port,
            environment=environment,
            database=url,
            folder=folder,
            health="/api/otree_version",
            headers={"otree-rest-key": key},
        )
        with _serving(server):
            yield server, _otree_link(server, people)


def _otree_link(server: Server, people: int) -> str:
    """Make a session for so many people and return the path of the link that all of them use."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=600)
    wanted = {"session_config_name": "forward_simulation", "num_participants": people}
    connection.request("POST", "/api/sessions", json.dumps(wanted), server.headers)
    return "/" + json.loads(connection.getresponse().read())["session_wide_url"].split("/", 3)[3]


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
def _serving(server: Server) -> Iterator[None]:
    """Run a server until the block ends, whatever happened to it meanwhile."""
    try:
        server.start()
        yield
    finally:
        if server.process.poll() is None:
            server.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder and remove it, though a job that a page asked for may still write into it."""
    with tempfile.TemporaryDirectory(prefix="heatwise-load-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """Make a fresh database and drop it at the end; yields its address."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'heatwise.sqlite3'}"
        return
    name = f"heatwise_load_{os.getpid()}_{secrets.token_hex(3)}"
    _as_admin(f"CREATE DATABASE {name}")
    try:
        yield f"{POSTGRES}/{name}"
    finally:
        _as_admin(f"DROP DATABASE {name} WITH (FORCE)")


def _as_admin(statement: str) -> None:
    """Tell the database server something, by a connection of its own: others may not outlive a restart."""
    with psycopg.connect(f"{POSTGRES}/postgres".replace("postgres://", "postgresql://"), autocommit=True) as admin:
        admin.execute(statement)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
