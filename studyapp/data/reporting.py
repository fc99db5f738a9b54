"""Reports made in the browser: a job exports the data, runs `python -m analysis report`, and keeps the page.

The export is deleted once the report is written: what people ask to have erased is then gone there too. A report
appears whole or not at all: it is made in a folder of its own, and moved to its place at the end.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import IO, cast

from django.conf import settings

from studyapp import jobs, models
from studyapp.core.engine import flow
from studyapp.data.exporting import export
from studyapp.jobs.files import folder_of

NEEDED = ("analysis", "pandas", "scipy", "statsmodels", "matplotlib", "sklearn", "jinja2", "tqdm")
FEWEST = 2  # completed runs
BAR = re.compile(r"(analyses|figures):\s+(\d+)%")
# What part of the whole each takes, in percent: from, to.
PARTS = {"exporting the data": (0, 10), "starting the analysis": (10, 15), "analyses": (15, 50), "figures": (50, 100)}
PAGE = "report.html"
LOG = "maker.log"


def missing() -> list[str]:
    """Return which of the analysis' requirements this installation lacks."""
    return [name for name in NEEDED if find_spec(name) is None]


def reports(study: models.Study):
    """Return the study's reports, the newest first."""
    return jobs.of(study, "report")


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


def start(study: models.Study, user) -> models.Job:
    """Have a report made in the background and return it; the one under way, where there is one."""
    return jobs.ask("report", study=study, user=user, slot=f"report {study.pk}")


def make(job: models.Job, progress) -> None:
    """Make a report, here and now; its result tells the study's version, the data's hash, and how many took part."""
    if lacking := missing():
        raise jobs.JobError(f"The analysis is not installed here: {', '.join(lacking)} missing.")
    folder = folder_of(job)
    scratch = folder / f"try-{job.tries}"
    shutil.rmtree(folder, ignore_errors=True)
    scratch.mkdir(parents=True)
    exported, made = scratch / "export", scratch / "report"
    try:
        _tell(progress, "exporting the data")
        export(job.required_study, exported)
        job.result |= {"data_sha256": data_hash(exported), "study_version": _version(exported)}
        _analyse(folder / LOG, exported, made, progress)
        sample = json.loads((made / "results.json").read_text(encoding="utf-8"))["sample"]
        job.result["n_participants"] = sample["n"]
        progress.check()
        made.rename(folder / "report")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


JOB = jobs.Kind(make, "being made", again=True, folder="reports")


def data_hash(exported: Path) -> str:
    """Return one hash over an export's tables and plan: the same data have the same, whenever they are exported."""
    files = sorted([*(exported / "data").iterdir(), *exported.glob("analysis_plan.json")])
    lines = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _version(exported: Path) -> str:
    return json.loads((exported / "dataset_description.json").read_text(encoding="utf-8"))["study_version"]


def _analyse(log: Path, exported: Path, made: Path, progress) -> None:
    """Run the analysis as its own command, telling how far it is; its last words are the reason where it fails.

    All its words go to the log.
    """
    _tell(progress, "starting the analysis")
    command = [sys.executable, "-m", "analysis", "report", str(exported), "--out", str(made)]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    last = ""
    piped = cast(IO[str], process.stdout)
    with progress.ending(process), piped as lines, log.open("w", encoding="utf-8") as kept:
        for line in lines:  # universal newlines: the bar's carriage returns end lines, too
            if bar := BAR.search(line):
                _tell(progress, bar[1], int(bar[2]))
            elif line.strip():
                last = line.strip()
                print(last, file=kept, flush=True)
        status = process.wait()
    if status != 0:
        raise jobs.JobError(_reason(last).replace(f"{exported}/", "").replace(str(exported), "the export"))


def _reason(last: str) -> str:
    """Return the reason that the analysis gives; of a fault of its own, how to get more than its last line."""
    if last.startswith("error: "):
        return last.removeprefix("error: ")
    return (
        f"The analysis broke off ({last or 'without a word'}). The server's data folder keeps its log; exporting the "
        "data and running `python -m analysis report` shows it, too."
    )


def _tell(progress, part: str, percent: int = 0) -> None:
    begin, end = PARTS[part]
    progress(begin + (end - begin) * percent // 100, 100, part)
