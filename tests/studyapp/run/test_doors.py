"""Several people in one browser, laboratories, and people who come back when it is over: nobody meets another's run."""

import re

import pytest
from django.core import signing
from django.test import Client

from studyapp import models
from studyapp.run import sessions, visitors
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]
JSON = {"Accept": "application/json"}
OPEN, CODE = "/s/tiny/", b"C-DONE"


@pytest.fixture(autouse=True)
def codes(study):
    models.Study.objects.update(code_completed="C-DONE", code_withdrawn="C-PART", code_no_consent="C-NO")


@pytest.fixture
def browser():
    return Client()


def begin(client, link=OPEN):
    client.get(link)
    client.post(link)
    return models.Participant.objects.latest("pk")


def state(client, link=OPEN):
    page = client.get(link)
    return page.context["state"], page.context["button"]


def answer(client, run, value="yes"):
    form = {"token": sessions.token(run, 0), "agree": value}
    return client.post("/s/tiny/run/", form, headers=JSON)


def person(name):
    return f"{OPEN}?PROLIFIC_PID={name}"


def test_each_page_of_two_people_in_one_browser_is_answered_for_its_own_run(browser):
    anna, ben = begin(browser, person("anna")), begin(browser, person("ben"))
    for run, value in ((anna, "yes"), (ben, "no")):
        receipt = answer(browser, run, value).json()
        assert receipt["status"] == "accepted"
        assert receipt["next"] == f"/s/tiny/run/?of={sessions.browser_key(run)}"
    assert anna.responses.get().answer == {"agree": True}
    assert sessions.get(ben.pk).status == "no_consent"
    assert browser.get(f"/s/tiny/run/?of={sessions.browser_key(anna)}").context["token"] == sessions.token(anna, 1)


def test_leaving_from_one_persons_page_ends_that_persons_run_alone(browser):
    anna, ben = begin(browser, person("anna")), begin(browser, person("ben"))
    leave = browser.get(f"/s/tiny/run/?of={sessions.browser_key(anna)}").context["leave_url"]
    page = browser.get(leave)
    browser.post("/s/tiny/run/leave/", {"choice": "erase", "of": page.context["key"]})
    assert [sessions.get(run.pk).status for run in (anna, ben)] == ["withdrawn", "active"]


def test_an_answer_to_a_page_that_is_no_longer_the_browsers_is_refused_in_words(browser):
    anna = begin(browser, person("anna"))
    del browser.cookies["heatwise-run-tiny"]
    ben = begin(browser, person("ben"))
    refused = answer(browser, anna)
    assert (refused.status_code, refused.json()) == (409, {"status": "foreign"})
    plain = browser.post("/s/tiny/run/", {"token": sessions.token(anna, 0), "agree": "yes"})
    assert plain.status_code == 409
    assert b"This answer wasn" in plain.content
    assert not models.Response.objects.exists()
    assert answer(browser, ben).json()["status"] == "accepted"


def test_of_very_many_runs_in_one_browser_the_latest_are_kept(browser):
    runs = [begin(browser, person(f"p{number}")) for number in range(visitors.MAX_RUNS + 3)]
    assert [answer(browser, run).status_code for run in runs] == [409] * 3 + [200] * visitors.MAX_RUNS


def test_after_a_backup_was_restored_a_cookie_opens_nobody_elses_run(browser, study):
    anna = begin(browser, person("anna"))
    token = sessions.token(anna, 0)
    # What the number stands for after the restore: somebody who began when anna's run wasn't there.
    models.Participant.objects.filter(pk=anna.pk).update(code="stranger22", ticket="their-own")
    assert browser.get("/s/tiny/run/").status_code == 302
    assert browser.get("/s/tiny/run/state/").status_code == 404
    assert browser.post("/s/tiny/run/", {"token": token, "agree": "yes"}, headers=JSON).status_code == 302
    assert not models.Response.objects.exists()


def test_a_cookie_from_before_leads_to_the_door_and_the_door_back_to_the_run(browser):
    anna = begin(browser)
    old = signing.get_cookie_signer(salt="heatwise-run-tiny").sign(str(anna.pk))
    browser.cookies["heatwise-run-tiny"] = old
    assert browser.get("/s/tiny/run/")["Location"] == OPEN
    assert state(browser) == ("active", "continue")
    assert begin(browser) == anna
    assert answer(browser, anna).json()["status"] == "accepted"


