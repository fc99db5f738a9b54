"""Label matching in a real browser: by dragging, by tapping, by keys, and without scripts."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from django.db import connections
from playwright.sync_api import expect

from studyapp import models
from studyapp.simulation.by_browser import Walker
from tests import loaded
from tests.browser import walking
from tests.browser.boards import drag, drag_by_finger, is_board, settled, walk, walk_by_keyboard
from tests.browser.looking import serious, sideways
from tests.studyapp.made.label_matching import write_bundle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHORT = {"training_trials": 1, "evaluation_trials": 1}


@pytest.fixture
def start(publish, live_server):
    """Publish a study and return the address of its door: `start(method="swox", **parameters)`."""

    def start(method="cwox_2s", **parameters) -> str:
        publish(
            loaded.load(write_bundle, size=240),
            {"method": method},
            slug="pairs",
            title="Which label is it?",
            kind="label_matching",
            parameters=parameters,
        )
        return f"{live_server.url}/s/pairs/"

    return start


def labels(page) -> list[str]:
    return [chip.get_attribute("data-label") for chip in page.query_selector_all("[data-label]")]


def placed(page) -> list[str]:
    return [page.input_value(f"[name=box_{number}]") for number in (1, 2)]


def responses() -> list[models.Response]:
    return [row for row in models.Response.objects.order_by("position") if "moves" in row.answer]


def moves() -> list[tuple[str, str, str]]:
    """Return each move recorded, as (from, to, by what)."""
    events = models.Event.objects.filter(name="moved").order_by("pk")
    return [(event.data["from"], event.data["to"], event.input_mode) for event in events]


def by_dragging(page) -> None:
    first, second = labels(page)
    drag(page, f"[data-label='{first}']", "[data-box=A] .place")
    drag(page, f"[data-label='{second}']", "[data-box=B] .map")


def by_keys(page) -> None:
    """Take the first label to box A and the second to box B; the focus is always where the next key goes."""
    page.keyboard.press("Tab")
    walking.tab_to(page, "[data-label]")
    for _ in range(4):
        page.keyboard.press("Enter")


def test_a_whole_session_by_dragging_is_stored_and_axe_finds_nothing_serious(page, start):
    assert walk(page, start(**SHORT), by_dragging) == []
    run = models.Participant.objects.get()
    assert (run.status, run.summary["n_trials"], run.summary["n_training"]) == ("completed", 2, 2)
    assert [row.answer["moves"] for row in responses()] == [2] * 4
    assert moves() == [("tray", "A", "mouse"), ("tray", "B", "mouse")] * 4
    assert all(row.rt_ms > 0 for row in responses())


def test_a_whole_session_by_tapping_on_a_tablet(tablet, start):
    def by_tapping(page):
        for label, box in zip(labels(page), "AB", strict=True):
            page.tap(f"[data-label='{label}']")
            page.tap(f"[data-box={box}] .place")
        for target in page.query_selector_all("#step button:not([hidden]), .top a"):
            assert target.bounding_box()["height"] >= 44

    assert walk(tablet, start(**SHORT), by_tapping) == []
    assert moves() == [("tray", "A", "touch"), ("tray", "B", "touch")] * 4


def test_a_whole_session_by_keyboard_alone(page, start):
    walk_by_keyboard(page, start(**SHORT), by_keys)
    assert models.Participant.objects.get().status == "completed"
    assert moves() == [("tray", "A", "keyboard"), ("tray", "B", "keyboard")] * 4


def test_a_finger_drags_too(tablet, start):
    walking.skip_to_trial(tablet, start())
    first = labels(tablet)[0]
    drag_by_finger(tablet, f"[data-label='{first}']", "[data-box=B] .place")
    assert placed(tablet) == ["", first]


def test_dropping_on_a_filled_box_swaps_and_a_label_can_be_taken_back(page, start):
    walking.skip_to_trial(page, start())
    first, second = labels(page)
    by_dragging(page)
    settled(page)
    drag(page, "[data-box=A] .place", "[data-box=B] .place")
    settled(page)
    assert placed(page) == [second, first]
    expect(page.locator("#said")).to_have_text(f"{first} is in box B, {second} in box A.")
    page.click("[data-box=A] .back")
    settled(page)
    assert placed(page) == ["", first]
    expect(page.locator("#said")).to_have_text(f"{second} is back in the tray.")
    drag(page, f"[data-label='{second}']", "[data-box=B] .place")
    settled(page)
    assert placed(page) == ["", second]
    expect(page.locator(f"[data-label='{first}']")).to_be_visible()
    drag(page, "[data-box=B] .place", "[data-tray]")
    settled(page)
    assert placed(page) == ["", ""]
    assert page.input_value("[name=moves]") == "6"


def test_a_label_dropped_beside_the_boxes_goes_back_and_counts_as_no_move(page, start):
    walking.skip_to_trial(page, start())
    first, _ = labels(page)
    drag(page, f"[data-label='{first}']", ".root")
    settled(page)
    assert placed(page) == ["", ""]
    assert page.input_value("[name=moves]") == ""
    expect(page.locator(f"[data-label='{first}']")).to_be_visible()


def test_keys_move_among_boxes_and_labels_and_escape_puts_down(page, start):
    walking.skip_to_trial(page, start())
    first, second = labels(page)
    walking.tab_to(page, f"[data-label='{first}']")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(walking.FOCUSED, f"[data-label='{second}']")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text(f"{second} picked up. Choose a box.")
    assert page.evaluate(walking.FOCUSED, "[data-box=A] .place")
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_have_text(f"{second} put down.")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(walking.FOCUSED, "[data-box=B] .place")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Pick up a label first.")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert placed(page) == ["", first]
    walking.tab_to(page, "[data-box=B] .place")
    page.keyboard.press("Delete")
    assert placed(page) == ["", ""]
    assert page.evaluate(walking.FOCUSED, f"[data-label='{first}']")


def test_next_is_refused_with_the_reason_until_every_box_has_a_label(page, start):
    walking.skip_to_trial(page, start())
    first, second = labels(page)
    page.click(f"[data-label='{first}']")
    page.click("[data-box=A] .place")
    settled(page)
    page.click("#step .primary")
    expect(page.locator("#error-box_2")).to_have_text("Box B needs a label. Unsure? Pick any.")
    assert page.evaluate(walking.FOCUSED, "[data-box=B] .place")
    assert serious(page) == []
    page.click(f"[data-label='{second}']")
    page.click("[data-box=B] .place")
    expect(page.locator("#error-box_2")).to_be_empty()
    walking.go_on(page)
    assert page.locator(".true-label").count() == 2


def test_photograph_and_heatmaps_enlarge_by_click_and_by_enter_unless_a_label_is_held(page, start):
    walking.skip_to_trial(page, start())
    page.click("[data-box=A] .map")
    enlarged = page.locator("#enlarged[open] img")
    assert {image.bounding_box()["width"] for image in enlarged.all()} == {enlarged.first.bounding_box()["width"]}
    assert enlarged.count() == 3
    assert enlarged.first.bounding_box()["width"] > 340
    assert page.locator("#enlarged figcaption").all_inner_texts() == ["A", "B"]
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.focus("[data-box=B] .map")
    page.keyboard.press("Enter")
    expect(enlarged).to_have_count(3)
    page.keyboard.press("Escape")
    first = labels(page)[0]
    page.click(f"[data-label='{first}']")
    page.click("[data-box=B] .map")
    settled(page)
    assert placed(page) == ["", first]
    expect(page.locator("#enlarged")).to_be_hidden()
    page.mouse.move(5, 400)
    page.mouse.down()
    page.mouse.move(900, 560, steps=3)
    page.mouse.up()
    assert page.evaluate("getSelection().toString()").strip() == ""


def test_nothing_moves_while_labels_are_placed(page, start):
    walking.skip_to_trial(page, start())

    def places():
        return [element.bounding_box() for element in page.query_selector_all(".map, .slot, .tray, .primary, h1")]

    before = places()
    first, second = labels(page)
    page.click(f"[data-label='{first}']")
    page.click("[data-box=B] .place")
    page.click("#step .primary")
    expect(page.locator("#error-box_1")).not_to_be_empty()
    page.click(f"[data-label='{second}']")
    page.click("[data-box=A] .place")
    settled(page)
    assert places() == before
    page.evaluate("document.documentElement.style.fontSize = '200%'")  # more lines, as a long label takes
    filled = [place["height"] for place in places()]
    for box in "AB":
        page.click(f"[data-box={box}] .back")
    settled(page)
    assert placed(page) == ["", ""]
    assert [place["height"] for place in places()] == filled


def test_what_was_placed_survives_a_reload_and_a_pause(page, start):
    url = start()
    walking.skip_to_trial(page, url)
    first = labels(page)[0]
    page.click(f"[data-label='{first}']")
    page.click("[data-box=B] .place")
    settled(page)
    page.reload()
    walking.shown(page)
    assert placed(page) == ["", first]
    expect(page.locator("[data-box=B] .place")).to_have_text(first)
    expect(page.locator(f"[data-label='{first}']")).to_be_hidden()
    label = page.inner_text("#progress-label")
    page.goto(url)
    page.click("button.primary")
    walking.shown(page)
    assert page.inner_text("#progress-label") == label


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)], ids=["laptop", "tablet"])
@pytest.mark.parametrize("method", ["cwox_2s", "swox"])
def test_tree_boxes_and_labels_are_in_view_together(page, start, size, method):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    walking.skip_to_trial(page, start(method, probabilities=True))
    for answered in (False, True):
        bar = page.locator(".actions").bounding_box()["y"]
        for element in page.query_selector_all(".box, .answered, .map"):
            place = element.bounding_box()
            assert place["y"] + place["height"] <= bar
        assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
        if not answered:
            by_dragging(page)
            settled(page)
            walking.go_on(page)


def test_at_200_percent_nothing_scrolls_sideways_and_labels_can_be_placed(page, start):
    page.set_viewport_size({"width": 640, "height": 360})
    walking.skip_to_trial(page, start())
    assert sideways(page) <= 0
    for label, box in zip(labels(page), "AB", strict=True):
        page.click(f"[data-label='{label}']")
        page.click(f"[data-box={box}] .place")
    settled(page)
    walking.go_on(page)
    assert sideways(page) <= 0


def test_without_scripts_lists_stand_under_the_heatmaps(browser, start):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(start(group_source="link", **SHORT))
    walking.turn(page, "button.primary")
    while not is_board(page):
        for question in page.query_selector_all("#step fieldset.question"):
            question.query_selector("label.option").click()
        walking.turn(page)
    options = page.eval_on_selector_all("[name=box_1] option", "found => found.map(option => option.value)")
    page.select_option("[name=box_1]", options[1])
    page.select_option("[name=box_2]", options[1])
    walking.turn(page)
    assert "each label fits one" in page.inner_text("#error-box_2")
    page.select_option("[name=box_2]", options[2])
    walking.turn(page)
    assert page.locator(".true-label").count() == 2
    context.close()
    assert responses()[0].answer == {"response": options[1:], "moves": None}


def test_a_bot_walks_in_a_real_browser(browser, start):
    door = start(**SHORT)
    study = models.Study.objects.get()
    with ThreadPoolExecutor(1) as apart:
        run = Walker(browser, door.removesuffix("/s/pairs/"), apart).walk(study, "oracle", Random(1))
        apart.submit(connections.close_all).result()
    assert (run.status, run.summary["n_correct"]) == ("completed", 2)
