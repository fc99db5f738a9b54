"""Export a million rows while people answer, and say what that does to their answers.

python -m benchmarks.export               alone; beside `export_study`; beside the export that the API gives
python -m benchmarks.export --help        numbers of people and runs, pauses; --json FILE for the figures

Crowds walk at the same pace through the same server, whose study holds as many runs: the first alone, the others while
one export follows the other.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

from .serving import servers
from .serving.study import SLUG
from .walking import report
from .walking.crowd import paced, saturate
from .walking.people import through_heatwise

SOURCES = 6
WAYS = ("alone", "export_study", "api")


def main() -> None:
    options = _options()
    results = {
        "machine": report.machine(),
        "options": vars(options) | {"json": None, "otree": False},
        "runs": [],
        "cost": {},
    }
    with servers.heatwise("postgres") as server:
        journey = partial(through_heatwise, server.port, SLUG)
        saturate(journey, [f"source-{number}" for number in range(SOURCES)], workers=2, limit_s=300)
        server.run("-m", "benchmarks.serving.study", "fill", str(options.runs))
        key = server.ask("benchmarks.serving.study", "key")
        peaks_mib: list[float] = []
        ways = {
            "alone": None,
            "export_study": partial(_by_command, server, peaks_mib),
            "api": partial(_by_api, server, key),
        }
        for name in options.beside:
            with _again_and_again(ways[name]) as exports:
                crowd = paced(journey, [f"{name}-{number}" for number in range(options.people)], pause_s=options.pause)
            figures = report.run(
                server.name, f"paced, {name}", crowd, {}, server.ask("benchmarks.serving.study", "answers")
            )
            results["runs"].append(figures | {"exports_s": [round(seconds, 1) for seconds in exports]})
    print(report.text(results))
    for figures in results["runs"]:
        print(f"{figures['mode']}: exports took {figures['exports_s']} s")
    if peaks_mib:
        print(f"export_study: at most {max(peaks_mib):.0f} MiB of memory")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))
    if any(run["errors"] or run["lost"] or run["doubled"] for run in results["runs"]):
        raise SystemExit(1)


@contextmanager
def _again_and_again(export):
    """Export for as long as the block lasts; yields a list that gets each finished export's seconds."""
    took, enough = [], Event()

    def work() -> None:
        while export and not enough.is_set():
            begun = time.perf_counter()
            export()
            took.append(time.perf_counter() - begun)

    thread = Thread(target=work)
    thread.start()
    try:
        yield took
    finally:
        enough.set()
        thread.join()


def _by_command(server: servers.Server, peaks_mib: list[float]) -> None:
    """Export by the command, long and wide, and note the most memory that it held."""
    folder = server.folder / "exported"
    command = [sys.executable, "manage.py", "export_study", SLUG, "--out", str(folder), "--wide"]
    process = subprocess.Popen(command, env=server.environment, cwd=servers.ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"export_study ended with {process.returncode}")
    peaks_mib.append(used.ru_maxrss / 1024)
    shutil.rmtree(folder)


def _by_api(server: servers.Server, key: str) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=900)
    headers = server.headers | {"Authorization": f"Token {key}"}
    connection.request("GET", f"/api/studies/{SLUG}/export/", headers=headers)
    answer = connection.getresponse()
    while answer.read(1 << 20):
        pass
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"the export answered {answer.status}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9000, help="runs in the study, about 128 rows each (default 9000)")
    parser.add_argument("--people", type=int, default=30, help="how many answer at the same time (default 30)")
    parser.add_argument("--pause", type=float, default=2, help="mean pause before an answer, seconds (default 2)")
    parser.add_argument("--beside", nargs="+", choices=WAYS, default=list(WAYS), help="what to measure (default: all)")
    parser.add_argument("--json", type=Path, help="write all figures to this file too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
