"""How much processor time a server has used, its database's included; from /proc, so Linux alone."""

import os
from pathlib import Path

import psycopg

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def used_s(group: int, database: str) -> dict[str, float]:
    """Return processor seconds so far: `server` of a process group, `database` of the PostgreSQL backends it holds.

    SQLite works inside the server's own processes, so `database` is 0 there.
    """
    stats = [stat(path) for path in Path("/proc").glob("[0-9]*/stat")]
    backends = _backends(database) if database.startswith("postgres") else set()
    return {
        "server": sum(seconds for _, process_group, seconds in stats if process_group == group),
        "database": sum(seconds for pid, _, seconds in stats if pid in backends),
    }


def stat(path: Path) -> tuple[int, int, float]:
    """Return process, process group and processor seconds, those of children that ended included."""
    try:
        text = path.read_text()
    except OSError:
        return 0, 0, 0.0
    fields = text.rpartition(")")[2].split()
    return int(path.parent.name), int(fields[2]), TICK_S * sum(int(field) for field in fields[11:15])


def _backends(database: str) -> set[int]:
    """Return the backends of a database, but for the one that answers this question."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(database.replace("postgres://", "postgresql://")) as connection:
        return {pid for (pid,) in connection.execute(query)}
