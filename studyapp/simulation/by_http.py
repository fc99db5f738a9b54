"""Walk by HTTP: read the real pages, fill in their forms, send them to a running server on the same database."""

import json
import threading
from contextlib import contextmanager
from http.cookiejar import CookieJar
from random import Random
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest

from studyapp import models
from studyapp.core.engine import flow
from studyapp.run import sessions, visitors

from .answering import Pairs, SimulationError, answer, timing
from .pages import form_with


class Client:
    """A browser's manners: cookies are kept, redirects followed."""

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> str:
        return self._open(Request(self.url + path))

    def post(self, path: str, pairs: Pairs, accept: str = "text/html") -> str:
        return self._open(Request(self.url + path, urlencode(pairs).encode(), {"Accept": accept}))

    def run(self, slug: str) -> models.Participant:
        """Return the run that the cookies belong to."""
        request = HttpRequest()
        request.COOKIES = {cookie.name: cookie.value or "" for cookie in self.cookies}
        participant = visitors.participant_of(request, slug)
        if participant is None:
            raise SimulationError(f"{self.url} gave the bot no run; is the server on the same database and key?")
        return participant

    def _open(self, request: Request) -> str:
        try:
            with self.opener.open(request, timeout=60) as response:
                return response.read().decode()
        except HTTPError as error:
            raise SimulationError(f"{request.full_url}: {error.code} {error.read(2000).decode()}") from error
        except OSError as error:
            raise SimulationError(f"{request.full_url}: {error}") from error


def enter(client: Client, study: models.Study, skill: str) -> None:
    """Go through the study's front door as a marked bot."""
    if study.status != models.Study.Status.OPEN:
        raise sessions.NotOpen(study.status)
    door = f"/s/{study.slug}/?{urlencode({'bot': visitors.bot_link(skill)})}"
    client.post(door, form_with(client.get(door), "csrfmiddlewaretoken").filled([]))


def walk(study: models.Study, skill: str, rng: Random, *, url: str) -> models.Participant:
    """Walk one bot from the front door to the last page."""
    client = Client(url)
    enter(client, study, skill)
    while (run := client.run(study.slug)).status == flow.ACTIVE:
        page = f"/s/{study.slug}/run/"
        filled = form_with(client.get(page), "token").filled(answer(run, skill, rng))
        filled = [pair for pair in filled if pair[0] != "timing"] + [("timing", json.dumps(timing(run, rng)))]
        receipt = json.loads(client.post(page, filled, accept="application/json"))
        if receipt["status"] not in ("accepted", "turned"):
            raise SimulationError(f"step {run.plan.steps[run.position]['key']!r}: the server says {receipt['status']}")
    client.get(f"/s/{study.slug}/run/")
    return run


@contextmanager
def serving():
    """Serve the app from a thread of this process and yield its address."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *message):
        """Say nothing: the simulation reports for itself."""
