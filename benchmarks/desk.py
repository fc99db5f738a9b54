"""How long every page of the desk takes on a large study.

python -m benchmarks.desk                    10,000 runs on PostgreSQL
python -m benchmarks.desk --runs 500         fewer
python -m benchmarks.desk ask                the pages alone, in this very process, with the server's settings

Printed are seconds of wall clock, the median of three after a first one; that first one is told, too.
"""

import argparse
import json
import os
import re
import sys
import time
from statistics import median

import django

from . import servers
from .study import SLUG

PAGE = re.compile(r'href="(/admin/[^"#?]*)(?:\?[^"#]*)?"')
TIMES = 3
MOST = 40  # addresses that differ in numbers alone are one page


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--bots", type=int, default=60, help="that walk before their runs are copied (default 60)")
    options = parser.parse_args()
    with servers.heatwise("postgres") as server:
        server.run("manage.py", "simulate", SLUG, "--participants", str(options.bots), "--seed", "1")
        server.run("-m", "benchmarks.study", "fill", str(options.runs - options.bots), "3")
        found = server.ask("benchmarks.desk", "ask")
    rows = sorted(found["pages"].items(), key=lambda row: -row[1]["usual_s"])
    print(f"{found['runs']} runs, {found['answers']} answers; load {os.getloadavg()[0]:.1f}\n")
    print("| page | first, s | then, s | kB |\n|---|---|---|---|")
    for path, row in rows:
        print(f"| `{path}` | {row['first_s']:.2f} | {row['usual_s']:.2f} | {row['bytes'] / 1000:.0f} |")


def ask() -> dict:
    """Return how long each page takes to which the desk leads, from its first page and the study's on."""
    from django.contrib.auth.models import User
    from django.test import Client

    from studyapp import models

    models.Participant.objects.update(bot="")  # as people's: they are counted everywhere
    client = Client(headers={"X-Forwarded-Proto": "https", "host": "127.0.0.1"})
    client.force_login(User.objects.create_superuser("desk"))
    study = models.Study.objects.get(slug=SLUG)
    waiting, found = ["/admin/", f"/admin/studyapp/study/{study.pk}/change/"], {}
    while waiting and len(found) < MOST:
        path = waiting.pop(0)
        name = re.sub(r"\d+", "N", path)
        if name in found or re.search(r"delete|logout|password|export/|download|bonus|file/", path):
            continue
        begun = time.perf_counter()
        answer = client.get(path, secure=True)
        first_s = time.perf_counter() - begun
        if answer.status_code != 200 or answer.streaming:
            continue
        times = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            client.get(path, secure=True)
            times.append(time.perf_counter() - begun)
        found[name] = {"first_s": first_s, "usual_s": median(times), "bytes": len(answer.content)}
        waiting += PAGE.findall(answer.content.decode())
    n_answers = models.Response.objects.count()
    return {"runs": study.participants.count(), "answers": n_answers, "pages": found}


if __name__ == "__main__":
    if sys.argv[1:] == ["ask"]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
        django.setup()
        json.dump(ask(), sys.stdout)
    else:
        main()
