"""A questionnaire in the browser: by keyboard and finger, on wide screens and narrow ones, page by page."""

from functools import partial
from random import Random

import pytest
from django.http import QueryDict
from playwright.sync_api import expect

from studyapp import models
from studyapp.run import sessions, showing
from studyapp.simulation import answering
from tests import loaded
from tests.browser import walking
from tests.browser.looking import findings, run_over, serious, sideways
from tests.bundles import write_bundle
from tests.studyapp.made.asked import EVERY_TYPE, likert

pytestmark = pytest.mark.django_db(transaction=True)
# Whether nothing lies over an element's corners.
IN_SIGHT = """element => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const corners = [[left + 1, top + 1], [right - 1, bottom - 1]];
  return corners.every(([x, y]) => element.parentElement.contains(document.elementFromPoint(x, y)));
}"""
TWO_PAGES = EVERY_TYPE | {"place": "start", "per_page": 5, "intro": "What do *you* think?"}
TWO_PAGES["items"] = [
    {"code": "gender", "type": "choice", "text": "Your gender?", "options": ["Female", "Male", "Another"]},
    *(likert(f"view_{number}", scale="view") for number in range(1, 5)),
    *EVERY_TYPE["items"][4:],
]


@pytest.fixture
def asked(publish, live_server):
    """Bring a page to the questionnaire."""

    def bring(page):
        publish(
            loaded.load(write_bundle),
            {"heatmap": "lrp", "scores": "shown"},
            slug="walk",
            title="How does the system decide?",
            kind="forward_simulation",
            questionnaires=[TWO_PAGES],
        )
        walking.enter(page, f"{live_server.url}/s/walk/")
        run = sessions.get(models.Participant.objects.latest("pk").pk)
        while (step := showing.step_of(run)[2])["page"] != "every":
            data = QueryDict(mutable=True)
            data.update(answering.answer(run, "oracle", Random(step["key"])))
            sessions.submit(run.pk, sessions.token(run, run.position), partial(showing.validate, data), {})
            run = sessions.get(run.pk)
        page.reload()
        walking.shown(page)
        return page

    return bring


def turn(page, button=".primary"):
    before = page.input_value("[name=at]")
    page.click(f"#step {button}")
    page.wait_for_function("old => document.querySelector('[name=at]')?.value !== old", arg=before)
    walking.shown(page)


def test_every_item_is_answered_by_keyboard_and_what_follows_appears(page, asked):
    asked(page)
    assert serious(page) == []
    page.click("#step .primary")
    page.wait_for_selector("[aria-invalid=true]")
    assert page.text_content("#error-item-view_4") == "Please choose one."
    for name in ["gender", *(f"view_{number}" for number in range(1, 5))]:
        walking.tab_to(page, f"[name=item-{name}]")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
    assert sideways(page) <= 0
    turn(page)
    assert page.query_selector("[data-item=why]").is_hidden()
    line = page.query_selector(".line input[type=range]")
    assert line.evaluate("line => line.classList.contains('untouched')")
    page.click("#step .primary")
    page.wait_for_selector("#error-item-sure:not(:empty)")
    assert page.evaluate("[document.activeElement.id, document.activeElement.getAttribute('aria-describedby')]") == [
        "line-item-sure",
        "error-item-sure",
    ]
    page.keyboard.press("ArrowRight")
    assert page.input_value("[name=item-sure]") == "51"
    page.fill("[name=item-age]", "44")
    assert page.query_selector("[data-item=why]").is_visible()
    page.fill("[name=item-why]", "It looks right.")
    for words in ("Shape", "Place", "Colour"):
        page.press(f".places button:has-text('{words}')", "Enter")
    assert serious(page) == []
    turn(page, ".previous")
    assert page.is_checked("[name=item-gender][value=Male]")
    turn(page)
    assert page.input_value("[name=item-sure]") == "51"
    assert page.query_selector(".places li:first-child .place").text_content() == "3"
    walking.go_on(page)
    response = models.Response.objects.order_by("pk").last()
    assert response.answer["rank"] == ["Shape", "Place", "Colour"]
    assert (response.answer["sure"], response.answer["view_1"], response.answer["job"]) == (51, 2, None)
    assert {"gender", "view_1", "sure", "rank"} <= set(response.timing["items"])
    assert response.rt_ms >= max(response.timing["items"].values())
    events = models.Event.objects.filter(position=response.position, name="changed")
    times = list(events.order_by("pk").values_list("t_ms", flat=True))
    assert times == sorted(times)  # of all parts of the step, one after another
    assert times[-1] <= response.rt_ms


