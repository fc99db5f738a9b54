"""The heatmaps of the clustering board in a real browser: hovering, switches, the panel, other sizes, no scripts."""

import pytest
from playwright.sync_api import expect

from tests.browser import walking
from tests.browser.boards import drag, is_board, settled
from tests.browser.clustering import SINGLE, XNN, events, photo, placed, selected, sortings, tray
from tests.browser.looking import serious, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHAPES = """() => Object.fromEntries(
    [...document.querySelectorAll('.card, .tray, .toolbar button, .actions button')].map((element, place) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [place, [x, y, width, height].map(Math.round)];
    }))"""


def visible_maps(page) -> int:
    return page.locator("#board .overlay:visible").count()


def test_one_heatmap_shows_on_hover_and_focus_and_all_at_once(page, sorting):
    walking.skip_to_trial(page, sorting(**SINGLE))
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
    page.click("[data-switch='1']")
    assert visible_maps(page) == 10
    page.hover(photo(4))
    assert visible_maps(page) == 9  # the photograph shows again while it is looked at
    page.click("[data-switch='1']")
    assert visible_maps(page) == 0
    for number in range(1, 11):
        page.focus(photo(number))
        page.keyboard.press("a")
    walking.go_on(page)
    assert [row.data for row in events("switched")] == [{"feature": 1, "on": True}, {"feature": 1, "on": False}]
    looked = [(row.data["picture"], row.input_mode) for row in events("looked") if row.data["ms"] >= 100]
    assert {(4, "mouse"), (2, "keyboard")} <= set(looked)


def test_a_tap_shows_a_heatmap_where_nothing_can_hover(tablet, sorting):
    walking.skip_to_trial(tablet, sorting(**SINGLE))
    tablet.tap(photo(7))
    assert tablet.locator(".card[data-picture='7'] .overlay").is_visible()
    tablet.tap(photo(8))
    assert visible_maps(tablet) == 1


def test_the_chosen_map_covers_every_picture_without_a_request_and_nothing_moves(page, sorting):
    walking.skip_to_trial(page, sorting(**XNN))
    page.wait_for_load_state("networkidle")
    requests = []
    page.on("request", lambda request: requests.append(request.url) if request.resource_type == "image" else None)
    before = page.evaluate(SHAPES)
    covered = page.locator(f"{photo(1)} img").first.bounding_box()
    for feature in (3, 6):
        page.click(f"[data-switch='{feature}']")
        assert visible_maps(page) == 10
        assert page.locator(f"{photo(1)} [data-map='{feature}'] img").bounding_box() == covered
        assert page.evaluate(SHAPES) == before
    assert page.locator("#board [data-map='3'] .contribution").first.text_content().strip() == "+.11"
    page.hover(photo(5))
    assert visible_maps(page) == 9
    drag(page, photo(1), tray("A"))
    page.click(photo(2))
    assert page.evaluate(SHAPES) == before
    page.click("[data-compare=selected]")
    page.click("[data-column='2']")
    page.keyboard.press("Escape")
    page.click("[data-switch='6']")
    assert visible_maps(page) == 0
    assert requests == []


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)], ids=["laptop", "tablet"])
def test_six_pictures_of_one_group_are_in_view_all_can_be_reached_and_nothing_moves(page, sorting, size):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    walking.skip_to_trial(page, sorting(**XNN))
    before = page.evaluate(SHAPES)
    for number in range(1, 11):
        page.focus(photo(number))
        page.keyboard.press("b")
    settled(page)
    assert page.evaluate(SHAPES) == before
    room = page.locator(tray("B")).bounding_box()
    thumbs = [thumb.bounding_box() for thumb in page.locator(f"{tray('B')} .thumb").all()]
    assert len({(box["x"], box["y"]) for box in thumbs}) == 10
    assert sum(box["y"] + box["height"] / 2 <= room["y"] + room["height"] for box in thumbs) >= 6
    assert {box["width"] for box in thumbs} == {72}
    assert len({box["x"] for box in thumbs}) == 3  # they fill their tray
    page.locator(f"{tray('B')} .thumb").last.scroll_into_view_if_needed()
    assert page.locator(f"{tray('B')} .thumb").last.bounding_box()["y"] < room["y"] + room["height"]


