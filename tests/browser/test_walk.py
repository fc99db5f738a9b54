"""A whole session in a real browser, with axe on every page; and another with nothing but the keyboard."""

import pytest

from studyapp import models
from tests.browser import walking
from tests.browser.looking import serious, sideways

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
def test_a_whole_session_is_stored_and_axe_finds_nothing_serious(live_server, page, make_study, factors, parameters):
    make_study(**factors, **parameters)
    found = {}
    page.goto(f"{live_server.url}/s/walk/")
    found["entry"] = serious(page)
    walking.enter(page, f"{live_server.url}/s/walk/")
    trials = 0
    while not walking.ended(page):
        trials += walking.is_trial(page)
        if trials < 2 or not walking.is_trial(page):
            found[page.inner_text("h1")] = serious(page)
        assert sideways(page) <= 0
        walking.answer_by_mouse(page)
        walking.go_on(page)
    found["end"] = serious(page)
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
    assert serious(page) == []
    page.keyboard.press("Escape")
    assert page.query_selector("#enlarged[open]") is None
    assert page.evaluate(walking.FOCUSED, "[data-enlarge='2']")
    walking.answer_by_mouse(page)
    walking.go_on(page)
    names = models.Event.objects.filter(t_ms__isnull=False).values_list("name", flat=True)
    assert {"enlarged", "reduced", "changed"} <= set(names)


def test_the_instructions_come_back_in_a_dialogue(live_server, page, make_study):
    make_study()
    walking.skip_to_trial(page, f"{live_server.url}/s/walk/")
    page.fill("#ignores", "the sky")
    page.click("[data-guide]")
    page.wait_for_selector("#guide-dialog[open] h1")
    assert page.locator("#guide-dialog h1").count() == 6
    assert serious(page) == []
    page.keyboard.press("Escape")
    assert page.input_value("#ignores") == "the sky"
