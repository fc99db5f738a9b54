"""Carry out an order for bots that was placed at the desk, telling after each how far it is."""

from functools import partial
from random import Random

from studyapp import jobs, models
from studyapp.core.engine import flow
from studyapp.publishing import freeze
from studyapp.run import sessions

from . import SimulationError, by_functions, simulate


def carry_out(job: models.Job, progress) -> None:
    """Let the bots ordered walk: a published study as participants would, a draft through each condition in turn.

    The job's parameters are `n_bots` and `skill`; its result is how many completed, also when it ends early.
    """
    study, n_bots = job.required_study, job.parameters["n_bots"]
    walk = by_functions.walk if study.current else partial(_walk_draft, freeze(study, draft=True), iter(_turns(study)))
    job.result["n_completed"] = 0
    try:
        progress(0, n_bots, "walking")
        runs = simulate(study, n_bots, walk, skill=job.parameters["skill"], seed=job.pk)
        for done, run in enumerate(runs, start=1):
            job.result["n_completed"] += run.status == flow.COMPLETED
            progress(done, n_bots, "walking")
    except SimulationError as stuck:
        raise jobs.JobError(str(stuck)) from stuck


JOB = jobs.Kind(carry_out, "walking", action="change")


def _turns(study: models.Study):
    cells = list(study.conditions.filter(open=True))
    while True:
        yield from cells


def _walk_draft(version: models.Version, turns, study: models.Study, skill: str, rng: Random) -> models.Participant:
    """Walk one bot through a draft as a preview: it is never counted, and shows that every page can be answered."""
    return by_functions.finish(lambda: sessions.start_preview(version, next(turns), bot=skill), skill, rng)
