"""A step's page is kept but for what is one run's own, and shows what its template would have made of it."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from studyapp import publishing
from studyapp.core.engine.kinds import kinds
from studyapp.run import contents, frames, sessions, showing
from studyapp.run.keeping import Kept
from tests.studyapp.made.every_kind import make_draft

pytestmark = pytest.mark.django_db

CSRF = "a token of the browser's"
DRAFT = {"number": 2, "fields": [["words", "</script><b>&</b>"]]}


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(contents, "_kept", Kept(contents.PAGES))
    monkeypatch.setattr(frames, "_kept", Kept(frames.FRAMES))
    monkeypatch.setattr(frames, "get_token", lambda request: CSRF)


def shown(run) -> tuple[str, dict]:
    """Return a page's template, and its context with an empty form."""
    _, page, step = showing.step_of(run)
    return page.template, {**showing.step_context(run), "form": showing.form_of(page, step, run)}


def framed(template: str, context: dict) -> str:
    return frames.page(RequestFactory().get("/"), template, context).decode()


@pytest.mark.parametrize("kind", kinds().values(), ids=list(kinds()))
def test_every_page_of_every_kind_is_the_one_that_its_template_makes_whoever_met_it_before(kind):
    study = make_draft(kind.name)
    publishing.publish(study)
    runs = [sessions.get(sessions.start(study.pk, sessions.Visitor("", name)).pk) for name in ("anna", "bela")]
    kept = 0
    for position, _ in enumerate(runs[0].plan.steps):
        for run in runs:
            run.position = position
            template, context = shown(run)
            if not context["kept_as"]:
                continue
            context["own"]["draft"] = context["draft"] = DRAFT
            kept += 1
            assert framed(template, context) == render_to_string(template, context | {"csrf_token": CSRF})
    assert kept > len(runs[0].plan.steps)


def test_a_page_met_again_is_filled_in_and_not_rendered_anew(monkeypatch):
    study = make_draft("forward_simulation")
    publishing.publish(study)
    run = sessions.get(sessions.start(study.pk, sessions.Visitor("", "anna")).pk)
    first = framed(*shown(run))
    monkeypatch.setattr(frames, "_framed", None)
    template, context = shown(run)
    context["own"]["token"] = "another's"
    assert framed(template, context) == first.replace(sessions.token(run, 0), "another&#x27;s")
