"""Run tests on mutants, in the copy of the project that is the working folder: a mutant a line on standard input.

A line is JSON: path, source (with the mistake), tests, limit_s. The answer is a line of JSON: code (what
pytest ends with in a fork of this process, None beyond the limit), seconds, and output (its last lines).
"""

import importlib
import importlib.metadata
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

OPTIONS = [
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--no-header",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
]
LAST_CHARACTERS = 2000


def exit_code(tests: list[str], limit_s: float, log: Path) -> int | None:
    """Return what pytest ends with in a fork of this process, None beyond the limit; its output goes to the log."""
    pid = os.fork()
    if pid == 0:
        _child(tests, log)
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _child(tests: list[str], log: Path) -> None:
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    code = 3
    try:
        code = int(pytest.main([*OPTIONS, *tests]))
        sys.stdout.flush()
    finally:
        os._exit(code)  # neither the worker's own clean-up nor its buffers are the child's


def main(warm: list[str]) -> None:
    """Answer every line until the input ends."""
    for plugin in importlib.metadata.entry_points(group="pytest11"):
        plugin.load()
    for name in warm:
        importlib.import_module(name)
    log = Path(tempfile.mkdtemp(dir=Path.cwd())) / "output.txt"
    for line in sys.stdin:
        job = json.loads(line)
        path = Path(job["path"])
        kept = path.read_text(encoding="utf-8")
        start = time.monotonic()
        try:
            path.write_text(job["source"], encoding="utf-8")
            code = exit_code(job["tests"], job["limit_s"], log)
        finally:
            path.write_text(kept, encoding="utf-8")
        output = log.read_text(encoding="utf-8", errors="replace")[-LAST_CHARACTERS:]
        print(json.dumps({"code": code, "seconds": time.monotonic() - start, "output": output}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
