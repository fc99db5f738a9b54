"""What is begun and not yet answered: kept on the server, on any device, until it is answered, and never longer."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studyapp import models
from studyapp.data import rows
from studyapp.publishing import kind_of_study
from studyapp.run import sessions
from studyapp.run.sessions.answering import MAX_DRAFT, TURNED
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LINK = "/s/tiny/?PROLIFIC_PID=anna"


@pytest.fixture
def anna(start):
    return walk(start("anna"), upto=3)


def keep(run, number, text, position=None):
    position = sessions.get(run.pk).position if position is None else position
    return sessions.keep_draft(run.pk, sessions.token(run, position), number, [["number", text]])


def begun(run):
    return dict(sessions.draft_of(sessions.get(run.pk))["fields"])


def test_what_is_begun_is_there_on_another_device_until_it_is_answered(anna):
    clients = [Client(), Client()]
    for client in clients:
        client.get(LINK)
        client.post(LINK)
    token = sessions.token(anna, 3)
    form = {"token": token, "number": "1", "fields": json.dumps([["number", "4"], ["odd", "é\0"]])}
    assert clients[0].post("/s/tiny/run/draft/", form).json() == {"status": "kept"}
    assert clients[1].get("/s/tiny/run/").context["draft"] == {"number": 1, "fields": [["number", "4"], ["odd", "é�"]]}
    submit(anna, 4)
    assert clients[1].get("/s/tiny/run/").context["draft"] == {"number": 0, "fields": []}
    assert not models.Draft.objects.exists()


@given(st.permutations(range(1, 7)))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_in_whatever_order_drafts_arrive_the_last_change_stays(anna, arrived):
    models.Draft.objects.all().delete()
    for number in arrived:
        keep(anna, number, str(number))
    assert begun(anna) == {"number": "6"}
    assert keep(anna, 6, "again") == "older"


def test_a_late_draft_revives_nothing(anna):
    keep(anna, 1, "4")
    submit(anna, 4)
    assert keep(anna, 2, "5", position=3) == "late"
    assert keep(anna, 2, "5", position=5) == "late"
    assert begun(anna) == {}


@pytest.mark.parametrize("end", ["erase", "withdraw", "withdraw and erase", "complete", "refuse"])
def test_a_draft_goes_with_its_run_and_does_not_come_back(anna, start, end):
    run = start("bela") if end == "refuse" else anna
    keep(run, 1, "my name")
    assert models.Draft.objects.count() == 1
    token = sessions.token(run, sessions.get(run.pk).position)
    {
        "erase": lambda: sessions.erase(run.pk),
        "withdraw": lambda: sessions.withdraw(run.pk, keep=True),
        "withdraw and erase": lambda: sessions.withdraw(run.pk, keep=False),
        "complete": lambda: walk(run),
        "refuse": lambda: submit(run, "no"),
    }[end]()
    assert sessions.keep_draft(run.pk, token, 9, [["number", "my name"]]) == "late"
    assert not models.Draft.objects.exists()


def turn(run, text):
    def unfinished(participant, step):
        raise sessions.Unfinished([["number", text]])

    return sessions.submit(run.pk, sessions.token(run, 3), unfinished, {}).status


def test_a_turned_page_is_newer_than_all_drafts_before_it_and_older_than_those_after(anna):
    assert turn(anna, "page 1") == "turned"
    assert sessions.draft_of(sessions.get(anna.pk)) == {"number": TURNED, "fields": [["number", "page 1"]]}
    assert [keep(anna, number, str(number)) for number in (1, TURNED, TURNED + 1)] == ["older", "older", "kept"]
    assert turn(anna, "page 2") == "turned"
    assert sessions.draft_of(sessions.get(anna.pk)) == {"number": 2 * TURNED + 1, "fields": [["number", "page 2"]]}


def test_a_draft_and_a_turned_page_are_signs_of_life(anna):
    before = timezone.now() - timedelta(hours=3)
    for begin in (lambda: keep(anna, 1, "4"), lambda: turn(anna, "4")):
        models.Participant.objects.update(seen_at=before)
        begin()
        assert sessions.get(anna.pk).seen_at > before


def test_a_draft_is_in_no_table_of_the_export(study, anna):
    keep(anna, 1, "unsent words")
    assert "draft" not in rows.TABLES
    for name in ("participants", "trials", "steps", "events"):
        assert "unsent words" not in str(list(rows.whole(study, kind_of_study(study), name, "default", with_ids=True)))


def test_nobody_fills_the_disk_with_drafts(anna):
    assert keep(anna, 1, "x" * MAX_DRAFT) == "large"
    many = [["number", "1"]] * 1000
    assert sessions.keep_draft(anna.pk, sessions.token(anna, 3), 1, many) == "large"
    assert not models.Draft.objects.exists()


def test_400_fields_and_60000_characters_have_room_in_a_draft(anna):
    token = sessions.token(anna, 3)
    for room, fields in (("large", 401), ("kept", 400)):
        assert sessions.keep_draft(anna.pk, token, 1, [["number", ""]] * fields) == room
    around = len(json.dumps([["number", ""]]))
    assert [keep(anna, 2, "x" * (60_000 - around + more)) for more in (1, 0)] == ["large", "kept"]


def test_nobody_elses_draft_is_kept_and_damaged_ones_are_refused_in_words(anna, study):
    stranger, ben = Client(), Client()
    ben.get("/s/tiny/?PROLIFIC_PID=ben")
    ben.post("/s/tiny/?PROLIFIC_PID=ben")
    form = {"token": sessions.token(anna, 3), "number": "1", "fields": "[]"}
    assert stranger.post("/s/tiny/run/draft/", form).status_code == 404
    assert ben.post("/s/tiny/run/draft/", form).json() == {"status": "late"}
    for damaged in ({"number": "-1"}, {"number": "x"}, {"number": str(2**40)}, {"fields": "[1]"}, {"fields": "["}):
        assert ben.post("/s/tiny/run/draft/", form | damaged).status_code == 400
    assert not models.Draft.objects.exists()
