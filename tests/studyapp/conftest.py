"""A tiny published study, and people who walk through it."""

import io
import subprocess
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.template import Context, loader
from django.test import override_settings
from django.test.signals import template_rendered
from django.utils import translation

from studyapp import models, publishing
from studyapp.core.engine import kinds
from studyapp.jobs import processes, working
from studyapp.run import frames, sessions, showing
from tests import loaded
from tests.bundles import write_bundle
from tests.studyapp.made import tiny


@pytest.fixture(autouse=True)
def stores(settings, tmp_path):
    """Give each test its own folders for bundles and stimuli."""
    settings.BUNDLES_ROOT = tmp_path / "bundles"
    settings.STIMULI_ROOT = tmp_path / "stimuli"


@pytest.fixture(autouse=True)
def no_worker(settings):
    """Let nobody start a worker by asking for a job; tests of that say so."""
    settings.WORKER = "service"


@pytest.fixture(autouse=True)
def pages_tell_their_context(monkeypatch):
    """Let `response.context` be what a step's page was made of, also where its frame was kept from before."""

    def told(request, template, context):
        template_rendered.send(sender=None, template=loader.get_template(template).template, context=Context(context))
        return made(request, template, context)

    made = frames.page
    monkeypatch.setattr(frames, "page", told)


@pytest.fixture(autouse=True)
def its_own_language():
    """Let no test speak the language in which the one before it left this thread, as a page's view does."""
    yield
    translation.deactivate()


def do_jobs() -> None:
    """Do all jobs that wait, here and now."""
    while job := working.claim():
        working.do(job)


@pytest.fixture(scope="session")
def tiny_templates():
    """Find the tiny kind's templates too, once: engines that are set up anew for a test would read all others again."""
    templates = settings.TEMPLATES[0] | {
        "DIRS": [*settings.TEMPLATES[0]["DIRS"], Path(tiny.__file__).parent / "templates"]
    }
    with override_settings(TEMPLATES=[templates]):
        yield


@pytest.fixture
def tiny_kind(tiny_templates):
    """Register the tiny kind for one test."""
    kinds.kinds()["tiny"] = tiny.KIND
    yield tiny.KIND
    del kinds.kinds()["tiny"]


@pytest.fixture
def started(monkeypatch):
    """Return the processes that are started; commands among them work on the test's database."""
    found, real = [], subprocess.Popen

    def popen(*arguments, **options):
        found.append(real(*arguments, **options))
        return found[-1]

    at = connection.settings_dict
    server = f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{at['NAME']}" if connection.vendor == "sqlite" else server)
    monkeypatch.setattr(processes.subprocess, "Popen", popen)
    return found


@pytest.fixture
def streamed_here(monkeypatch):
    """Let commands that are streamed to the browser run in this process, where the tiny kind is known."""

    def stream(*arguments):
        output = io.TextIOWrapper(io.BytesIO())
        call_command(*arguments, stdout=output)
        return iter([output.buffer.getvalue()])

    monkeypatch.setattr(processes, "stream", stream)


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """The usual bundle's folder, for tests that leave it as it is."""
    return write_bundle(tmp_path_factory.mktemp("usual") / "source")


@pytest.fixture
def bundle(db):
    return loaded.load(write_bundle)


@pytest.fixture
def draft(tiny_kind, bundle):
    """A study with two conditions, ready to publish."""
    study = models.Study.objects.create(slug="tiny", title="A tiny study", kind="tiny", bundle=bundle, seed=1)
    for size in ("small", "large"):
        models.Condition.objects.create(study=study, name=size, factors={"size": size})
    return study


@pytest.fixture
def study(draft):
    publishing.publish(draft)
    return draft


@pytest.fixture
def start(study):
    """Start a person's run: `start("anna")`."""
    return lambda name: sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", name))


def submit(participant, value, *, position=None, timing=None):
    """Answer the step at `position` (default: the present one) as the page would."""
    fresh = sessions.get(participant.pk)
    position = fresh.position if position is None else position
    data = QueryDict(mutable=True)
    data["agree" if position == 0 else "number"] = value
    token = sessions.token(fresh, position)
    return sessions.submit(participant.pk, token, partial(showing.validate, data), timing or {})


def walk(participant, *, upto=None):
    """Answer rightly, step by step, until the run ends or `upto` is reached."""
    while True:
        fresh = sessions.get(participant.pk)
        if fresh.status != "active" or fresh.position == upto:
            return fresh
        step = fresh.plan.steps[fresh.position]
        submit(fresh, "yes" if step["page"] == "consent" else step["data"]["right"])
