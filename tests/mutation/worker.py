"""Run tests on mutants, in the copy of the project that is the working folder: a mutant a line on standard input.

A line is JSON: path, source (with the mistake), tests, limit_s. The answer is a line of JSON: code (what
pytest ends with in a fork of this process, None beyond the limit), seconds (of the processor), and output (its last
lines). Limits are the processor's seconds too, so that a busy machine makes no mistake look like one that never ends.
"""

import importlib
import importlib.metadata
import json
import math
import os
import resource
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
MODELS_TABLES = ["--no-migrations"]  # making each by sixteen migrations takes longer than most tests
LAST_CHARACTERS = 2000
MOST_MEMORY = 6 * 2**30  # bytes that a test may take beside its worker's: a mistake may ask for arrays without end
WAITING = 30  # times its limit a test may last where it waits, for its turn or for what never comes


def exit_code(tests: list[str], limit_s: float, log: Path) -> tuple[int | None, float]:
    """Return what pytest ends with in a fork of this process, None beyond the limit, and the processor's seconds that
    it took, those of processes it started among them; its output goes to the log."""
    pid = os.fork()
    if pid == 0:
        _child(tests, limit_s, log)
    end = time.monotonic() + WAITING * limit_s
    done = 0
    while not done and time.monotonic() < end:
        time.sleep(0.02)
        done, status, used = os.wait4(pid, os.WNOHANG)
    if not done:
        os.killpg(pid, signal.SIGKILL)
        _, status, used = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return None if code in (-signal.SIGXCPU, -signal.SIGKILL) else code, used.ru_utime + used.ru_stime


def _child(tests: list[str], limit_s: float, log: Path) -> None:
    os.setpgid(0, 0)
    whole = math.ceil(limit_s)
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    most = _taken() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
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


def _taken() -> int:
    """Return how many bytes of data this process has; 0 where the system doesn't tell."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[5]) * resource.getpagesize() if told.exists() else 0


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
        try:
            path.write_text(job["source"], encoding="utf-8")
            code, seconds = exit_code([*MODELS_TABLES, *job["tests"]], job["limit_s"], log)
        finally:
            path.write_text(kept, encoding="utf-8")
        output = log.read_text(encoding="utf-8", errors="replace")[-LAST_CHARACTERS:]
        print(json.dumps({"code": code, "seconds": seconds, "output": output}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
