"""Lost networks, reloads, double clicks, stale tokens, missing pictures: nothing is lost and nothing is doubled."""

import pytest
from playwright.sync_api import expect

from studyapp import models
from tests.browser import walking

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def at_trial(live_server, page, make_study):
    make_study()
    walking.skip_to_trial(page, f"{live_server.url}/s/walk/")
    return page


def answers() -> int:
    return models.Response.objects.count()


def outbox(page) -> int:
    return page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('heatwise:outbox:')).length")


def test_an_answer_given_offline_is_kept_and_sent_later(at_trial):
    page, before, old = at_trial, answers(), walking.token(at_trial)
    walking.answer_by_mouse(page)
    page.context.set_offline(True)
    page.click("#step .primary")
    expect(page.locator("#notice")).to_contain_text("Your answer is kept")
    assert (answers(), outbox(page)) == (before, 1)
    page.context.set_offline(False)
    page.wait_for_function(walking.MOVED_ON, arg=old)
    assert answers() == before + 1


def test_a_browser_closed_while_offline_sends_the_answer_when_it_comes_back(at_trial):
    page, before, url = at_trial, answers(), at_trial.url
    walking.answer_by_mouse(page)
    page.route("**/run/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.click("#step .primary")
    expect(page.locator("#notice")).to_contain_text("Your answer is kept")
    again = page.context.new_page()
    page.close()
    again.goto(url)
    expect(again.locator(".progress")).to_contain_text("Picture 2 of 14")
    assert answers() == before + 1
    assert outbox(again) == 0


def test_an_answer_given_after_the_cookie_was_lost_is_sent_once_the_run_is_entered_again(live_server, page, make_study):
    make_study()
    link = f"{live_server.url}/s/walk/?PROLIFIC_PID=anna"
    walking.skip_to_trial(page, link)
    before = answers()
    walking.answer_by_mouse(page)
    page.context.clear_cookies(name="heatwise-run-walk")
    page.click("#step .primary")
    page.wait_for_url("**/s/walk/")
    assert (answers(), outbox(page)) == (before, 1)
    page.goto(link)
    page.click("button.primary")
    expect(page.locator(".progress")).to_contain_text("Picture 2 of 14")
    assert (answers(), outbox(page)) == (before + 1, 0)


def test_what_is_typed_survives_a_reload(at_trial):
    page = at_trial
    page.fill("#sensitive_to", "ears")
    page.click("label[for=response_1]")
    page.reload()
    walking.shown(page)
    assert page.input_value("#sensitive_to") == "ears"
    assert page.is_checked("#response_1")


def test_a_missing_answer_is_marked_where_it_is_missing(at_trial):
    page, before = at_trial, answers()
    page.fill("#sensitive_to", "ears")
    page.click("#step .primary")
    expect(page.locator("#error-response")).to_contain_text("Please choose Yes or No.")
    assert page.evaluate(walking.FOCUSED, "#ignores")
    assert page.input_value("#sensitive_to") == "ears"
    assert answers() == before
    walking.answer_by_mouse(page)
    walking.go_on(page)
    assert answers() == before + 1


def test_a_double_click_answers_once(at_trial):
    page, before, old = at_trial, answers(), walking.token(at_trial)
    posts = []
    page.on("request", lambda request: posts.append(request) if request.url.endswith("/run/") else None)
    walking.answer_by_mouse(page)
    page.dblclick("#step .primary")
    page.wait_for_function(walking.MOVED_ON, arg=old)
    assert answers() == before + 1
    assert len([request for request in posts if request.method == "POST"]) == 1


def test_two_tabs_answer_a_step_once(at_trial):
    page, before = at_trial, answers()
    other = page.context.new_page()
    other.goto(page.url)
    walking.shown(other)
    for tab in (page, other):
        walking.answer_by_mouse(tab)
        walking.go_on(tab)
    assert walking.token(page) == walking.token(other)
    assert answers() == before + 1


def test_a_stale_csrf_token_is_replaced_and_the_answer_sent_again(at_trial):
    page, before = at_trial, answers()
    walking.answer_by_mouse(page)
    page.evaluate("document.querySelector('[name=csrfmiddlewaretoken]').value = 'x'.repeat(64)")
    walking.go_on(page)
    assert answers() == before + 1


def test_a_picture_that_fails_is_said_and_asked_for_again(live_server, page, make_study):
    make_study()
    failing = [True]
    page.route("**/stimuli/**", lambda route: route.abort() if failing[0] else route.continue_())
    walking.enter(page, f"{live_server.url}/s/walk/")
    for _ in range(3):
        walking.answer_by_mouse(page)
        walking.go_on(page)
    before = walking.token(page)
    page.click("#step .primary")
    page.wait_for_function("old => document.querySelector('[name=token]')?.value !== old", arg=before)
    expect(page.locator("#notice")).to_contain_text("A picture could not be loaded.")
    expect(page.locator("#step .primary")).to_be_hidden()
    failing[0] = False
    page.click("#notice button")
    walking.shown(page)
    expect(page.locator("#step .primary")).to_be_visible()


def test_time_spent_elsewhere_is_told_apart(at_trial):
    page = at_trial
    page.evaluate(
        """() => {
            let hidden = true;
            Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
            return new Promise((done) => setTimeout(() => {
                hidden = false;
                document.dispatchEvent(new Event('visibilitychange'));
                done();
            }, 300));
        }"""
    )
    walking.answer_by_mouse(page)
    walking.go_on(page)
    response = models.Response.objects.last()
    assert 250 <= response.hidden_ms <= response.rt_ms


def test_withdrawing_leaves_nothing_in_the_browser(at_trial):
    page = at_trial
    page.fill("#ignores", "grass")
    own = page.get_attribute("#step", "data-participant")
    page.evaluate("own => localStorage.setItem(`heatwise:outbox:${own}:9-x`, 'a=b')", own)
    page.click("text=Leave or withdraw")
    page.click("label[for=erase]")
    page.click("text=Leave the study for good")
    page.wait_for_selector(walking.END)
    page.wait_for_function("() => localStorage.length + sessionStorage.length === 0")
    assert models.Participant.objects.get().status == "withdrawn"
    assert answers() == 0


@pytest.mark.parametrize("policy", ["tell", "refuse"])
def test_a_window_that_is_too_small_is_told_so_before_anything_starts(live_server, page, make_study, policy):
    make_study(small_windows=policy)
    page.set_viewport_size({"width": 800, "height": 700})
    page.goto(f"{live_server.url}/s/walk/")
    assert "at least 1024 by" in page.inner_text("#small-window")
    assert "Yours has 800 by 700." in page.inner_text("#small-window")
    page.click("button.primary", force=True)
    assert (page.query_selector("#small-window") is None) == (policy == "tell")
    if policy == "refuse":
        page.set_viewport_size({"width": 1024, "height": 768})
        page.wait_for_selector("#small-window", state="hidden")
        page.click("button.primary")
    walking.shown(page)


def test_without_scripts_the_pages_are_plain_forms(live_server, browser, make_study):
    make_study()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/s/walk/")
    walking.turn(page, "button.primary")
    walking.turn(page)
    assert "Is this study for you?" in page.inner_text("h1")
    walking.turn(page)
    assert page.locator(".error", has_text="Please choose one.").count() == 4
    for label in page.query_selector_all("label.option:first-child"):
        label.click()
    walking.turn(page)
    assert "Do you agree" in page.inner_text("h1")
    context.close()


def test_what_is_shown_next_is_already_there(at_trial):
    page = at_trial
    addresses = page.evaluate("JSON.parse(document.querySelector('#next-images').textContent)")
    assert addresses
    page.wait_for_function(
        """addresses => {
            const loaded = performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname);
            return addresses.every(address => loaded.includes(address));
        }""",
        arg=addresses,
    )
