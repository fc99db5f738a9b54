"""Publish in the background: many heatmaps take minutes to draw, and nobody should wait for a page that long."""

from studyapp import jobs, models

from .audits import audit_study, needs_consent
from .versions import draw_heatmaps, publish


def carry_out(job: models.Job, progress) -> None:
    """Audit and draw the heatmaps of a study as it is now, and publish it; the result has the version's number.

    `accepted` are the audit's sentences that whoever asked for it has accepted; any other that is red ends the job.
    What was drawn stays where the job ends early: a second try goes on there.
    """
    try:
        found = audit_study(job.required_study, lambda done, of: progress(done, of, "looking at the heatmaps"))
        if new := [one for one in needs_consent(found) if one not in job.parameters.get("accepted", ())]:
            raise jobs.JobError(f"The audit is red: {new[0]} Publish again, and accept it there, or mend it.")
        draw_heatmaps(job.required_study, lambda done, of: progress(done, of, "drawing heatmaps"))
        job.result["version"] = publish(job.required_study).number
    except ValueError as problem:
        raise jobs.JobError(str(problem)) from None


JOB = jobs.Kind(carry_out, "drawing heatmaps", action="change", again=True)
