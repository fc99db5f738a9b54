"""Two people in one browser, a laboratory, drafts over closed tabs, and pages that a translator has changed."""

import pytest
from playwright.sync_api import expect

from studyapp import models
from tests.browser import walking

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FEW = {"queries_per_class": {"TP": 1, "FN": 0, "FP": 0, "TN": 0}}


def test_two_people_in_two_tabs_each_stay_with_their_own_run(live_server, page, make_study):
    make_study(**FEW)
    door = f"{live_server.url}/s/walk/?PROLIFIC_PID="
    other = page.context.new_page()
    for tab, name in ((page, "anna"), (other, "ben")):
        walking.enter(tab, door + name)
    owners = [tab.get_attribute("#step", "data-participant") for tab in (page, other)]
    for _ in range(3):
        for tab, owner in zip((page, other), owners, strict=True):
            walking.answer_by_mouse(tab)
            walking.go_on(tab)
            tab.reload()
            walking.shown(tab)
            assert tab.get_attribute("#step", "data-participant") == owner
    assert [run.responses.count() for run in models.Participant.objects.order_by("pk")] == [3, 3]


def test_an_answer_that_is_nobodys_in_this_browser_any_more_is_refused_in_words_and_kept(live_server, page, make_study):
    make_study(**FEW)
    door = f"{live_server.url}/s/walk/?PROLIFIC_PID="
    walking.enter(page, door + "anna")
    page.context.clear_cookies(name="heatwise-run-walk")
    other = page.context.new_page()
    walking.enter(other, door + "ben")
    page.click("#step .primary")
    expect(page.locator("#notice")).to_contain_text("another person has begun since")
    assert not models.Response.objects.exists()
    walking.enter(page, door + "anna")
    expect(page.locator(".progress")).to_contain_text("Page 2")
    assert models.Response.objects.get().participant.identity.external_id == "anna"


def test_what_was_typed_is_there_on_another_device_after_the_tab_was_closed(live_server, browser, page, make_study):
    make_study(**FEW)
    link = f"{live_server.url}/s/walk/?PROLIFIC_PID=anna"
    walking.skip_to_trial(page, link)
    typed = "ears and tail, " * 19
    page.fill("#sensitive_to", typed)
    page.click("label[for=response_1]")
    page.close(run_before_unload=True)
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    elsewhere = context.new_page()
    for _ in range(20):
        if models.Draft.objects.exists():
            break
        elsewhere.wait_for_timeout(200)
    walking.enter(elsewhere, link)
    assert elsewhere.input_value("#sensitive_to") == typed
    assert elsewhere.is_checked("#response_1")
    walking.answer_by_mouse(elsewhere)
    walking.go_on(elsewhere)
    assert not models.Draft.objects.exists()
    context.close()


def test_in_a_laboratory_a_button_leads_to_the_next_person(live_server, page, make_study):
    make_study(**FEW)
    models.Study.objects.update(lab_mode=True)
    walking.enter(page, f"{live_server.url}/s/walk/")
    while not walking.ended(page):
        walking.answer_by_mouse(page)
        walking.go_on(page)
    assert page.inner_text("#code") == "DONE-7"
    ended = page.url
    page.click("text=Next participant")
    expect(page.locator("button.primary")).to_have_text("Start")
    page.goto(ended)
    expect(page.locator("button.primary")).to_have_text("Start")
    page.click("button.primary")
    walking.shown(page)
    assert models.Participant.objects.count() == 2
