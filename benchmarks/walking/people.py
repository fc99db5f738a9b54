"""People who walk through a whole session: every page fetched, every answer sent as the browser sends it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .browser import Browser, Reply, form_fields

AGREE = ("yes", "True")
KEPT = ("accepted", "stored")  # stored: an earlier try of the same answer, whose acknowledgement never arrived


class Trouble(Exception):
    """A page or answer that isn't what it should be."""


@dataclass
class Walk:
    """What one person met, and every answer that the server acknowledged, by position in the plan.

    Requests are (kind, seconds, bytes); the kind is a name or, for a step's page, its position.
    """

    name: str
    requests: list[tuple[str | int, float, int]] = field(default_factory=list)
    acknowledged: dict[int, dict[str, str]] = field(default_factory=dict)
    pages: int = 0
    finished: bool = False
    error: str = ""


def walk_heatwise(browser: Browser, slug: str, walk: Walk, think: Callable[[], float]) -> None:
    """Walk one person from the entry click to the last page."""
    door = f"/s/{slug}/?PROLIFIC_PID={walk.name}&STUDY_ID=load&SESSION_ID=1"
    page = _kept(walk, "entry", browser.get(door))
    start = _kept(walk, "start", browser.post(door, {"csrfmiddlewaretoken": _csrf(page)}), expected=302)
    path = start.headers["location"]
    while True:
        page = browser.get(path)
        fields = form_fields(page.text)
        if fields is None:
            _kept(walk, "finished", page)
            break
        answer = fill(fields, walk.name)
        position = int(answer["token"].partition("-")[0])
        _kept(walk, position, page)
        walk.pages += 1
        time.sleep(think())
        reply = _kept(walk, "(answer)", browser.post(path, answer, Accept="application/json"))
        receipt = json.loads(reply.body)
        if receipt["status"] not in KEPT:
            raise Trouble(f"an answer came back as {receipt['status']!r}")
        walk.acknowledged[position] = answer
        path = receipt["next"]
    walk.finished = True


def walk_otree(browser: Browser, link: str, walk: Walk, think: Callable[[], float]) -> None:
    """Walk one person through oTree's pages; a redirect after a post is a request of its own, as in the browser."""

    def seen(reply: Reply) -> None:
        kind = reply.path.split("/")[-2] if reply.path.startswith("/p/") else "(redirect)"
        _kept(walk, kind, reply, expected=None)

    page = browser.follow(_kept(walk, "(redirect)", browser.get(link), expected=302), seen)
    while (fields := form_fields(page.text)) is not None:
        walk.pages += 1
        time.sleep(think())
        answer = fill(fields, walk.name)
        page = browser.follow(_kept(walk, "(answer)", browser.post(page.path, answer), expected=302), seen)
    walk.finished = "OutOfRange" in page.path


def fill(fields: list[dict[str, str]], name: str) -> dict[str, str]:
    """Return an answer: yes where it can be said, the last point of a scale, words that nobody else writes."""
    answer: dict[str, str] = {}
    for entry in fields:
        if not (key := entry.get("name")):
            continue
        if entry["tag"] == "textarea":
            answer[key] = f"ears, legs; {name}"
        elif entry.get("type") != "radio" or answer.get(key) not in AGREE:
            answer[key] = entry.get("value", "")
    if "timing" in answer:
        answer["timing"] = '{"rt_ms": 8123.4, "hidden_ms": 0, "input_mode": "mouse"}'
    return answer


def _kept(walk: Walk, kind: str | int, reply: Reply, expected: int | None = 200) -> Reply:
    walk.requests.append((kind, reply.seconds, len(reply.body)))
    if reply.status >= 400 or expected not in (None, reply.status):
        raise Trouble(f"{kind} at {reply.path}: status {reply.status}, expected {expected}")
    return reply


def _csrf(page: Reply) -> str:
    return next(entry["value"] for entry in form_fields(page.text) or [] if entry["name"] == "csrfmiddlewaretoken")


def name_of(kind: str | int, pages: list[str]) -> str:
    """Return the kind of a request: steps are numbered in a walk, and the plan says which page stood there."""
    return pages[kind] if isinstance(kind, int) else kind


def through_heatwise(port: int, slug: str, walk: Walk, think: Callable[[], float]) -> None:
    """Walk as nginx would ask: over HTTPS as far as the app can tell."""
    headers = {"X-Forwarded-Proto": "https", "Referer": f"https://127.0.0.1:{port}/"}
    with Browser(port, headers=headers) as browser:
        walk_heatwise(browser, slug, walk, think)