def test_the_door_says_how_it_ended_and_never_welcomes_back_whoever_left(study):
    ends = {
        "completed": walk,
        "left_kept": lambda run: sessions.withdraw(run.pk, keep=True),
        "left_erased": lambda run: sessions.withdraw(run.pk, keep=False),
        "no_consent": lambda run: submit(run, "no"),
        "erased": lambda run: sessions.erase(run.pk),
    }
    for link in (OPEN, person("anna")):
        for said, end in ends.items():
            models.Participant.objects.all().delete()
            browser = Client()
            end(begin(browser, link))
            page = browser.get(link)
            assert page.context["state"] == said
            assert f'data-state="{said}"'.encode() in page.content
            assert b"Welcome back" not in page.content
            starts = page.context["button"] == "start"
            assert starts is (said in ("no_consent", "erased")), said
            if starts:
                assert answer(browser, begin(browser, link)).json()["status"] == "accepted"


def test_whoever_comes_after_sees_no_code_on_an_open_link(browser):
    anna = begin(browser)
    last = None
    while sessions.get(anna.pk).status == "active":
        page = browser.get("/s/tiny/run/").context
        step = page["token"], "yes" if page["position"] == 0 else sessions.get(anna.pk).plan.steps[page["position"]]
        value = step[1] if isinstance(step[1], str) else step[1]["data"]["right"]
        form = {"token": step[0], "agree" if page["position"] == 0 else "number": value}
        last = browser.post("/s/tiny/run/", form)["Location"]
    assert CODE in browser.get(last).content
    assert CODE in browser.get(last).content
    for address in (OPEN, "/s/tiny/run/"):
        assert CODE not in browser.get(address).content, address
    assert CODE not in browser.post(OPEN, follow=True).content
    assert "isn’t shown again" in browser.get("/s/tiny/run/").content.decode()


def test_whom_a_link_names_finds_the_code_again_on_any_device(browser):
    walk(begin(browser, person("anna")))
    for client in (browser, Client()):
        assert state(client, person("anna")) == ("completed", "last_page")
        assert CODE in client.post(person("anna"), follow=True).content


def test_outside_lab_mode_there_is_no_fresh_start(browser, study):
    begin(browser)
    assert browser.get("/s/tiny/next/").status_code == 404
    assert browser.post("/s/tiny/next/").status_code == 404
    assert browser.get("/s/tiny/run/").status_code == 200


def test_in_a_laboratory_one_person_follows_the_other(browser, study):
    models.Study.objects.update(lab_mode=True)
    anna = begin(browser)
    assert state(browser) == ("active", "continue")
    walk(anna)
    assert b"/s/tiny/next/" in browser.get(f"/s/tiny/run/?of={sessions.browser_key(anna)}").content
    browser.post("/s/tiny/next/")
    assert browser.get(f"/s/tiny/run/?of={sessions.browser_key(anna)}")["Location"] == OPEN
    assert state(browser) == ("new", "start")
    assert begin(browser) != anna


def test_in_a_laboratory_the_open_link_alone_is_a_fresh_start_once_the_run_before_is_over(browser):
    models.Study.objects.update(lab_mode=True)
    seen = []
    for end in (walk, lambda run: sessions.withdraw(run.pk, keep=False), lambda run: submit(run, "no"), walk):
        assert state(browser) == ("new", "start")
        seen.append(begin(browser))
        end(seen[-1])
        assert CODE not in browser.get(OPEN).content
    assert len({run.pk for run in seen}) == 4


def test_an_experimenter_can_begin_anew_while_somebodys_run_is_unfinished_and_is_told_so(browser):
    models.Study.objects.update(lab_mode=True)
    anna = walk(begin(browser), upto=3)
    page = browser.get("/s/tiny/next/").content.decode()
    assert re.search(r"Somebody is at page 4 of 8", page)
    browser.post("/s/tiny/next/")
    ben = begin(browser)
    assert ben != anna
    assert sessions.get(anna.pk).status == "active"
    assert browser.get("/s/tiny/run/").context["token"] == sessions.token(ben, 0)


def test_a_browser_that_keeps_no_cookie_is_told_before_anything_starts(study):
    strict = Client(enforce_csrf_checks=True)
    page = strict.post(person("anna"))
    assert page.status_code == 403
    assert b"Please allow cookies" in page.content
    assert not models.Participant.objects.exists()
