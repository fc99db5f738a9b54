"""The clustering board in a real browser: by dragging, by tapping, by keys, and without scripts."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from django.db import connections
from PIL import Image
from playwright.sync_api import expect

from studyapp import models, publishing, stimuli
from studyapp.simulation.by_browser import Walker
from tests.browser import walking
from tests.browser.test_walk import serious, sideways
from tests.studyapp.clustering import write_bundle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
XNN = {"stages": [["XNN", "xnn"]], "datasets": ["gulls"]}
SINGLE = {"stages": [["1-Heatmap", "c_mwp"]], "datasets": ["gulls"]}
BARE = {"stages": [["NoVis", "none"]], "datasets": ["gulls"]}
SHAPES = """() => Object.fromEntries(
    [...document.querySelectorAll('.card, .tray, .toolbar button, .actions button')].map((element, place) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [place, [x, y, width, height].map(Math.round)];
    }))"""


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (96, 96), (90, 140, 190)).save(content, "WEBP")
    return content.getvalue()


@pytest.fixture
def start(live_server, transactional_db, settings, tmp_path):
    """Publish a study and return the address of its door: `start(**parameters)`."""
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }

    def publish(**parameters) -> str:
        bundle = stimuli.load_bundle(write_bundle(tmp_path / "source", image=picture(), size=96), "made")
        study = models.Study.objects.create(
            slug="sorting",
            title="Sorting look-alikes",
            kind="clustering",
            bundle=bundle,
            seed=1,
            parameters=parameters,
            code_completed="DONE-7",
        )
        models.Condition.objects.create(study=study, name="main", factors={})
        publishing.publish(study)
        return f"{live_server.url}/s/sorting/"

    return publish


@pytest.fixture
def tablet(browser):
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(10_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    yield page
    context.close()
    assert not errors


def is_board(page) -> bool:
    return page.query_selector("#board") is not None


def skip_to_board(page, url) -> None:
    walking.enter(page, url)
    while not is_board(page):
        walking.answer_by_mouse(page)
        walking.go_on(page)


def walk(page, url, sort) -> list[str]:
    """Go all the way, sorting by `sort(page)`, and return what axe finds serious on any kind of page."""
    walking.enter(page, url)
    found, seen = [], set()
    while not walking.ended(page):
        assert sideways(page) <= 0
        if is_board(page):
            sort(page)
            settled(page)
        else:
            walking.answer_by_mouse(page)
        kind = page.inner_text("h1"), is_board(page) and page.get_attribute("#board", "data-help")
        if kind not in seen:
            seen.add(kind)
            found += [f"{kind}: {problem}" for problem in serious(page)]
        walking.go_on(page)
    assert page.inner_text("#code") == "DONE-7"
    return found


def photo(number: int) -> str:
    return f".card[data-picture='{number}'] .photo"


def tray(group: str) -> str:
    return f"[data-group={group}]"


def placed(page) -> str:
    return "".join(page.input_value(f"[name=picture_{number}]") or "-" for number in range(1, 11))


def selected(page) -> list[int]:
    return [int(card.get_attribute("data-picture")) for card in page.query_selector_all(".card.selected")]


def settled(page) -> None:
    page.wait_for_function("() => !document.querySelector('.likeness')")


def middle(page, selector) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, start, end) -> None:
    page.mouse.move(*middle(page, start))
    page.mouse.down()
    page.mouse.move(*middle(page, end), steps=5)
    page.mouse.up()
    settled(page)


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


def events(name: str) -> list[models.Event]:
    return list(models.Event.objects.filter(name=name).order_by("pk"))


def moves() -> list[tuple]:
    return [(row.data["picture"], row.data["from"], row.data["to"], row.input_mode) for row in events("moved")]


def sortings() -> list[models.Response]:
    return [row for row in models.Response.objects.order_by("position") if "placement" in row.answer]


def test_a_whole_session_by_dragging_is_stored_and_axe_finds_nothing_serious(page, start):
    assert walk(page, start(datasets=["gulls"]), by_dragging) == []
    run = models.Participant.objects.get()
    assert (run.status, run.summary["n_trials"]) == ("completed", 3)
    assert [row.answer["moves"] for row in sortings()] == [10] * 3
    assert all(list(row.answer["placement"].values()) == list("ABCDABCDAB") for row in sortings())
    expected = [(number, "none", group, "mouse") for number, group in enumerate("ABCDABCDAB", start=1)]
    assert moves() == expected * 3
    assert all(row.rt_ms > 0 for row in sortings())


def test_a_whole_session_by_tapping_on_a_tablet(tablet, start):
    def by_tapping(page):
        assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
        for target in page.query_selector_all("#step :is(.photo, .toolbar button, .actions button, .tray), .top a"):
            assert min(target.bounding_box()["height"], target.bounding_box()["width"]) >= 44
        for number, group in enumerate("AABBCCDDAA", start=1):
            page.tap(photo(number))
            page.tap(tray(group))

    assert walk(tablet, start(datasets=["gulls"]), by_tapping) == []
    expected = [(number, "none", group, "touch") for number, group in enumerate("AABBCCDDAA", start=1)]
    assert moves() == expected * 3


def test_a_whole_session_by_keyboard_alone(page, start):
    url = start(stages=[["NoVis", "none"], ["XNN", "xnn"]], datasets=["gulls"])
    page.goto(url)
    walking.tab_to(page, "button.primary")
    page.keyboard.press("Enter")
    walking.shown(page)
    while not walking.ended(page):
        if is_board(page):
            by_keys(page)
        else:
            walking.answer_by_keyboard(page)
        walking.go_on_by_keyboard(page)
    assert models.Participant.objects.get().status == "completed"
    assert [list(row.answer["placement"].values()) for row in sortings()] == [list("ABCDABBBBB")] * 2
    assert {row[3] for row in moves()} == {"keyboard"}
    assert len(moves()) == 20


def test_a_finger_drags_too(tablet, start):
    page = tablet
    skip_to_board(page, start(**BARE))
    touch = page.context.new_cdp_session(page)
    (x, y), (to_x, to_y) = middle(page, photo(3)), middle(page, tray("C"))

    def finger(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    finger("touchStart", (x, y))
    for step in range(1, 6):
        finger("touchMove", (x + (to_x - x) * step / 5, y + (to_y - y) * step / 5))
    finger("touchEnd")
    settled(page)
    assert placed(page) == "--C-------"


def test_several_selected_pictures_move_together_and_come_out_again(page, start):
    skip_to_board(page, start(**BARE))
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


def test_a_thumb_selects_its_picture_but_takes_what_is_selected_already(page, start):
    skip_to_board(page, start(**BARE))
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


def test_what_is_dropped_beside_the_groups_stays_where_it_was(page, start):
    skip_to_board(page, start(**BARE))
    drag(page, photo(1), tray("C"))
    drag(page, photo(1), ".top")
    drag(page, photo(2), "h1")
    assert placed(page) == "C---------"
    assert page.input_value("[name=moves]") == "1"


def test_pictures_without_a_group_are_named_and_the_focus_goes_there(page, start):
    skip_to_board(page, start(**BARE))
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


def test_a_study_that_wants_every_group_says_so_at_the_groups(page, start):
    skip_to_board(page, start(**BARE, require_all_groups=True))
    for number in range(1, 11):
        page.focus(photo(number))
        page.keyboard.press("a")
    page.click("#step .primary")
    expect(page.locator(".trays .error")).to_have_text("Every group needs a picture; group B has none.")
    assert page.evaluate(walking.FOCUSED, f"{tray('A')} button")


def visible_maps(page) -> int:
    return page.locator("#board .overlay:visible").count()


def test_one_heatmap_shows_on_hover_and_focus_and_all_at_once(page, start):
    skip_to_board(page, start(**SINGLE))
    assert visible_maps(page) == 0
    page.hover(photo(4))
    assert visible_maps(page) == 1
    page.wait_for_timeout(150)
    page.mouse.move(5, 300)
    assert visible_maps(page) == 0
    walking.tab_to(page, photo(2))
    assert page.locator(".card[data-picture='2'] .overlay").is_visible()
    page.wait_for_timeout(150)
    walking.tab_to(page, "[data-group=A] button")
    assert visible_maps(page) == 0
    page.click("[data-switch-all]")
    assert visible_maps(page) == 10
    page.click("[data-switch-all]")
    assert visible_maps(page) == 0
    for number in range(1, 11):
        page.focus(photo(number))
        page.keyboard.press("a")
    walking.go_on(page)
    assert [row.data for row in events("switched")] == [{"feature": "all", "on": True}, {"feature": "all", "on": False}]
    looked = [(row.data["picture"], row.input_mode) for row in events("looked") if row.data["ms"] >= 100]
    assert {(4, "mouse"), (2, "keyboard")} <= set(looked)


def test_a_tap_shows_a_heatmap_where_nothing_can_hover(tablet, start):
    skip_to_board(tablet, start(**SINGLE))
    tablet.tap(photo(7))
    assert tablet.locator(".card[data-picture='7'] .overlay").is_visible()
    tablet.tap(photo(8))
    assert visible_maps(tablet) == 1


def test_switches_show_maps_of_all_pictures_without_a_request_and_nothing_else_moves(page, start):
    skip_to_board(page, start(**XNN))
    page.wait_for_load_state("networkidle")
    requests = []
    page.on("request", lambda request: requests.append(request.url) if "/events/" not in request.url else None)
    before = page.evaluate(SHAPES)
    for feature, shown in ((3, 10), (6, 20)):
        page.click(f"[data-switch='{feature}']")
        assert visible_maps(page) == shown
        assert page.evaluate(SHAPES) == before
    assert page.locator("#board [data-feature='3'] .contribution").first.inner_text() == "+.11"
    page.click("[data-switch-all]")
    assert visible_maps(page) == 70
    assert page.evaluate(SHAPES) == before
    drag(page, photo(1), tray("A"))
    page.click(photo(2))
    assert page.evaluate(SHAPES) == before
    page.click("[data-compare]")
    page.click("[data-column='2']")
    page.keyboard.press("Escape")
    assert requests == []
    for box in page.evaluate("[...document.querySelectorAll('.card')].map(c => [c.scrollWidth - c.clientWidth])"):
        assert box == [0]


def test_the_panel_compares_selected_pictures_and_gives_the_focus_back(page, start):
    skip_to_board(page, start(**XNN))
    page.click("[data-compare]", force=True)  # it looks disabled, and says why it does nothing
    expect(page.locator("#said")).to_have_text("Select a picture first.")
    expect(page.locator("#compare")).to_be_hidden()
    for number in (8, 1, 4):
        page.click(photo(number))
    walking.tab_to(page, "[data-compare]")
    page.keyboard.press("Enter")
    panel = page.locator("#compare")
    assert panel.locator("tbody tr .number").all_inner_texts() == ["1", "4", "8"]
    assert panel.locator(".overlay:visible").count() == 21
    assert serious(page) == []
    panel.locator("[data-column='6']").click()
    assert panel.locator(".overlay:visible").count() == 18
    expect(panel.get_by_role("columnheader", name="Heatmap 6")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert page.evaluate(walking.FOCUSED, "[data-compare]")
    assert selected(page) == [1, 4, 8]
    page.click("[data-compare]")
    assert panel.locator(".overlay:visible").count() == 18  # a column stays as it was switched
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    for number in range(1, 11):
        page.focus(photo(number))
        page.keyboard.press("a")
    walking.go_on(page)
    assert [row.data["pictures"] for row in events("compare_opened")] == [[1, 4, 8]] * 2
    assert [row.data for row in events("compare_switched")] == [{"feature": 6, "on": False}]
    assert len(events("compare_closed")) == 2
    assert [(row.data["picture"], row.data["on"]) for row in events("selected")][:3] == [
        (8, True),
        (1, True),
        (4, True),
    ]


def test_reloading_keeps_what_was_sorted(page, start):
    skip_to_board(page, start(**XNN))
    drag(page, photo(1), tray("C"))
    page.reload()
    walking.shown(page)
    assert placed(page) == "C---------"
    expect(page.locator(f"{tray('C')} .thumb")).to_have_count(1)


@pytest.mark.parametrize("size", [(1920, 1080), (640, 360)], ids=["desktop", "200 percent"])
@pytest.mark.parametrize("parameters", [SINGLE, XNN], ids=["one heatmap", "seven"])
def test_nothing_scrolls_sideways_at_other_sizes(page, start, size, parameters):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    skip_to_board(page, start(**parameters))
    assert sideways(page) <= 0
    page.click("[data-switch-all]")
    assert sideways(page) <= 0
    page.click(photo(1))
    page.click(f"{tray('D')} button")
    settled(page)
    assert placed(page) == "D---------"


def test_without_scripts_each_picture_has_a_list_and_all_its_maps(live_server, browser, start):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(start(**XNN))
    page.click("button.primary")
    while not is_board(page):
        walking.answer_by_mouse(page)
        page.click("#step .primary")
    for number in range(1, 10):
        page.select_option(f"[name=picture_{number}]", "B")
    page.click("#step .primary")
    expect(page.locator("#error-picture_10")).to_have_text("No group yet")
    assert page.input_value("[name=picture_9]") == "B"
    assert page.locator(".overlay:visible").count() == 70
    page.select_option("[name=picture_10]", "A")
    page.click("#step .primary")
    assert list(sortings()[0].answer["placement"].values()) == list("BBBBBBBBBA")
    assert sortings()[0].answer["moves"] is None
    context.close()


def test_a_bot_walks_in_a_real_browser(browser, live_server, start):
    start(datasets=["cells"])
    with ThreadPoolExecutor(1) as apart:
        run = Walker(browser, live_server.url, apart).walk(models.Study.objects.get(), "oracle", Random(1))
        apart.submit(connections.close_all).result()
    assert (run.status, run.bot, run.summary["mean_purity"]) == ("completed", "oracle", 1.0)
