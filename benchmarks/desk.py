"""How long every page of the desk takes on a large study.

python -m benchmarks.desk                         10,700 runs, 300,000 answers, on PostgreSQL
python -m benchmarks.desk --database sqlite       on SQLite
python -m benchmarks.desk --runs 500              fewer
python -m benchmarks.desk ask                     the pages alone, in this very process, with the server's settings

Two coders have read answers before (`--read`), and whoever asks is a third. Printed are seconds of wall clock, the
median of three after a first one; that first one is told, too, and the processor seconds, PostgreSQL's included,
which other work on the machine changes little, and the number of queries.
"""

import argparse
import json
import os
import re
import sys
import time
from html import unescape
from pathlib import Path
from statistics import median

import django

from .serving import servers
from .serving.processor import stat
from .serving.study import SLUG

LINK = re.compile(r'href="([^"#]+)"')
NOT_A_PAGE = re.compile(r"delete|logout|password|/preview/|jsi18n")
TIMES = 3
MOST = 150  # addresses that differ in numbers or in what is asked for alone are one page


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_700)
    parser.add_argument("--bots", type=int, default=60, help="that walk before their runs are copied (default 60)")
    parser.add_argument("--read", type=int, default=2000, help="answers that two coders have read (default 2000)")
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    options = parser.parse_args()
    with servers.heatwise(options.database) as server:
        server.run("manage.py", "simulate", SLUG, "--participants", str(options.bots), "--seed", "1")
        server.run("-m", "benchmarks.serving.study", "fill", str(options.runs - options.bots), "3")
        server.run("-m", "benchmarks.serving.study", "code", str(options.read))
        measured = server.ask("benchmarks.desk", "ask")
    rows = sorted(measured["pages"].items(), key=lambda row: -row[1]["usual_s"])
    print(f"{measured['runs']} runs, {measured['answers']} answers; load {os.getloadavg()[0]:.1f}\n")
    print("| page | first, s | then, s | processor, s | queries | kB |\n|---|---|---|---|---|---|")
    for path, row in rows:
        times = f"{row['first_s']:.2f} | {row['usual_s']:.2f} | {row['processor_s']:.2f}"
        print(f"| `{path}` | {times} | {row['queries']} | {row['bytes'] / 1000:.0f} |")


def ask() -> dict:
    """Return how long each page takes to which the desk leads, from its first page and the study's on."""
    from django.contrib.auth.models import User
    from django.test import Client

    from studyapp import models

    client = Client(headers={"X-Forwarded-Proto": "https", "host": "127.0.0.1"})
    client.force_login(User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("desk"))
    study = models.Study.objects.get(slug=SLUG)
    runs = f"/admin/studyapp/participant/?study__id__exact={study.pk}"
    waiting, pages = ["/admin/", f"/admin/studyapp/study/{study.pk}/change/", f"{runs}&q=copy5", f"{runs}&p=100"], {}
    while waiting and len(pages) < MOST:
        address = waiting.pop(0)
        name = re.sub(r"=[^&]*", "=…", re.sub(r"\d+", "N", address))
        if name in pages or not _is_page(address) or (asked := _asked(client, address)) is None:
            continue
        pages[name], links = asked
        waiting += [_joined(address, unescape(link)) for link in links if not ("?" in address and link.startswith("?"))]
    n_answers = models.Response.objects.count()
    return {"runs": study.participants.count(), "answers": n_answers, "pages": pages}


def _joined(address: str, link: str) -> str:
    return address.partition("?")[0] + link if link.startswith("?") else link


def _is_page(address: str) -> bool:
    """Return whether an address is the desk's, and neither a file to take away nor what ends a session."""
    from django.urls import Resolver404, resolve

    from studyapp.desk.results.downloads import DOWNLOADS

    if not address.startswith("/admin/") or NOT_A_PAGE.search(address):
        return False
    try:
        name = resolve(address.partition("?")[0]).url_name or ""
    except Resolver404:
        return False
    return name not in {f"study_{file}" for file in DOWNLOADS}


def _asked(client, address: str) -> tuple[dict, list[str]] | None:
    """Ask for a page a few times; return what it took and its links, None where it is none."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    times, used = [], []
    for _ in range(1 + TIMES):
        begun, processor = time.perf_counter(), _processor_s()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = client.get(address, secure=True)
        times.append(time.perf_counter() - begun)
        used.append(_processor_s() - processor)
        if answer.status_code != 200 or answer.streaming or not answer["Content-Type"].startswith("text/html"):
            answer.close()
            return None
    about = {
        "first_s": times[0],
        "usual_s": median(times[1:]),
        "processor_s": median(used[1:]),
        "queries": len(asked),
        "bytes": len(answer.content),
    }
    return about, LINK.findall(answer.content.decode())


def _processor_s() -> float:
    """Return the processor seconds so far of this process and of what answers it in PostgreSQL."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return time.process_time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    return time.process_time() + stat(backend)[2]


if __name__ == "__main__":
    if sys.argv[1:] == ["ask"]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
        django.setup()
        json.dump(ask(), sys.stdout)
    else:
        main()
