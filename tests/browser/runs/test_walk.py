"""A whole session in a real browser, with axe on every page; and another with nothing but the keyboard."""

import pytest
from playwright.sync_api import expect

from studyapp import models
from tests.browser import walking
from tests.browser.looking import findings, sideways

SHORT = {"queries_per_class": {"TP": 1, "FN": 0, "FP": 0, "TN": 0}}
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("factors", "parameters"),
    [
        ({"heatmap": "lrp", "scores": "shown"}, SHORT),
        ({"heatmap": "none", "scores": "hidden"}, SHORT),
        ({"heatmap": "lrp", "scores": "hidden"}, SHORT | {"heatmap_layout": "hover"}),
    ],
    ids=["everything", "bare", "hover"],
)
def test_a_whole_session_is_stored_and_axe_finds_nothing(live_server, page, make_study, factors, parameters):
    make_study(**factors, **parameters)
    found = {}
    page.goto(f"{live_server.url}/s/walk/")
    found["entry"] = findings(page)
    walking.enter(page, f"{live_server.url}/s/walk/")
    trials = 0
    while not walking.ended(page):
        trials += walking.is_trial(page)
        if trials < 2 or not walking.is_trial(page):
            found[page.inner_text("h1")] = findings(page)
        assert sideways(page) <= 0
        walking.answer_by_mouse(page)
        walking.go_on(page)
    found["end"] = findings(page)
    assert {name: violations for name, violations in found.items() if violations} == {}
    assert page.inner_text("#code") == "DONE-7"
    run = models.Participant.objects.get()
    assert (run.status, run.summary["n_trials"]) == ("completed", trials)
    assert trials == 2 * sum(run.version.definition["parameters"]["queries_per_class"].values())
    assert all(response.rt_ms > 0 and response.input_mode == "mouse" for response in run.responses.all()[1:])


def test_a_whole_session_by_keyboard_alone(live_server, page, make_study):
    make_study(**SHORT)
    page.goto(f"{live_server.url}/s/walk/")
    walking.tab_to(page, "button.primary")
    page.keyboard.press("Enter")
    walking.shown(page)
    while not walking.ended(page):
        walking.answer_by_keyboard(page)
        walking.go_on_by_keyboard(page)
    run = models.Participant.objects.get()
    assert (run.status, run.summary["n_trials"]) == ("completed", 2)
    assert {response.input_mode for response in run.responses.all()} == {"keyboard"}
    answers = [response.answer for response in run.responses.all() if "confidence" in response.answer]
    assert {(answer["response"], answer["confidence"], answer["ignores"]) for answer in answers} == {(False, 2, "mane")}


@pytest.mark.parametrize("size", [(1024, 768), (640, 360)], ids=["tablet", "200 percent"])
def test_nothing_scrolls_sideways_and_targets_are_large_enough(live_server, page, make_study, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    make_study()
    walking.enter(page, f"{live_server.url}/s/walk/")
    while True:
        assert sideways(page) <= 0
        for target in page.query_selector_all("#step label.option, #step button, .top a"):
            box = target.bounding_box()
            assert box["height"] >= 44, target.inner_text()
        if walking.is_trial(page):
            break
        walking.answer_by_mouse(page)
        walking.go_on(page)


def test_an_example_enlarges_and_gives_the_focus_back(live_server, page, make_study):
    make_study()
    walking.skip_to_trial(page, f"{live_server.url}/s/walk/")
    walking.tab_to(page, "[data-enlarge='2']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#enlarged[open] img")
    photograph, heatmap = (image.bounding_box() for image in page.query_selector_all("#enlarged img"))
    assert photograph["width"] == heatmap["width"] >= 480
    assert photograph["y"] == heatmap["y"]
    assert findings(page) == []
    page.keyboard.press("Escape")
    assert page.query_selector("#enlarged[open]") is None
    assert page.evaluate(walking.FOCUSED, "[data-enlarge='2']")
    walking.answer_by_mouse(page)
    walking.go_on(page)
    names = models.Event.objects.filter(t_ms__isnull=False).values_list("name", flat=True)
    assert {"enlarged", "reduced", "changed"} <= set(names)


def test_examples_out_of_view_are_told_and_reached_by_the_strip(live_server, page, make_study):
    make_study()
    walking.skip_to_trial(page, f"{live_server.url}/s/walk/")
    strip = page.locator(".jumps")
    assert strip.locator(".way").all_inner_texts() == ["", "↓", "↓"]
    bar = page.locator(".actions").bounding_box()["y"]
    first, peeking = page.locator("[data-outcome=TP]").bounding_box(), page.locator("[data-enlarge='7']").bounding_box()
    assert first["y"] + first["height"] < bar < peeking["y"] + peeking["height"]
    assert peeking["y"] + 40 < bar  # enough of it to see that there is more
    page.click("[data-jump=FP]")
    page.wait_for_function("() => document.querySelector('[data-jump=FP] .way').textContent === ''")
    band = page.locator("[data-outcome=FP]").bounding_box()
    assert band["y"] + band["height"] <= bar
    assert strip.locator(".way").first.inner_text() == "↑"
    page.set_viewport_size({"width": 1920, "height": 960})
    expect(strip).to_be_hidden()


def test_number_keys_choose_wherever_the_focus_is_but_not_in_words(live_server, page, make_study):
    make_study()
    walking.skip_to_trial(page, f"{live_server.url}/s/walk/")
    chosen = "[...document.querySelectorAll('#step input:checked')].map((input) => `${input.name} ${input.value}`)"
    page.keyboard.press("2")
    page.focus("[data-enlarge='3']")
    page.keyboard.press("6")
    assert page.evaluate(chosen) == ["response no", "confidence 4"]
    page.focus("#ignores")
    page.keyboard.type("1 to 3 clouds")
    assert page.evaluate(chosen) == ["response no", "confidence 4"]
    page.fill("#sensitive_to", "it")
    page.click("#step .primary")
    expect(page.locator("#error-sensitive_to")).to_have_text("Please write a word: at least 3 letters.")


def test_the_instructions_come_back_in_a_dialogue(live_server, page, make_study):
    make_study()
    walking.skip_to_trial(page, f"{live_server.url}/s/walk/")
    page.fill("#ignores", "the sky")
    page.click("[data-guide]")
    page.wait_for_selector("#guide-dialog[open] h1")
    assert page.locator("#guide-dialog h1").count() == 6
    assert findings(page) == []
    page.keyboard.press("Escape")
    assert page.input_value("#ignores") == "the sky"
