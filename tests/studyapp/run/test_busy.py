"""A busy database: pages come back by themselves, nothing is done twice, and bots let others have their turn."""

import time
from random import Random
from threading import Event, Thread

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.urls import path

from studyapp import models, urls
from studyapp.run import sessions
from studyapp.simulation import by_functions, simulate
from tests.studyapp.conftest import walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]
handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


def busy(request, when):
    if when == "after" and request.method == "POST":
        models.Notice.objects.create(
            study=models.Study.objects.create(slug="half", title="Half", kind="tiny"), what="done"
        )
    raise OperationalError("database is locked")


urlpatterns = [path("busy/<str:when>/", busy), path("admin/busy/<str:when>/", busy), *urls.urlpatterns]
own_urls = pytest.mark.urls(__name__)


def client():
    return Client(raise_request_exception=False)


@own_urls
@pytest.mark.parametrize("where", ["/busy/first/", "/admin/busy/first/"])
def test_a_page_that_finds_the_database_busy_loads_again_by_itself(where):
    page = client().get(where)
    assert (page.status_code, page["Refresh"], page["Retry-After"]) == (503, "4", "4")
    assert "It loads again by itself" in page.content.decode()


@own_urls
@pytest.mark.parametrize(
    ("where", "by_itself", "said"),
    [
        ("/busy/first/", True, "counts once"),
        ("/admin/busy/first/", True, "Nothing of what you sent is stored yet"),
        ("/admin/busy/after/", False, "look whether it is"),
    ],
)
def test_a_form_is_sent_again_whole_but_never_what_may_be_stored_already(where, by_itself, said):
    page = client().post(where, {"answer": ["a", 'b"<'], "csrfmiddlewaretoken": "old"})
    text = page.content.decode()
    assert page.status_code == 503
    assert said in text
    assert ("data-again" in text) is by_itself
    assert (text.count('name="answer"'), 'value="b&quot;&lt;"' in text) == ((2, True) if by_itself else (0, False))
    assert 'value="old"' not in text
    assert "is kept" not in text


@own_urls
def test_a_script_is_told_to_try_again():
    for headers in ({"Accept": "application/json"}, {}):
        page = client().post("/busy/first/", headers=headers)
        assert page.status_code == 503
    assert "Retry-After" in client().get("/busy/first/", headers={"Accept": "application/json"})


@pytest.mark.django_db(transaction=True)
def test_while_somebody_else_writes_a_participants_answer_waits_and_then_says_so(study, start, settings):
    if connection.vendor != "sqlite":
        pytest.skip("other databases lock rows, not the whole")
    anna, browser = start("anna"), client()
    browser.post("/s/tiny/?PROLIFIC_PID=anna")
    connection.connection.execute("PRAGMA busy_timeout = 50")
    locked, done = Event(), Event()

    def hold():
        with transaction.atomic():
            models.Study.objects.update(title="held")
            locked.set()
            done.wait(10)
        connection.close()

    holder = Thread(target=hold)
    holder.start()
    locked.wait(10)
    form = {"token": sessions.token(anna, 0), "agree": "yes"}
    page = browser.post("/s/tiny/run/", form)
    done.set()
    holder.join()
    assert page.status_code == 503
    assert 'name="token"' in page.content.decode()
    assert not models.Response.objects.exists()
    assert browser.post("/s/tiny/run/", form).status_code == 302
    assert models.Response.objects.get().answer == {"agree": True}


@pytest.mark.django_db(transaction=True)
def test_people_get_their_turn_while_many_bots_walk(study, start, monkeypatch):
    monkeypatch.setattr(by_functions, "HELD_S", 0.05)
    anna, stop = start("anna"), Event()

    def bots():
        for number in range(200):
            if stop.is_set():
                break
            by_functions.walk(study, "oracle", Random(number))
        connection.close()

    crowd = Thread(target=bots)
    crowd.start()
    began = time.monotonic()
    try:
        walk(anna)
    finally:
        took = time.monotonic() - began
        stop.set()
        crowd.join()
    assert sessions.get(anna.pk).status == "completed"
    assert took < 15


def test_a_bots_transaction_ends_when_it_has_taken_long_enough_and_rests():
    now, rests = [0.0], []
    turns = by_functions.Turns(lambda: now[0], rests.append)
    for seconds in (0.1, 0.05):
        with turns.held():
            now[0] += seconds
            assert not turns.is_over()
        turns.let_others()
    assert rests == []
    with turns.held():
        now[0] += by_functions.HELD_S
        assert turns.is_over()
    turns.let_others()
    assert (rests, turns.taken) == ([by_functions.FREE_S], 0.0)


def test_bots_give_the_same_answers_however_their_walk_is_cut(study, monkeypatch):
    def answers():
        (run,) = simulate(study, 1, by_functions.walk, skill="p=0.5", seed=7)
        return [row.answer for row in run.responses.all()]

    whole = answers()
    models.Participant.objects.all().delete()
    monkeypatch.setattr(by_functions.TURNS, "rest", lambda seconds: None)
    monkeypatch.setattr(by_functions, "HELD_S", 1e-9)
    assert answers() == whole


def test_other_faults_are_no_busy_database(study, monkeypatch):
    monkeypatch.setattr(sessions, "find", lambda *found: 1 / 0)
    page = client().get("/s/tiny/?PROLIFIC_PID=anna")
    assert page.status_code == 500
    assert "may not have been stored" in page.content.decode()