def test_pictures_are_arranged_by_group_and_back(page, sorting):
    walking.skip_to_trial(page, sorting(**XNN))
    order = "[...document.querySelectorAll('.card')].map((card) => Number(card.dataset.picture))"
    lay = page.evaluate(order)
    for number, group in ((9, "a"), (3, "b"), (7, "a")):
        page.focus(photo(number))
        page.keyboard.press(group)
    button = page.locator("[data-arrange]")
    looks = "button => getComputedStyle(button).backgroundColor"
    before = button.evaluate(looks)
    button.click()
    page.mouse.move(0, 0)
    assert (
        button.evaluate(looks)
        == page.evaluate("getComputedStyle(document.querySelector('#step .primary')).backgroundColor")
        != before
    )
    assert page.evaluate(order) == [7, 9, 3, 1, 2, 4, 5, 6, 8, 10]
    page.focus(photo(9))
    page.keyboard.press("ArrowRight")
    assert page.evaluate(walking.FOCUSED, photo(3))
    page.click("[data-arrange]")
    assert page.evaluate(order) == lay


def test_switching_maps_off_in_the_panel_moves_no_switch_and_resizes_no_picture(page, sorting):
    walking.skip_to_trial(page, sorting(**XNN))
    page.click(photo(3))
    page.click("[data-compare=selected]")
    switches = "[...document.querySelectorAll('#compare button')].map(b => JSON.stringify(b.getBoundingClientRect()))"
    before, size = page.evaluate(switches), page.locator("#compare tbody img").first.bounding_box()
    for feature in range(1, 8):
        page.click(f"[data-column='{feature}']")
        assert page.evaluate(switches) == before
    assert page.locator("#compare tbody img").first.bounding_box() == size


def test_the_panel_compares_selected_pictures_and_gives_the_focus_back(page, sorting):
    walking.skip_to_trial(page, sorting(**XNN))
    page.click("[data-compare=selected]", force=True)  # it looks disabled, and says why it does nothing
    expect(page.locator("#said")).to_have_text("Select a picture first.")
    expect(page.locator("#compare")).to_be_hidden()
    for number in (8, 1, 4):
        page.click(photo(number))
    walking.tab_to(page, "[data-compare=selected]")
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
    assert page.evaluate(walking.FOCUSED, "[data-compare=selected]")
    assert selected(page) == [1, 4, 8]
    page.click("[data-compare=selected]")
    assert panel.locator(".overlay:visible").count() == 18  # a column stays as it was switched
    assert panel.locator("tbody img").first.bounding_box()["width"] >= 110
    page.keyboard.press("Escape")
    page.click("[data-compare=all]")
    assert panel.locator(".overlay:visible").count() == 60
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    for number in range(1, 11):
        page.focus(photo(number))
        page.keyboard.press("a")
    walking.go_on(page)
    assert [row.data["pictures"] for row in events("compare_opened")] == [[1, 4, 8], [1, 4, 8], [*range(1, 11)]]
    assert [row.data for row in events("compare_switched")] == [{"feature": 6, "on": False}]
    assert len(events("compare_closed")) == 3
    assert [(row.data["picture"], row.data["on"]) for row in events("selected")][:3] == [
        (8, True),
        (1, True),
        (4, True),
    ]


@pytest.mark.parametrize("size", [(1920, 1080), (640, 360)], ids=["desktop", "200 percent"])
@pytest.mark.parametrize("parameters", [SINGLE, XNN], ids=["one heatmap", "seven"])
def test_nothing_scrolls_sideways_at_other_sizes(page, sorting, size, parameters):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    walking.skip_to_trial(page, sorting(**parameters))
    assert sideways(page) <= 0
    page.click("[data-switch='1']")
    assert sideways(page) <= 0
    page.click(photo(1))
    page.click(f"{tray('D')} button")
    settled(page)
    assert placed(page) == "D---------"


def test_without_scripts_each_picture_has_a_list_and_all_its_maps(live_server, browser, sorting):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(sorting(**XNN))
    walking.turn(page, "button.primary")
    while not is_board(page):
        walking.answer_by_mouse(page)
        walking.turn(page)
    for number in range(1, 10):
        page.select_option(f"[name=picture_{number}]", "B")
    walking.turn(page)
    expect(page.locator("#error-picture_10")).to_have_text("No group yet")
    assert page.input_value("[name=picture_9]") == "B"
    assert page.locator(".overlay:visible").count() == 70
    page.select_option("[name=picture_10]", "A")
    walking.turn(page)
    assert list(sortings()[0].answer["placement"].values()) == list("BBBBBBBBBA")
    assert sortings()[0].answer["moves"] is None
    context.close()