def test_a_phone_shows_a_matrix_as_items_and_a_finger_answers_them(browser, asked):
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True)
    page = context.new_page()
    asked(page)
    assert sideways(page) <= 0
    assert page.query_selector(".matrix-head").is_hidden()
    for box in (target.bounding_box() for target in page.query_selector_all("#step label.option, #step button")):
        assert box["height"] >= 44
    page.tap("[data-item=view_2] label:has-text('Much')")
    page.reload()
    walking.shown(page)
    assert page.is_checked("[name=item-view_2][value='4']")
    context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_finger_puts_a_slider_where_it_taps_the_very_middle_too(browser, publish, live_server, language):
    bounds = [(0, 100, 1), (0, 1, 0.5), (1, 9, 2), (-3, 3, 1)]
    sliders = [
        {"code": f"s{n}", "type": "slider", "text": "How sure?", "min": low, "max": high, "step": step}
        for n, (low, high, step) in enumerate(bounds)
    ]
    study = publish(
        loaded.load(write_bundle),
        {"heatmap": "lrp", "scores": "shown"},
        slug="walk",
        title="How?",
        kind="forward_simulation",
        language=language,
        questionnaires=[{"name": "sure", "place": "start", "items": sliders}],
    )
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    page = context.new_page()
    walking.enter(page, f"{live_server.url}/s/{study.slug}/")
    while not page.query_selector(".line"):
        walking.answer_by_mouse(page)
        walking.go_on(page)
    for share in (0.5, 0.52, 0.1, 0.9, 0.5):
        for n, (low, high, step) in enumerate(bounds):
            line = page.locator(f"#line-item-s{n}")
            line.scroll_into_view_if_needed()
            box = line.bounding_box()
            page.touchscreen.tap(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
            along = 1 - share if language == "ar" else share
            there = float(page.input_value(f"[name=item-s{n}]"))
            assert abs(there - low - along * (high - low)) <= step, (share, low, high)
            assert "untouched" not in (line.get_attribute("class") or "")
    walking.go_on(page)
    context.close()


@pytest.mark.parametrize("size", [(1024, 768), (760, 600), (1280, 500)], ids=str)
def test_the_labels_of_a_long_matrix_stay_in_sight(page, publish, live_server, size):
    long = [likert(f"view_{number}") for number in range(1, 31)]
    publish(
        loaded.load(write_bundle),
        {"heatmap": "lrp", "scores": "shown"},
        slug="walk",
        title="How?",
        kind="forward_simulation",
        questionnaires=[{"name": "long", "place": "start", "items": long}],
    )
    page.set_viewport_size({"width": size[0], "height": size[1]})
    walking.enter(page, f"{live_server.url}/s/walk/")
    while not page.query_selector(".matrix"):
        walking.answer_by_mouse(page)
        walking.go_on(page)
    head = page.locator(".matrix-head .options > span")
    for number in (30, 12, 1, 29):
        point = page.locator(f"[name=item-view_{number}]").first
        point.focus()
        assert head.first.evaluate(IN_SIGHT), number
        assert point.evaluate(IN_SIGHT), number
    page.click("#step .primary")
    page.wait_for_selector("[aria-invalid=true]")
    assert page.evaluate("document.activeElement.name") == "item-view_1"
    assert head.first.evaluate(IN_SIGHT)
    assert page.locator("[name=item-view_1]").first.evaluate(IN_SIGHT)


def test_the_desks_preview_follows_what_is_typed(desk, publish):
    study = publish(
        loaded.load(write_bundle),
        {"heatmap": "lrp", "scores": "shown"},
        slug="walk",
        title="How does the system decide?",
        kind="forward_simulation",
        questionnaires=[TWO_PAGES],
    )
    page = desk(f"/admin/studyapp/study/{study.pk}/questionnaires/0/")
    shown = page.frame_locator("iframe[data-shown]")
    shown.locator("legend", has_text="Statement view_2").wait_for()
    page.fill("[name=item__text] >> nth=1", "I could rely on it.")
    shown.locator("legend", has_text="I could rely on it.").wait_for()
    page.fill("[name=item__scale] >> nth=1", "other scale")
    shown.locator("li", has_text="scale: expected small letters").wait_for()
    assert serious(page) == []


def test_items_are_inserted_and_pasted_by_keyboard_alone_and_enter_in_a_field_saves(desk, publish):
    study = publish(
        loaded.load(write_bundle),
        {"heatmap": "lrp", "scores": "shown"},
        slug="walk",
        title="Birds",
        kind="forward_simulation",
    )
    page = desk(f"/admin/studyapp/study/{study.pk}/questionnaires/0/")
    page.get_by_role("button", name="Insert …").press("Enter")
    assert serious(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[name=item__code]")).to_have_count(5)
    page.get_by_role("button", name="Paste a table").press("Enter")
    page.keyboard.type("code;text;labels\nage;How much?;no|yes")
    assert serious(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Row 2, column code: expected another")
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.locator("#title").press("Enter")
    page.wait_for_url("**/questionnaires/")
    assert [len(one["items"]) for one in models.Study.objects.get().questionnaires] == [5]


def test_the_desks_pages_of_a_studys_own_words_are_for_everyone_and_fit_a_tablet(desk, publish):
    study = publish(
        loaded.load(write_bundle),
        {"heatmap": "lrp", "scores": "shown"},
        slug="walk",
        title="Birds",
        kind="forward_simulation",
        questionnaires=[TWO_PAGES],
        variants=[{"conditions": {"heatmap": "lrp"}, "questionnaires": {"every": {"intro": "What of the maps?"}}}],
        translations={"ar": {}},
    )
    pages = (
        "change",
        "questionnaires",
        "questionnaires/0",
        "variants/questionnaire/every",
        "languages",
        "languages/ar",
    )
    for path in pages:
        page = desk(f"/admin/studyapp/study/{study.pk}/{path}/")
        page.set_viewport_size({"width": 1024, "height": 768})
        assert findings(page) == [], path
        assert sideways(page) <= 0, path
        if path == "questionnaires/0":
            assert page.eval_on_selector("#items", "table => table.scrollWidth - table.clientWidth") <= 0
        page.set_viewport_size({"width": 1280, "height": 720})
        assert run_over(page) == [], path
        tops = page.eval_on_selector_all(".hw-tabs a", "all => [...new Set(all.map(one => one.offsetTop))].length")
        assert tops == 1, path
