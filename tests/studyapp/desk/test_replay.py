"""A run is replayed step by step as its participant saw it: read-only, leaving no trace, for those who may look."""

import re
from random import Random

import pytest
from django.contrib.auth.models import User
from django.forms import RadioSelect
from django.http import QueryDict
from django.urls import reverse

from studyapp import models, publishing
from studyapp.core import timeline
from studyapp.core.engine.kinds import kinds
from studyapp.run import sessions, showing
from studyapp.simulation import by_functions
from studyapp.simulation.answering import submitted
from tests.studyapp.conftest import submit, walk
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import signed_in


def event(name, t_ms, **data):
    return {"name": name, "t_ms": t_ms, "input_mode": "mouse", "data": data}


def test_hesitations_are_pauses_of_five_seconds_before_between_and_after():
    assert timeline.hesitations([6000, 8000, 13_000], 20_000) == [(0, 6000), (8000, 13_000), (13_000, 20_000)]
    assert timeline.hesitations([], 4999) == []
    assert timeline.hesitations([30_000], 20_000) == [(0, 20_000)]


def test_the_page_was_hidden_from_hidden_to_visible_or_to_the_end():
    events = [event("hidden", 1000), event("visible", 3000), event("hidden", 9000)]
    assert timeline.hidden(events, 10_000) == [(1000, 3000), (9000, 10_000)]


def test_a_page_that_was_left_for_the_steps_next_is_not_out_of_sight():
    parts = [event("hidden", 1000), event("changed", 2000), event("hidden", 3000), event("changed", 4000)]
    assert timeline.hidden(parts, 5000) == []
    looked_away = [*parts, event("hidden", 4500), event("refused", 4600), event("visible", 4900)]
    assert timeline.hidden([*looked_away, event("hidden", 5000)], 5000) == [(4500, 4900)]


def test_events_are_drawn_in_lanes_along_the_time():
    line = timeline.drawn([event("moved", 5000), event("looked", 10_000, ms=2500), event("moved", 0)], 10_000)
    left, right = timeline.LABEL, timeline.WIDTH - 20
    assert [lane["name"] for lane in line["lanes"]] == ["moved", "looked"]
    assert [mark["x"] for mark in line["lanes"][0]["marks"]] == [left, (left + right) / 2]
    (looked,) = line["lanes"][1]["marks"]
    assert (looked["x"], looked["width"]) == (right, round((right - left) / 4, 1))
    assert (line["n_pauses"], line["longest_s"]) == (2, 5.0)
    assert line["answered_x"] == right


def test_a_step_without_times_has_no_line():
    assert timeline.drawn([{"name": "started", "t_ms": None, "input_mode": "", "data": {}}], None) is None


@pytest.fixture
def desk(db):
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def anna(start):
    """Somebody who stands at the second trial, after answering the first with 7 in 12 seconds."""
    run = walk(start("anna"), upto=3)
    token = sessions.token(run, 3)
    sessions.record_events(run.pk, token, [{"name": "moved", "t_ms": 6000, "input_mode": "touch", "data": {"to": "A"}}])
    submit(run, 7, timing={"rt_ms": 12_000, "screen": {"w": 1100, "h": 700}})
    return sessions.get(run.pk)


def address(run, position, what="replay"):
    return reverse(f"admin:{what}", args=[run.pk, position])


@pytest.mark.django_db
@pytest.mark.database
def test_each_step_that_was_met_can_be_replayed_and_no_other(desk, anna):
    assert [desk.get(address(anna, position)).status_code for position in range(6)] == [200, 200, 404, 200, 200, 404]
    text = desk.get(address(anna, 3)).content.decode()
    for shown in (
        "trial-0",
        "12.0 s",
        "moved",
        "1100 × 700",
        "2 pauses of 5 s or more",
        "✗",
        'rel="next"',
        'rel="prev"',
    ):
        assert shown in text


@pytest.mark.django_db
@pytest.mark.database
def test_the_page_shows_the_answer_and_can_send_nothing(desk, anna):
    before = (anna.responses.count(), anna.events.count(), anna.seen_at)
    response = desk.get(address(anna, 3, "replay_page"))
    text = response.content.decode()
    assert 'value="7"' in text
    assert 'name="token" value=""' in text
    assert sessions.token(anna, 3) not in text
    anna.refresh_from_db()
    assert (anna.responses.count(), anna.events.count(), anna.seen_at) == before


@pytest.mark.django_db
@pytest.mark.database
def test_only_the_desk_may_frame_the_page(desk, anna):
    framed, around = desk.get(address(anna, 3, "replay_page")), desk.get(address(anna, 3))
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in framed["Content-Security-Policy"]
    assert around["X-Frame-Options"] == "DENY"
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=\"", around.content.decode())


@pytest.mark.django_db
@pytest.mark.database
def test_only_those_with_a_role_replay(study, anna):
    bob = User.objects.create_user("bob", is_staff=True)
    for what in ("replay", "replay_page"):
        assert signed_in(bob).get(address(anna, 3, what)).status_code == 404
    models.Member.objects.create(study=study, user=bob, role="analyst")
    assert signed_in(bob).get(address(anna, 3, "replay_page")).status_code == 200


@pytest.mark.django_db
@pytest.mark.database
def test_nothing_is_left_to_replay_of_an_erased_run(desk, anna):
    sessions.erase(anna.pk)
    assert desk.get(address(anna, 3, "replay_page")).status_code == 404


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("name", kinds())
def test_every_page_of_every_kind_is_replayed_with_the_answer_that_was_given(desk, name):
    study = make_draft(name)
    publishing.publish(study)
    run = by_functions.walk(study, "random", Random(1))
    assert run.status == "completed"
    for response in run.responses.all():
        text = desk.get(address(run, response.position, "replay_page")).content.decode()
        assert "js/replay.js" in text
        assert "js/step.js" not in text
        run = sessions.get(run.pk)
        run.position = response.position
        _, page, step = showing.step_of(run)
        form = showing.form_of(page, step, run)
        if form is None:
            continue
        data = QueryDict(mutable=True)
        for field, value in submitted(form, response.answer):
            data.appendlist(field, value)
        again = showing.form_of(page, step, run, data)
        assert again.is_valid(), step["key"]
        assert again.cleaned_data == response.answer
        chosen = [field for field in data if isinstance(form.fields[field].widget, RadioSelect)]
        assert text.count(" checked") == len(chosen), step["key"]
