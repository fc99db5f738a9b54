"""What browsers tell of a run: stored with its step, within limits, and never moving it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studyapp import models
from studyapp.run import sessions
from studyapp.run.sessions import answering
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_erasing_takes_a_browsers_events_without_a_time_too(start):
    anna = start("anna")
    odd = [{"name": "started", "data": {"typed": "Anna B."}}, {"name": "completed", "t_ms": -1, "uid": "a"}]
    sessions.record_events(anna.pk, sessions.token(anna, 0), [*odd, {"name": "Anna B.", "t_ms": "soon"}])
    assert anna.events.count() == 4
    sessions.withdraw(anna.pk, keep=False)
    assert list(anna.events.values_list("name", "data")) == [("started", {}), ("withdrawn", {})]


def test_events_are_stored_with_their_step_and_never_move_the_run(start):
    anna = walk(start("anna"), upto=4)
    events = [{"name": "toggle", "t_ms": 12.5, "input_mode": "touch", "data": {"on": True}}, {"name": "x" * 99}]
    sessions.record_events(anna.pk, sessions.token(anna, 4), events)
    assert anna.events.filter(position=4).count() == 2
    assert sessions.get(anna.pk).position == 4
    row = anna.events.get(name="toggle")
    assert (row.position, row.t_ms, row.input_mode, row.data) == (4, 12.5, "touch", {"on": True})


def test_events_are_a_sign_of_life_of_a_run_under_way_and_of_no_other(start):
    anna, bela = walk(start("anna"), upto=4), walk(start("bela"))
    before = timezone.now() - timedelta(hours=3)
    models.Participant.objects.update(seen_at=before)
    for run in (anna, bela):
        sessions.record_events(run.pk, sessions.token(run, 4), [{"name": "hover", "t_ms": 0}])
        assert run.events.get(name="hover").t_ms == 0
    assert sessions.get(anna.pk).seen_at > before
    assert sessions.get(bela.pk).seen_at == before
    sessions.record_events(anna.pk, "4-forged", [{"name": "forged"}])
    assert not anna.events.filter(name="forged").exists()


def test_names_and_data_of_events_have_room_to_their_limits_and_no_farther(start):
    anna = start("anna")
    fits, too_long = {"x": "y" * (answering.MAX_DATA - 9)}, {"x": "y" * (answering.MAX_DATA - 8)}
    sent = [{"name": "a" * 41, "uid": "u" * 41, "input_mode": "m" * 11, "data": fits}, {"name": "b", "data": too_long}]
    sessions.record_events(anna.pk, sessions.token(anna, 0), [*sent, {"name": "c", "data": "no object"}])
    first, second, third = anna.events.exclude(name="started").order_by("pk")
    assert (first.name, first.uid, first.input_mode, first.data) == ("a" * 40, "u" * 40, "m" * 10, fits)
    assert (second.data, third.data, second.uid) == ({}, {}, None)
    many = [{"name": "many", "t_ms": number} for number in range(answering.MAX_EVENTS + 1)]
    sessions.record_events(anna.pk, sessions.token(anna, 0), many)
    assert anna.events.filter(name="many").count() == answering.MAX_EVENTS


def test_nobody_fills_the_disk_with_events(start, monkeypatch):
    anna = start("anna")
    long = [{"name": "moved", "t_ms": 1, "data": {"to": "x" * 2_000}}, {"name": "moved", "t_ms": 2, "data": {"to": 3}}]
    sessions.record_events(anna.pk, sessions.token(anna, 0), long)
    fits = {"to": "x" * 1_900}
    sessions.record_events(anna.pk, sessions.token(anna, 0), [{"name": "fits", "data": fits}])
    assert anna.events.get(name="fits").data == fits
    anna.events.filter(name="fits").delete()
    assert list(anna.events.filter(name="moved").values_list("data", flat=True)) == [{}, {"to": 3}]
    monkeypatch.setattr(answering, "MAX_OF_RUN", 5)
    for _ in range(3):
        sessions.record_events(anna.pk, sessions.token(anna, 0), [{"name": "hover", "t_ms": 1}] * 4)
    assert anna.events.count() == 5
    assert submit(anna, "yes").status == "accepted"


@pytest.mark.parametrize("name", ["screen", "shown_at"])
def test_nobody_fills_the_disk_with_what_a_page_tells_of_its_showing(start, name):
    anna, fits = start("anna"), "x" * (answering.MAX_DATA - len(name) - 8)
    for position, (value, timing) in enumerate(
        [("yes", {name: fits}), (0, {name: fits + "x"}), (0, {name: {"a": fits}})]
    ):
        submit(anna, value, position=position, timing=timing | {"rt_ms": 5})
        response = anna.responses.get(position=position)
        assert (response.timing, response.rt_ms) == ({name: fits} if position == 0 else {}, 5)


def test_a_batch_of_events_that_is_sent_twice_counts_once(start):
    anna = start("anna")
    batch = [{"name": "hover", "t_ms": 1, "uid": "a1"}, {"name": "hover", "t_ms": 2, "uid": "a2"}]
    for _ in range(2):
        sessions.record_events(anna.pk, sessions.token(anna, 0), batch)
    assert anna.events.filter(name="hover").count() == 2


@pytest.mark.parametrize("keep", [True, False])
def test_events_that_arrive_after_withdrawal_are_not_kept(start, keep):
    anna = start("anna")
    sessions.withdraw(anna.pk, keep=keep)
    sessions.record_events(anna.pk, sessions.token(anna, 0), [{"name": "hover", "t_ms": 1}])
    assert not anna.events.filter(name="hover").exists()
