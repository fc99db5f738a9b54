"""`python -m tests.mutation statistics --sample 60 --seed 1`: the share of mistakes that the tests notice.

Nothing is changed in place: each worker has a copy of the project in a temporary folder, which goes when it ends.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from queue import Queue

from tests import once
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.sets import SETS, Set

ROOT = Path(__file__).resolve().parent.parent.parent
PASSED = 0  # pytest's exit code; any other kills, as a file that cannot be imported does
FIRST_LIMIT_S = 600.0


def main(arguments: list[str] | None = None) -> int:
    """Print mistakes that nobody noticed; returns 1 where too few are killed, 2 where they fail without."""
    options = parser().parse_args(arguments)
    chosen = SETS[options.set]
    sources = [path for path in chosen.sources if options.only in path]
    everything = [mutant for path in sources for mutant in mutants(path, source_of(path))]
    if options.sample and options.sample < len(everything):
        everything = random.Random(options.seed).sample(everything, options.sample)
    if options.list:
        print(*(mutant.in_words(source_of(mutant.path)) for mutant in everything), sep="\n")
        return 0
    with ExitStack() as stack:
        workers: Queue = Queue()
        for _ in range(options.jobs):
            workers.put(stack.enter_context(worker(chosen)))
        limits = time_limits(chosen, {mutant.path for mutant in everything}, workers, options.jobs)
        if limits is None:
            return 2
        results = tested(everything, chosen, limits, workers, options.jobs)
        return report(options.set, list(results), options.at_least)


def parser() -> argparse.ArgumentParser:
    """Return the command line's definition."""
    top = argparse.ArgumentParser(prog="python -m tests.mutation", description="Do the tests notice small mistakes?")
    top.add_argument("set", choices=sorted(SETS), help="which sources")
    top.add_argument("--sample", type=int, metavar="N", help="N mistakes, drawn at random (default: all)")
    top.add_argument("--seed", type=int, default=1, help="which N (default 1)")
    top.add_argument("--only", default="", metavar="TEXT", help="only sources with TEXT in their path")
    top.add_argument("--jobs", type=int, default=2, help="how many at once (default 2)")
    top.add_argument("--at-least", type=float, default=0, metavar="PERCENT", help="fail where fewer are killed")
    top.add_argument("--list", action="store_true", help="print the mistakes, and run nothing")
    return top


@cache
def source_of(path: str) -> bytes:
    """Return a source as it was when it was first asked for: places of mistakes hold for that one."""
    return (ROOT / path).read_bytes()


@contextmanager
def worker(chosen: Set) -> Iterator[subprocess.Popen]:
    """Give a process that runs tests in a copy of the project: what git knows, and what it would not ignore."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy_project(Path(folder))
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"), "1")
        command = [sys.executable, "-m", "tests.mutation.worker", *chosen.warm]
        given = {name: value for name, value in os.environ.items() if name != once.RUN}  # mistakes share nothing
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   env={**given, **single, "PYTHONPATH": folder})  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def copy_project(folder: Path) -> None:
    """Copy the project's files, without what git ignores."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def ask(process: subprocess.Popen, path: str, source: bytes, tests: tuple[str, ...], limit_s: float) -> dict:
    """Return a worker's answer."""
    job = {"path": path, "source": source.decode(), "tests": list(tests), "limit_s": limit_s}
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise RuntimeError(f"the worker ended at {path}")
    return json.loads(answer)


def time_limits(chosen: Set, paths: set[str], workers: Queue, jobs: int) -> dict[str, float] | None:
    """Return per source how long its tests may take, by how long they take unchanged; None where they fail so."""

    def unchanged(tests: tuple[str, ...]) -> dict:
        path = next(path for path in sorted(paths) if chosen.sources[path] == tests)
        with taken(workers) as process:
            return ask(process, path, source_of(path), tests, FIRST_LIMIT_S)

    groups = sorted({chosen.sources[path] for path in paths})
    with ThreadPoolExecutor(jobs) as pool:
        answers = dict(zip(groups, pool.map(unchanged, groups), strict=True))
    for tests, answer in answers.items():
        if answer["code"] != PASSED:
            print(f"{answer['output']}\n{' '.join(tests)}: fail without any mistake", file=sys.stderr)
            return None
    return {path: 10 + 3 * answers[chosen.sources[path]]["seconds"] for path in paths}


@contextmanager
def taken(workers: Queue) -> Iterator[subprocess.Popen]:
    """Give an idle worker, and put it back."""
    process = workers.get()
    try:
        yield process
    finally:
        workers.put(process)


def tested(everything: list[Mutant], chosen: Set, limits: dict[str, float], workers: Queue, jobs: int) -> Iterator:
    """Yield every mutant with killed, timed out or survived, and print at once those that no test refused."""

    def test(mutant: Mutant) -> tuple[Mutant, str]:
        source = mutant.applied(source_of(mutant.path))
        with taken(workers) as process:
            code = ask(process, mutant.path, source, chosen.sources[mutant.path], limits[mutant.path])["code"]
        return mutant, {None: "timed out", PASSED: "survived"}.get(code, "killed")

    with ThreadPoolExecutor(jobs) as pool:
        for number, (mutant, result) in enumerate(pool.map(test, everything), start=1):
            if sys.stderr.isatty():
                print(f"\r{number} of {len(everything)}", end="", file=sys.stderr)
            if result != "killed":
                print(f"{result}: {mutant.in_words(source_of(mutant.path))}", flush=True)
            yield mutant, result


def report(name: str, results: list[tuple[Mutant, str]], at_least: float) -> int:
    """Print the share killed, by file and in all."""
    by_file = Counter(mutant.path for mutant, _ in results)
    alive = Counter(mutant.path for mutant, result in results if result == "survived")
    for path, count in sorted(by_file.items()):
        print(f"{count - alive[path]:5} of {count:4} killed  {path}")
    killed = len(results) - alive.total()
    endless = sum(result == "timed out" for _, result in results)
    share = 100 * killed / max(1, len(results))
    print(f"{name}: {killed} of {len(results)} killed ({share:.1f} %), {endless} of them by running out of time")
    return int(share < at_least)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that copies go when the run is ended from outside
    sys.exit(main())
