"""The clustering board in a real browser: sorting by dragging, by tapping, by keys, and by a bot."""

import re
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from django.db import connections
from playwright.sync_api import expect

from studyapp import models
from studyapp.simulation.by_browser import Walker
from tests.browser import walking
from tests.browser.boards import drag, drag_by_finger, walk, walk_by_keyboard
from tests.browser.clustering import BARE, XNN, events, moves, photo, placed, selected, sortings, tray
from tests.browser.looking import serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def by_dragging(page) -> None:
    for number, group in enumerate("ABCDABCDAB", start=1):
        drag(page, photo(number), tray(group))


def by_keys(page) -> None:
    """Pictures 1 to 5 by their group's letter, the others selected and put by Enter on a group."""
    walking.tab_to(page, photo(1))
    for letter in "abcda":
        page.keyboard.press(letter)
        page.keyboard.press("ArrowRight")
    for _ in range(5):
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowRight")
    walking.tab_to(page, f"{tray('B')} button")
    page.keyboard.press("Enter")


def test_a_whole_session_by_dragging_is_stored_and_axe_finds_nothing_serious(page, sorting):
    assert walk(page, sorting(datasets=["gulls"]), by_dragging) == []
    run = models.Participant.objects.get()
    assert (run.status, run.summary["n_trials"]) == ("completed", 3)
    assert [row.answer["moves"] for row in sortings()] == [10] * 3
    assert all(list(row.answer["placement"].values()) == list("ABCDABCDAB") for row in sortings())
    expected = [(number, "none", group, "mouse") for number, group in enumerate("ABCDABCDAB", start=1)]
    assert moves() == expected * 3
    assert all(row.rt_ms > 0 for row in sortings())


def test_a_whole_session_by_tapping_on_a_tablet(tablet, sorting):
    def by_tapping(page):
        assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
        for target in page.query_selector_all("#step :is(.photo, .toolbar button, .actions button, .tray), .top a"):
            assert min(target.bounding_box()["height"], target.bounding_box()["width"]) >= 44
        for number, group in enumerate("AABBCCDDAA", start=1):
            page.tap(photo(number))
            page.tap(tray(group))

    assert walk(tablet, sorting(datasets=["gulls"]), by_tapping) == []
    expected = [(number, "none", group, "touch") for number, group in enumerate("AABBCCDDAA", start=1)]
    assert moves() == expected * 3


def test_a_whole_session_by_keyboard_alone(page, sorting):
    url = sorting(stages=[["NoVis", "none"], ["XNN", "xnn"]], datasets=["gulls"])
    walk_by_keyboard(page, url, by_keys)
    assert models.Participant.objects.get().status == "completed"
    assert [list(row.answer["placement"].values()) for row in sortings()] == [list("ABCDABBBBB")] * 2
    assert {row[3] for row in moves()} == {"keyboard"}
    assert len(moves()) == 20


def test_a_finger_drags_too(tablet, sorting):
    walking.skip_to_trial(tablet, sorting(**BARE))
    drag_by_finger(tablet, photo(3), tray("C"))
    assert placed(tablet) == "--C-------"


def test_several_selected_pictures_move_together_and_come_out_again(page, sorting):
    walking.skip_to_trial(page, sorting(**BARE))
    for number in (2, 5, 9):
        page.click(photo(number))
    assert selected(page) == [2, 5, 9]
    expect(page.locator("#said")).to_have_text("Picture 9 selected, 3 in all.")
    drag(page, photo(5), tray("D"))
    assert placed(page) == "-D--D---D-"
    assert selected(page) == []
    expect(page.locator("#said")).to_have_text("3 pictures are in group D.")
    expect(page.locator("#placed")).to_have_text("3 of 10 are in a group")
    assert page.get_by_role("button", name=re.compile(r"^Group D ?: 2, 5, 9$")).count() == 1
    drag(page, f"{tray('D')} .thumb[data-picture='5']", tray("A"))
    assert placed(page) == "-D--A---D-"
    expect(page.locator("#said")).to_have_text("Picture 5 is in group A.")
    drag(page, f"{tray('D')} .thumb[data-picture='2']", ".photos")
    assert placed(page) == "----A---D-"
    expect(page.locator("#said")).to_have_text("Picture 2 is in no group.")
    page.focus(photo(9))
    page.keyboard.press("Delete")
    assert placed(page) == "----A-----"
    assert page.input_value("[name=moves]") == "6"


