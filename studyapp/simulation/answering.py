"""What a bot answers, as the fields of a submitted form."""

from random import Random

from studyapp import models
from studyapp.core.engine import answers
from studyapp.forms import Pairs, submitted
from studyapp.publishing import read_by
from studyapp.run import showing

TYPICAL_MS = {True: 20_000, False: 6_000}


class SimulationError(Exception):
    """Why a bot could not go on, in words."""


def answer(participant: models.Participant, skill: str, rng: Random) -> Pairs:
    """Return the bot's answer to the run's present step, as the browser would submit it: name and value pairs."""
    study_kind, page, step = showing.step_of(participant)
    form = showing.form_of(page, step, participant)
    if form is None:
        return []
    cleaned = answers.of_bot(study_kind, step, skill, read_by(participant, step), rng)
    return submitted(form, cleaned)


def timing(participant: models.Participant, rng: Random) -> dict:
    """Return plausible browser times: log-normal, longer on trials."""
    _, page, _ = showing.step_of(participant)
    rt_ms = round(TYPICAL_MS[page.trial] * rng.lognormvariate(0, 0.4), 1)
    return {"rt_ms": rt_ms, "hidden_ms": 0, "input_mode": rng.choice(["mouse", "touch", "keyboard"])}
