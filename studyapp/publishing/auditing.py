"""Audit stimuli in the background: of a large study this takes a minute."""

from studyapp import jobs, models

from .audits import audit_study


def carry_out(job: models.Job, progress) -> None:
    """Make and keep the audit of a study as it is now; the result has its level."""
    try:
        found = audit_study(job.required_study, lambda done, of: progress(done, of, "looking at the heatmaps"))
    except ValueError as problem:
        raise jobs.JobError(str(problem)) from None
    job.result["level"] = found.level


JOB = jobs.Kind(carry_out, "looking at the heatmaps", action="change", again=True)
