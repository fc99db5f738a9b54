"""The way in and the way out in a browser: what a study refuses before it begins, and how people get back."""

import pytest
from django.db import OperationalError
from playwright.sync_api import expect

from studyapp import busy, models
from studyapp.run import doors, sessions
from tests.browser import walking
from tests.browser.looking import serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FEW = {"queries_per_class": {"TP": 1, "FN": 0, "FP": 0, "TN": 0}}
LAPTOP = {"width": 1280, "height": 800}


def test_unsuitable_devices_windows_and_browsers_are_refused_with_a_way_back(live_server, browser, make_study):
    make_study(**FEW)
    models.Study.objects.update(
        devices="mouse", code_screened_out="OUT-1", return_url="https://recruiter.example/?cc={code}"
    )
    door = f"{live_server.url}/s/walk/?PROLIFIC_PID=anna"
    kinds = {
        "window": {"viewport": {"width": 500, "height": 600}, "screen": LAPTOP},
        "mouse": {"viewport": {"width": 1180, "height": 820}, "screen": LAPTOP, "has_touch": True, "is_mobile": True},
        "browser": {"viewport": LAPTOP, "screen": LAPTOP, "java_script_enabled": False},
        "": {"viewport": LAPTOP, "screen": LAPTOP},  # the one that suits, and starts
    }
    for kind, options in kinds.items():
        context = browser.new_context(**options)
        page = context.new_page()
        page.goto(door)
        told = [one.get_attribute("data-unmet") for one in page.query_selector_all("[data-unmet]") if one.is_visible()]
        assert told + ["window"] * page.is_visible("#small-window") == [kind] * bool(kind)
        assert page.is_visible("#start") is not bool(kind)
        if kind == "window":
            page.set_viewport_size(LAPTOP)
            page.wait_for_selector("#start")
        elif kind:
            page.click("#unsuitable")
            assert "another device" in page.inner_text("h1")
            assert page.inner_text("#code") == "OUT-1"
            assert page.get_attribute("#way-back", "href") == "https://recruiter.example/?cc=OUT-1"
        else:
            assert serious(page) == []
            page.click("#start")
            walking.shown(page)
        context.close()
    assert models.Participant.objects.count() == 1


def test_the_last_page_leads_back_by_itself_unless_somebody_stays(live_server, page, make_study):
    make_study(**FEW)
    back = "https://recruiter.example/done"
    models.Study.objects.update(return_url=f"{back}?cc={{code}}", return_after_s=3)
    page.route(f"{back}**", lambda route: route.fulfill(body="back again"))
    walking.enter(page, f"{live_server.url}/s/walk/?PROLIFIC_PID=anna")
    run = models.Participant.objects.get()
    models.Participant.objects.filter(pk=run.pk).update(status="completed")
    page.reload()
    expect(page.locator("#going-back")).to_contain_text("You are taken back in")
    page.click("text=Stay on this page")
    expect(page.locator("#going-back")).to_contain_text("You stay here")
    page.wait_for_timeout(3100)
    assert page.inner_text("#code") == "DONE-7"
    page.reload()
    page.wait_for_url(f"{back}?cc=DONE-7", timeout=8000)


def test_what_is_missing_is_said_above_the_button_too_until_it_is_there(live_server, page, make_study):
    make_study(**FEW)
    walking.enter(page, f"{live_server.url}/s/walk/")
    walking.go_on(page)
    page.click("#step .primary")
    expect(page.locator("#notice")).to_contain_text("Something is still missing")
    for question in page.query_selector_all("#step fieldset.question"):
        expect(page.locator("#notice")).to_contain_text("Something is still missing")
        question.query_selector("label.option").click()
    expect(page.locator("#notice")).to_be_empty()
    models.Condition.objects.update(quota=0)
    walking.go_on(page)
    walking.answer_by_mouse(page)
    page.click("#step .primary")
    expect(page.locator("#notice")).to_contain_text("All places have been taken meanwhile")
    models.Condition.objects.update(quota=1)
    walking.go_on(page)
    assert models.Participant.objects.get().consented_at


def test_a_busy_database_is_a_page_that_tries_again_by_itself_with_scripts_and_without(
    live_server, browser, make_study, monkeypatch
):
    make_study(**FEW)
    monkeypatch.setattr(busy, "AGAIN_S", 1)
    tries = []

    def busy_at_first(real):
        def act(*arguments, **options):
            tries.append(real)
            if tries.count(real) == 1:
                raise OperationalError("database is locked")
            return real(*arguments, **options)

        return act

    monkeypatch.setattr(sessions, "start", busy_at_first(sessions.start))
    context = browser.new_context(viewport=LAPTOP)
    page = context.new_page()
    page.goto(f"{live_server.url}/s/walk/?PROLIFIC_PID=anna")
    page.click("#start")
    expect(page.locator("h1")).to_have_text("One moment, please")
    walking.shown(page)
    context.close()
    assert models.Identity.objects.get().external_id == "anna"
    monkeypatch.setattr(doors, "door", busy_at_first(doors.door))
    context = browser.new_context(viewport=LAPTOP, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/s/walk/?PROLIFIC_PID=ben")
    assert page.inner_text("h1") == "One moment, please"
    page.wait_for_selector("#start")
    page.click("#start")
    assert "?of=" in page.url
    context.close()
