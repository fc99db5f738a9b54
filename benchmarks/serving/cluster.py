"""A PostgreSQL of one's own, which may be restarted while others use theirs."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"), key=lambda path: path.parent.name)


@contextmanager
def cluster() -> Iterator[tuple[str, Callable[[str], None]]]:
    """Yield its address, and `restart(mode)`, with PostgreSQL's modes `fast` and `immediate`, as after a power cut."""
    with tempfile.TemporaryDirectory(prefix="heatwise-cluster-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = Path(folder) / "data"
        if os.getuid() == 0:
            subprocess.run(["chown", "postgres", folder], check=True)
        _run("initdb", "--auth=trust", "--username=postgres", "--no-sync", str(data))
        options = (
            f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=60"
        )
        control = ["pg_ctl", "--wait", f"--pgdata={data}", f"--log={folder}/log", f"--options={options}"]
        _run(*control, "start")
        try:
            yield f"postgres://postgres@127.0.0.1:{port}", lambda mode: _run(*control, f"--mode={mode}", "restart")
        finally:
            _run(*control, "--mode=immediate", "stop")


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs, which refuse to be run by root."""
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    command = [*as_postgres, str(BINARIES / program), *arguments]
    subprocess.run(command, check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
