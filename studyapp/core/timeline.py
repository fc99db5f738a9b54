"""What happened on one step, ready to draw along its time: marks, spans, and pauses in which nothing happened."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeAlias

HESITATION_MS = 5000
WIDTH = 1000
LABEL = 130
LANE = 26

Event: TypeAlias = dict[str, Any]
"""`name`, `t_ms` since the step was shown or None, `input_mode` and `data`."""


def hesitations(times: list[float], end: float) -> list[tuple[float, float]]:
    """Return the pauses of at least `HESITATION_MS`, as (from, to): before, between and after what was done."""
    marks = [0.0, *sorted(time for time in times if time <= end), end]
    return [(start, stop) for start, stop in pairwise(marks) if stop - start >= HESITATION_MS]


def hidden(events: list[Event], end: float) -> list[tuple[float, float]]:
    """Return when the page was out of sight, as (from, to).

    A page that is left is hidden too, as each part of a questionnaire in turn: what comes next is of another page.
    """
    found, since, gone_on = [], None, False
    for event in events:
        if event["name"] == "hidden":
            since, gone_on = event["t_ms"], False
        elif event["name"] == "visible" and since is not None:
            found.append((since, event["t_ms"]))
            since = None
        else:
            gone_on = True
    return [*found, (since, end)] if since is not None and since < end and not gone_on else found


def drawn(events: list[Event], rt_ms: float | None) -> dict[str, Any] | None:
    """Return a step's events as lanes along its time; None where no event has a time.

    An event is {name, t_ms, input_mode, data}; one that ended something (`data["ms"]`) is a bar, else a point. The
    time ends with the answer, or with the last event where that came later, as a late batch's may.
    """
    timed = sorted((event for event in events if event["t_ms"] is not None), key=lambda event: event["t_ms"])
    end = max([rt_ms or 0, *(event["t_ms"] for event in timed)])
    if not end:
        return None
    names = list(dict.fromkeys(event["name"] for event in timed))
    scale = (WIDTH - LABEL - 20) / end

    def x(ms: float) -> float:
        return round(float(LABEL + ms * scale), 1)

    lanes = [
        {
            "name": name.replace("_", " "),
            "y": 10 + index * LANE + LANE / 2,
            "marks": [_mark(event, x) for event in timed if event["name"] == name],
        }
        for index, name in enumerate(names)
    ]
    pauses = hesitations([event["t_ms"] for event in timed], rt_ms or end)
    return {
        "lanes": lanes,
        "height": 10 + LANE * len(lanes) + 24,
        "base": 10 + LANE * len(lanes),
        "pauses": [_span(span, x) for span in pauses],
        "hidden": [_span(span, x) for span in hidden(timed, rt_ms or end)],
        "answered_x": x(rt_ms) if rt_ms is not None else None,
        "ticks": [{"x": x(end * part / 5), "label": f"{end * part / 5000:.1f}"} for part in range(6)],
        "n_pauses": len(pauses),
        "longest_s": max(((stop - start) / 1000 for start, stop in pauses), default=0),
    }


def _mark(event: Event, x: Callable[[float], float]) -> dict[str, Any]:
    ms = event["data"].get("ms")
    lasted = isinstance(ms, int | float) and not isinstance(ms, bool) and 0 < ms <= event["t_ms"]
    start = x(event["t_ms"] - ms) if lasted else None
    details = ", ".join(f"{name} {value}" for name, value in event["data"].items())
    return {
        "x": x(event["t_ms"]),
        "from": start,
        "width": None if start is None else round(max(2.0, x(event["t_ms"]) - start), 1),
        "title": f"{event['t_ms'] / 1000:.1f} s: {event['name'].replace('_', ' ')} {details} ({event['input_mode']})",
    }


def _span(span: tuple[float, float], x: Callable[[float], float]) -> dict[str, Any]:
    start, stop = span
    return {"x": x(start), "width": round(x(stop) - x(start), 1), "s": f"{(stop - start) / 1000:.1f}"}
