"""Publish in the background: many heatmaps take minutes to draw, and nobody should wait for a page that long."""

from studyapp import jobs, models

from .versions import draw_heatmaps, publish


def carry_out(job: models.Job, progress) -> None:
    """Draw the heatmaps of a study as it is now, and publish it; the result has the version's number.

    What was drawn stays where the job ends early: a second try goes on there.
    """
    try:
        draw_heatmaps(job.study, lambda done, of: progress(done, of, "drawing heatmaps"))
        job.result["version"] = publish(job.study).number
    except ValueError as problem:
        raise jobs.JobError(str(problem)) from None


JOB = jobs.Kind(carry_out, "drawing heatmaps", action="change", again=True)
