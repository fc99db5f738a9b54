"""One run as a list: each answered step with its picture, answer, score and times, and what happened between."""

from studyapp import models
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.core.engine.kinds import kind
from studyapp.core.texts import words
from studyapp.publishing import frozen

MAX_EVENTS = 1000


def replay(participant: models.Participant) -> dict:
    """Return the run's steps and events for its page; `participant` comes from `sessions.get`."""
    events = list(participant.events.order_by("pk")[: MAX_EVENTS + 1])
    return {
        "steps": _steps(participant),
        "n_steps": len(participant.plan.steps),
        "events": [event_row(event) for event in events[:MAX_EVENTS]],
        "more_events": len(events) > MAX_EVENTS,
        "totals": [
            {
                "label": words(field.name),
                "value": participant.summary.get(field.name),
                "meaning": field.description,
            }
            for field in _fields(participant)
        ],
    }


def _fields(participant: models.Participant):
    return kind(frozen(participant.version)["kind"]).fields if participant.summary else ()


def _steps(participant: models.Participant) -> list[dict]:
    bundle = participant.version.bundle
    images = reader(bundle).images
    rows = []
    for response in participant.responses.all():
        step = participant.plan.steps[response.position]
        image = images.get(step.get("stimulus"))
        rows.append(
            {
                "position": response.position,
                "number": response.position + 1,
                "step": step,
                "image": stimulus_url(bundle, image["file"]) if image else "",
                "answer": items(response.answer),
                "scores": items(response.scores),
                "rt_s": response.rt_ms and response.rt_ms / 1000,
                "hidden_s": response.hidden_ms and response.hidden_ms / 1000,
                "input_mode": response.input_mode,
                "submitted_at": response.submitted_at,
                "correct": response.scores.get("correct"),
            }
        )
    return rows


def items(values: dict) -> list[tuple[str, str]]:
    """Return what was stored as pairs of a name and a value, in words."""
    return [(name.replace("_", " "), _shown(value)) for name, value in values.items() if value not in (None, "")]


def _shown(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " | ".join(map(_shown, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def event_row(event: models.Event) -> dict:
    """Return an event ready to show."""
    return {
        "number": event.position + 1,
        "name": event.name,
        "t_s": None if event.t_ms is None else event.t_ms / 1000,
        "input_mode": event.input_mode,
        "data": items(event.data),
        "received_at": event.received_at,
    }
