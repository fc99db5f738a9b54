"""How long the dashboard takes with many participants: `python -m benchmarks.dashboard [--participants 10000]`.

In a database of its own (SQLite in a temporary folder, or what DATABASE_URL names), the demo study is filled with runs
that stand at random places; those completed keep what real runs keep. Then the page and its updates are timed.
"""

import argparse
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median

ROUNDS = 11
STATUSES = {
    "completed": 0.7,
    "active": 0.1,
    "withdrawn": 0.08,
    "expired": 0.08,
    "screened_out": 0.03,
    "no_consent": 0.01,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--participants", type=int, default=10_000)
    parser.add_argument("--into", metavar="SLUG", help="fill a study of the environment's database; measure nothing")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "studyapp.settings"
    if options.into:
        import django

        django.setup()
        from studyapp import models

        _fill(models.Study.objects.get(slug=options.into), options.participants)
        return
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{scratch}/bench.sqlite3")
        os.environ["HEATWISE_DATA"] = scratch
        _measure(options.participants)


def _measure(n: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from studyapp.desk.results import dashboard
    from studyapp.management.commands import demo

    call_command("migrate", verbosity=0)
    study = demo.prepare(Path(demo.STUDIES) / "scenes.json")
    _fill(study, n)
    times, used = [], []
    for _ in range(ROUNDS):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            began, cpu = time.perf_counter(), time.process_time()
            parts = dashboard.rendered(study)
            times.append(1000 * (time.perf_counter() - began))
            used.append(1000 * (time.process_time() - cpu))
    size = sum(len(part["html"]) for part in parts.values())
    print(
        f"{n} runs, {connection.vendor}, {ROUNDS} rounds: median {median(times):.0f} ms, slowest {max(times):.0f} ms;"
    )
    print(f"median {median(used):.0f} ms of processor time here; {len(queries)} queries; {size / 1024:.0f} KiB of HTML")


def _fill(study, n: int) -> None:
    from django.utils import timezone

    from studyapp import models

    rng, now = Random(1), timezone.now()
    cells, version = list(study.conditions.all()), study.current
    n_steps = 32
    runs = []
    for number in range(n):
        status = rng.choices([*STATUSES], [*STATUSES.values()])[0]
        took = timedelta(seconds=1200 * rng.lognormvariate(0, 0.4))
        done = status == "completed"
        runs.append(
            models.Participant(
                study=study,
                version=version,
                condition=cells[number % len(cells)],
                status=status,
                position=n_steps - 1 if done else rng.randrange(n_steps),
                seed=number,
                seen_at=now - timedelta(minutes=rng.randrange(90)),
                ended_at=now + took if status != "active" else None,
                summary={"n_trials": 14, "n_correct": 9, "bonus": "4.50", "reward": "12.50"} if done else {},
                quality=_quality(rng) if done else {},
            )
        )
    models.Participant.objects.bulk_create(runs, batch_size=1000)


def _quality(rng: Random) -> dict:
    return {
        "trial_ms": round(20_000 * rng.lognormvariate(0, 0.5), 1),
        "hidden": round(rng.random() ** 4, 3),
        "same": ["confidence"] if rng.random() < 0.05 else [],
        "failed": {"screening": 1} if rng.random() < 0.1 else {},
    }


if __name__ == "__main__":
    main()
