"""What a bot answers, as the fields of a submitted form."""

from random import Random

from django import forms

from studyapp import models
from studyapp.core.engine import answers
from studyapp.publishing import frozen
from studyapp.run import showing

Pairs = list[tuple[str, str]]
TYPICAL_MS = {True: 20_000, False: 6_000}


class SimulationError(Exception):
    """Why a bot could not go on, in words."""


def answer(participant: models.Participant, skill: str, rng: Random) -> Pairs:
    """Return the bot's answer to the run's present step, as the browser would submit it: name and value pairs."""
    its_kind, page, step = showing.step_of(participant)
    form = showing.form_of(page, step, participant)
    if form is None:
        return []
    cleaned = answers.of_bot(its_kind, step, skill, frozen(participant.version), rng)
    return submitted(form, cleaned)


def submitted(form, answer: dict) -> Pairs:
    """Return a stored answer as the browser submitted it."""
    values = form.values(answer)
    return [pair for name, field in form.fields.items() for pair in _pairs(name, field, values.get(name))]


def timing(participant: models.Participant, rng: Random) -> dict:
    """Return plausible browser times: log-normal, longer on trials."""
    _, page, _ = showing.step_of(participant)
    rt_ms = round(TYPICAL_MS[page.trial] * rng.lognormvariate(0, 0.4), 1)
    return {"rt_ms": rt_ms, "hidden_ms": 0, "input_mode": rng.choice(["mouse", "touch", "keyboard"])}


def _pairs(name: str, field: forms.Field, value) -> Pairs:
    if value is None or value == "":
        return []
    if isinstance(field, forms.BooleanField):
        return [(name, "on")] if value else []
    values = value if isinstance(value, list | tuple) else [value]
    return [(name, _raw(field, item)) for item in values]


def _raw(field: forms.Field, value) -> str:
    coerce = getattr(field, "coerce", str)
    for choice, _ in getattr(field, "choices", ()):
        if choice not in (None, "") and coerce(str(choice)) == value:
            return str(choice)
    return str(value)
