"""Exports prepared in the background, for studies too large to wait for: a job writes the zip, which stays for a day.

It goes at once when somebody's answers are erased, or the study is deleted: an erased person's answers are then
nowhere in the app's data.
"""

from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from studyapp import jobs, models
from studyapp.data.exporting import export_zip
from studyapp.jobs.files import folder_of

KEEP = timedelta(days=1)


def prepare(study: models.Study, user) -> models.Job:
    """Have the export prepared, long and wide, without recruitment ids; return the job that is under way, if one is."""
    return jobs.ask("export", study=study, user=user, slot=f"export {study.pk}")


def write(job: models.Job, progress) -> None:
    """Write the zip; it appears whole or not at all. The result is its `name` and `bytes`."""
    folder = folder_of(job)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{job.required_study.slug}-{timezone.now():%Y-%m-%d}.zip"
    unfinished = folder / f"try-{job.tries}"
    try:
        with unfinished.open("wb") as stream:
            export_zip(job.required_study, stream, wide=True, progress=progress)
        unfinished.rename(folder / name)
    finally:
        unfinished.unlink(missing_ok=True)
    job.result |= {"name": name, "bytes": (folder / name).stat().st_size}


JOB = jobs.Kind(write, "being prepared", again=True, folder="exports", keep=KEEP, holds_answers=True)


def path_of(job: models.Job) -> Path | None:
    """Return where a prepared export lies; None where it isn't done, its day is over, or it is gone."""
    if job.outcome != job.Outcome.DONE or job.ended_at is None or job.ended_at + KEEP < timezone.now():
        return None
    path = folder_of(job) / job.result["name"]
    return path if path.is_file() else None
