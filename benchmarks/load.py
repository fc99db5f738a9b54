"""Walk many people through whole sessions of the production server, and say how fast and how surely it served.

python -m benchmarks.load                 at a realistic pace, then saturated; PostgreSQL, then SQLite
python -m benchmarks.load --otree         saturated, beside oTree with as many pages, in the same run
python -m benchmarks.load --help          numbers of people, pauses, workers; --json FILE for the figures
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path

from .serving import servers
from .serving.study import SLUG
from .walking import report
from .walking.browser import Browser
from .walking.crowd import Crowd, paced, saturate
from .walking.people import Walk, through_heatwise, walk_otree

MODES = ("paced", "saturated")
WARM_UP = 12


def main() -> None:
    options = _options()
    results = {"machine": report.machine(), "options": vars(options) | {"json": None}, "runs": [], "cost": {}}
    if options.otree:
        for _ in range(options.rounds):
            results["runs"] += [_otree(options), _heatwise(options, "postgres", ["saturated"])[0]]
    else:
        for database in options.databases:
            results["runs"] += _heatwise(options, database, options.modes)
        if "postgres" in options.databases and "paced" in options.modes and options.leave is None:
            results["cost"] = _cost()
    print(report.text(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))
    if any(run["errors"] or run.get("lost") or run.get("doubled") for run in results["runs"]):
        raise SystemExit(1)


def _heatwise(options, database: str, modes: list[str]) -> list[dict]:
    runs = []
    for mode in modes:
        with servers.heatwise(database, workers=options.workers, threads=options.threads) as server:
            crowd, used = _crowd(options, mode, server, partial(through_heatwise, server.port, SLUG))
            stored = server.ask("benchmarks.serving.study", "answers")
            runs.append(report.run(server.name, mode, crowd, used, stored))
    return runs


def _otree(options) -> dict:
    with servers.otree(WARM_UP + options.people) as (server, link):
        crowd, used = _crowd(options, "saturated", server, partial(_through_otree, server.port, link))
        return report.run(server.name, "saturated", crowd, used)


def _cost() -> dict:
    with servers.heatwise("postgres") as server:
        return server.ask("benchmarks.cost")


def _crowd(options, mode: str, server: servers.Server, journey) -> tuple[Crowd, dict[str, float]]:
    """Walk everybody, once the server is warm; return what they met, and who used how many processor seconds.

    At a realistic pace these aren't counted: idle database connections end, and their seconds with them.
    """
    saturate(journey, [f"warm-up-{number}" for number in range(WARM_UP)], workers=WARM_UP, limit_s=options.limit)
    names = [f"{mode}-{number:05d}" for number in range(options.people)]
    before, own = server.processor_s(), time.process_time()
    if mode == "paced":
        return paced(journey, names, pause_s=options.pause, limit_s=options.leave), {}
    crowd = saturate(journey, names, workers=options.clients, limit_s=options.limit)
    after = server.processor_s()
    used = {name: after[name] - before[name] for name in after}
    return crowd, used | {"clients": time.process_time() - own}


def _through_otree(port: int, link: str, walk: Walk, think) -> None:
    with Browser(port) as browser:
        walk_otree(browser, f"{link}?participant_label={walk.name}", walk, think)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=200, help="how many walk through (default 200)")
    parser.add_argument("--pause", type=float, default=8, help="mean pause before an answer, seconds (default 8)")
    parser.add_argument("--leave", type=float, help="at a realistic pace: everybody has left after so many seconds")
    parser.add_argument("--clients", type=int, default=8, help="people at once when saturated (default 8)")
    parser.add_argument("--limit", type=float, default=300, help="nobody starts after so many seconds (default 300)")
    parser.add_argument("--workers", type=int, default=2, help="gunicorn's processes (default 2)")
    parser.add_argument("--threads", type=int, default=4, help="threads of each process (default 4)")
    parser.add_argument("--databases", nargs="+", choices=("postgres", "sqlite"), default=["postgres", "sqlite"])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--otree", action="store_true", help="compare with oTree, saturated, on PostgreSQL")
    parser.add_argument("--rounds", type=int, default=1, help="how often the comparison is repeated (default once)")
    parser.add_argument("--json", type=Path, help="write all figures to this file too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
