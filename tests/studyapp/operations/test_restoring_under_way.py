"""A backup and a restore as an operator does them, with people in the middle of their runs before and after.

The commands are those of the systemd units in `deploy/`, run with no more of an environment than systemd gives.
"""

import re
import shlex
import subprocess
import sys
from configparser import ConfigParser

import psycopg
import pytest
from django.db import connection

from benchmarks.serving import servers
from benchmarks.serving.study import SLUG
from benchmarks.walking.people import Walk, walk_heatwise
from tests.studyapp.operations.patient import Patient

pytestmark = pytest.mark.database
UNITS = servers.ROOT / "deploy"
LAST_CHANGE = "from studyapp.models import Change; print(Change.objects.first().action)"
UNIX = {"PATH": "/usr/bin:/bin"}


class Away(Exception):
    """Somebody closes the tab."""


def go(browser: Patient, name: str, *, upto: int = 1000) -> Walk:
    """Walk one person on, from wherever the run stands, until it has `upto` pages more behind it, or is over."""
    met = Walk(name)

    def think() -> float:
        if met.pages > upto:
            raise Away
        return 0

    try:
        with browser:
            walk_heatwise(browser, SLUG, met, think)
    except Away:
        pass
    return met


@pytest.fixture(scope="module")
def server():
    with servers.heatwise("postgres" if connection.vendor == "postgresql" else "sqlite") as running:
        yield running


def do(server: servers.Server, command: list[str]) -> str:
    """Run a command as `env -i PATH=/usr/bin:/bin` would, with the server's settings from a file."""
    file = server.folder.parent / f"{server.folder.name}.env"
    given = {name: server.environment[name] for name in server.environment if name.startswith(("HEATWISE", "DATABASE"))}
    file.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in given.items()))
    script = f"set -a; . {file}; set +a; exec {shlex.join(command)}"
    try:
        done = subprocess.run(
            ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in UNIX.items()), "/bin/sh", "-c", script],
            cwd=servers.ROOT,
            capture_output=True,
            text=True,
        )
    finally:
        file.unlink()
    assert done.returncode == 0, done.stderr
    return done.stdout


def unit(name: str, folder) -> list[str]:
    """Return what a systemd unit starts, with this machine's paths in the place of a server's."""
    parsed = ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str
    parsed.read(UNITS / f"{name}.service")
    command = shlex.split(parsed["Service"]["ExecStart"])
    here = {"/srv/heatwise/venv/bin/python": sys.executable, "/var/backups/heatwise": str(folder)}
    return [here.get(word, word) for word in command]


def test_people_in_the_middle_of_their_runs_go_on_after_a_restore(server, tmp_path):
    before, under_way, later, new = (Patient(server.port) for _ in range(4))
    assert go(before, "before").finished
    half = go(under_way, "under-way", upto=8)
    folder = do(server, unit("heatwise-backup", tmp_path / "kept")).strip()
    lost = go(under_way, "under-way", upto=6)
    assert not go(later, "later", upto=9).finished
    server.stop()
    told = do(server, [sys.executable, "manage.py", "restore", folder])
    server.start()
    assert "is in use" in told
    assert "secret key" not in told
    with later:
        assert later.get(f"/s/{SLUG}/run/").status == 302
    rest = go(under_way, "under-way")
    assert go(new, "new").finished
    assert "Restored the backup of" in server.run("manage.py", "shell", "-v0", "-c", LAST_CHANGE)
    stored = server.ask("benchmarks.serving.study", "answers")
    assert set(stored) == {"before", "under-way", "new"}
    assert {run["status"] for run in stored.values()} == {"completed"}
    assert {*half.acknowledged, *rest.acknowledged} == {position for position, _ in stored["under-way"]["answers"]}
    assert not set(half.acknowledged) & set(rest.acknowledged)
    assert set(lost.acknowledged) <= set(rest.acknowledged)
    drop(told)


def drop(told: str) -> None:
    if kept := re.search(r"the database (\w+)", told):
        address = f"{servers.POSTGRES}/postgres".replace("postgres://", "postgresql://")
        with psycopg.connect(address, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {kept[1]}")


def test_the_daily_units_run_with_what_systemd_gives_them(server, tmp_path):
    do(server, unit("heatwise-retention", tmp_path / "kept"))
    do(server, unit("heatwise-backup", tmp_path / "kept"))
    assert do(server, unit("heatwise-routines", tmp_path)).count("T") == 2
