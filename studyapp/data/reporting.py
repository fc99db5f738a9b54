"""Reports made in the browser: a process of its own exports the data, runs `python -m analysis report`, keeps the page.

The maker gives a sign of life every few seconds; a report whose maker fell silent counts as failed, so that none is
under way for ever. The export is deleted once the report is written: what people ask to have erased is then gone there
too.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow
from studyapp.data.exporting import export
from studyapp.jobs import processes

NEEDED = ("analysis", "pandas", "scipy", "statsmodels", "matplotlib", "sklearn", "jinja2", "tqdm")
SILENT = timedelta(seconds=60)
FEWEST = 2  # completed runs
BEAT_S = 5
BAR = re.compile(r"(analyses|figures):\s+(\d+)%")
PAGE = "report.html"
Status = models.Report.Status


def missing() -> list[str]:
    """Return which of the analysis' requirements this installation lacks."""
    return [name for name in NEEDED if find_spec(name) is None]


def folder_of(report: models.Report) -> Path:
    """Return where a report's files lie."""
    return settings.DATA_DIR / "reports" / str(report.pk)


def discard(study: models.Study) -> None:
    """Delete the files of all of a study's reports."""
    for report in study.reports.all():
        shutil.rmtree(folder_of(report), ignore_errors=True)


def reports(study: models.Study):
    """Return the study's reports, the newest first; those whose maker fell silent are marked as failed first."""
    silent = Q(status=Status.RUNNING, seen_at__lt=timezone.now() - SILENT)
    said = "The process that made it ended before it was done, as when the server is restarted. Make it again."
    study.reports.filter(silent).update(status=Status.FAILED, error=said, finished_at=timezone.now())
    return study.reports.select_related("requested_by")


def lacking_data(study: models.Study) -> str:
    """Return why no report can be made yet, and what to do; empty where two people, or failing any two bots, completed.

    Bots' data are analysed, and marked as theirs, as long as nobody else has completed.
    """
    completed = study.participants.filter(preview=False, status=flow.COMPLETED)
    n = completed.filter(bot="").count() or completed.count()
    if n >= FEWEST:
        return ""
    so_far = "Nobody has completed the study yet" if not n else "Only one run is completed so far"
    todo = "wait for people, or let bots walk it" if study.current else "publish the study, then let bots walk it"
    return f"{so_far}; statistics need at least {FEWEST}. To try the report out, {todo}."


def start(study: models.Study, user) -> models.Report:
    """Have a report made in the background and return it; the one under way, where there is one."""
    running = reports(study).filter(status=Status.RUNNING).first()
    if running:
        return running
    report = models.Report.objects.create(
        study=study, requested_by=user, seen_at=timezone.now(), progress="waiting to start"
    )
    _spawn(report)
    return report


def _spawn(report: models.Report) -> None:
    log = folder_of(report)
    log.mkdir(parents=True, exist_ok=True)
    with (log / "maker.log").open("wb") as output:
        processes.start("make_report", str(report.pk), output=output)


def make(report: models.Report) -> None:
    """Make a report, here and now; whatever goes wrong is stored with it, in words."""
    done = Event()
    beat = Thread(target=_beat, args=[report.pk, done], daemon=True)
    beat.start()
    try:
        _make(report)
    except Exception as error:  # of whatever kind: the researcher is told, and the report isn't under way for ever
        report.status, report.error = Status.FAILED, f"{error}" or type(error).__name__
    else:
        report.status, report.progress = Status.DONE, ""
    finally:
        done.set()
        beat.join()
    report.finished_at = report.seen_at = timezone.now()
    report.save()


def _make(report: models.Report) -> None:
    if lacking := missing():
        raise RuntimeError(f"The analysis is not installed here: {', '.join(lacking)} missing.")
    folder = folder_of(report)
    exported, made = folder / "export", folder / "report"
    try:
        _tell(report, "exporting the data")
        export(report.study, exported)
        report.data_sha256, report.study_version = data_hash(exported), _version(exported)
        report.save(update_fields=["data_sha256", "study_version"])
        _analyse(report, exported, made)
        report.n_participants = json.loads((made / "results.json").read_text(encoding="utf-8"))["sample"]["n"]
    finally:
        shutil.rmtree(exported, ignore_errors=True)


def data_hash(exported: Path) -> str:
    """Return one hash over an export's tables and plan: the same data have the same, whenever they are exported."""
    files = sorted([*(exported / "data").iterdir(), *exported.glob("analysis_plan.json")])
    lines = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _version(exported: Path) -> str:
    return json.loads((exported / "dataset_description.json").read_text(encoding="utf-8"))["study_version"]


def _analyse(report: models.Report, exported: Path, made: Path) -> None:
    """Run the analysis as its own command, telling how far it is; its last words are the reason where it fails.

    All its words go to the maker's log.
    """
    _tell(report, "starting the analysis")
    command = [sys.executable, "-m", "analysis", "report", str(exported), "--out", str(made)]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    said = ""
    with process.stdout as lines:
        for line in lines:  # universal newlines: the bar's carriage returns end lines, too
            if bar := BAR.search(line):
                _tell(report, f"{bar[1]}: {bar[2]} %")
            elif line.strip():
                said = line.strip()
                print(said, flush=True)
    if process.wait() != 0:
        raise RuntimeError(_reason(said).replace(f"{exported}/", "").replace(str(exported), "the export"))


def _reason(said: str) -> str:
    """Return the reason that the analysis gives; of a fault of its own, how to get more than its last line."""
    if said.startswith("error: "):
        return said.removeprefix("error: ")
    return (
        f"The analysis broke off ({said or 'without a word'}). The server's data folder keeps its log; exporting the "
        "data and running `python -m analysis report` shows it, too."
    )


def _tell(report: models.Report, progress: str) -> None:
    if progress != report.progress:
        report.progress, report.seen_at = progress, timezone.now()
        report.save(update_fields=["progress", "seen_at"])


def _beat(pk: int, done: Event) -> None:
    from django.db import connection

    while not done.wait(BEAT_S):
        models.Report.objects.filter(pk=pk).update(seen_at=timezone.now())
    connection.close()