def test_a_thumb_selects_its_picture_but_takes_what_is_selected_already(page, sorting):
    walking.skip_to_trial(page, sorting(**BARE))
    page.click(photo(1))
    page.click(tray("B"))
    page.click(".thumb[data-picture='1']")
    assert selected(page) == [1]
    page.keyboard.press("Escape")
    expect(page.locator("#said")).to_have_text("Nothing is selected.")
    page.click(photo(4))
    page.click(".thumb[data-picture='1']")
    assert placed(page) == "B--B------"
    page.click(tray("A"))
    expect(page.locator("#said")).to_have_text("Select a picture first.")


def test_what_is_dropped_beside_the_groups_stays_where_it_was(page, sorting):
    walking.skip_to_trial(page, sorting(**BARE))
    drag(page, photo(1), tray("C"))
    drag(page, photo(1), ".top")
    drag(page, photo(2), "h1")
    assert placed(page) == "C---------"
    assert page.input_value("[name=moves]") == "1"


def test_pictures_without_a_group_are_named_and_the_focus_goes_there(page, sorting):
    walking.skip_to_trial(page, sorting(**BARE))
    for number in (1, 2, 4, 5, 6, 7, 8, 10):
        page.focus(photo(number))
        page.keyboard.press("a")
    page.click("#step .primary")
    expect(page.locator("#error-picture_3")).to_have_text("No group yet")
    expect(page.locator("#error-picture_9")).to_be_visible()
    expect(page.locator("#error-picture_1")).to_be_hidden()
    assert page.evaluate(walking.FOCUSED, photo(3))
    page.keyboard.press("b")
    expect(page.locator("#error-picture_3")).to_be_hidden()
    assert serious(page) == []
    page.focus(photo(9))
    page.keyboard.press("b")
    walking.go_on(page)
    assert list(sortings()[0].answer["placement"].values()) == list("AABAAAAABA")


def test_a_study_that_wants_every_group_says_so_at_the_groups(page, sorting):
    walking.skip_to_trial(page, sorting(**BARE, require_all_groups=True))
    for number in range(1, 11):
        page.focus(photo(number))
        page.keyboard.press("a")
    page.click("#step .primary")
    expect(page.locator(".trays .error")).to_have_text("Every group needs a picture; group B has none.")
    assert page.evaluate(walking.FOCUSED, f"{tray('A')} button")


def test_reloading_keeps_what_was_sorted(page, sorting):
    walking.skip_to_trial(page, sorting(**XNN))
    drag(page, photo(1), tray("C"))
    page.reload()
    walking.shown(page)
    assert placed(page) == "C---------"
    expect(page.locator(f"{tray('C')} .thumb")).to_have_count(1)


def test_reloading_keeps_the_map_that_was_chosen_and_records_no_switching(page, sorting):
    walking.skip_to_trial(page, sorting(**XNN))
    page.click("[data-switch='2']")
    page.click("[data-switch='5']")
    page.reload()
    walking.shown(page)
    assert page.eval_on_selector_all("[data-switch][aria-pressed=true]", "on => on.map(b => b.dataset.switch)") == ["5"]
    assert page.locator("#board .overlay:visible").count() == 10
    for number in range(1, 11):
        page.focus(photo(number))
        page.keyboard.press("a")
    walking.go_on(page)
    assert [(row.data["feature"], row.data["on"]) for row in events("switched")] == [(2, True), (2, False), (5, True)]


def test_a_bot_walks_in_a_real_browser(browser, live_server, sorting):
    sorting(datasets=["cells"])
    with ThreadPoolExecutor(1) as apart:
        run = Walker(browser, live_server.url, apart).walk(models.Study.objects.get(), "oracle", Random(1))
        apart.submit(connections.close_all).result()
    assert (run.status, run.bot, run.summary["mean_purity"]) == ("completed", "oracle", 1.0)
