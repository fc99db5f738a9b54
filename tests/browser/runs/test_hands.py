"""Hands and keyboards as they are: drags given up or lost, edges, other layouts, pages that a browser translates."""

import pytest

from studyapp import models
from tests import loaded
from tests.browser import walking
from tests.browser.boards import drag, middle, settled
from tests.browser.clustering import BARE, moves, photo, placed, tray
from tests.studyapp.made.label_matching import write_bundle as write_pairs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# What browsers do: each text node gives way to elements with other words, again whenever the page changes.
TRANSLATOR = """addEventListener("DOMContentLoaded", () => {
    const translate = () => {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
        while (texts.nextNode()) found.push(texts.currentNode);
        for (const text of found) {
            if (!text.data.trim() || text.parentElement.closest("font, script, style, [translate=no]")) continue;
            const font = document.createElement("font");
            font.append(`~${text.data.trim()}~`);
            text.replaceWith(font);
        }
    };
    new MutationObserver(translate).observe(document.body, { subtree: true, childList: true, characterData: true });
    translate();
})"""
# Key, code, and the group or answer that it stands for: AZERTY, Cyrillic, Greek, Devanagari digits, an input method.
LETTERS = [("a", "KeyQ", "A"), ("ф", "KeyA", "A"), ("Β", "KeyB", "B"), ("Process", "KeyC", "C"), ("в", "KeyD", "D")]
DIGITS = [('"', "Digit3", 1), ("'", "Digit4", 2), ("५", "Digit5", 3), ("Process", "Digit6", 4), ("4", "Numpad4", 2)]


def press(page, key: str, code: str) -> None:
    keyboard = page.context.new_cdp_session(page)
    for kind in ("keyDown", "keyUp"):
        keyboard.send("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": code})


def lift(page, selector: str, to: str) -> None:
    page.mouse.move(*middle(page, selector))
    page.mouse.down()
    page.mouse.move(*middle(page, to), steps=4)
    assert page.locator(".likeness").count() == 1


def let_go_unseen(page, x: float, y: float) -> None:
    """Move with no button held, as after a release that no window heard of."""
    unheld = {"type": "mouseMoved", "x": x, "y": y, "button": "none", "buttons": 0}
    page.context.new_cdp_session(page).send("Input.dispatchMouseEvent", unheld)


def by_keys_of_every_layout(page) -> None:
    for number, (key, code, _) in enumerate(LETTERS, start=3):
        page.focus(photo(number))
        press(page, key, code)
    page.focus(photo(8))
    press(page, "q", "KeyA")  # AZERTY types q where others have an a: no group is called so
    assert placed(page) == "-B" + "".join(group for _, _, group in LETTERS) + "---"


def near_an_edge(page) -> None:
    """Drag the first picture to a group that is out of view."""
    page.set_viewport_size({"width": 700, "height": 420})
    page.evaluate("scrollTo(0, 0)")
    target = f'document.querySelector("{tray("D")}").getBoundingClientRect()'
    assert page.evaluate(f"{target}.top > innerHeight")
    page.mouse.move(*middle(page, photo(1)))
    page.mouse.down()
    page.mouse.move(350, 200)
    page.mouse.move(350, 415)
    page.wait_for_function(f"() => {target}.top < innerHeight - 100")
    page.mouse.move(*middle(page, tray("D")))
    page.mouse.up()
    settled(page)
    assert placed(page)[0] == "D"


def test_a_drag_given_up_or_lost_changes_nothing_and_edges_and_keys_of_every_layout_do(page, sorting):
    walking.skip_to_trial(page, sorting(**BARE))
    drag(page, photo(2), tray("B"))
    before = placed(page)
    for give_up in (
        lambda: page.keyboard.press("Escape"),
        lambda: (page.mouse.down(button="right"), page.mouse.up(button="right")),
        lambda: page.evaluate("dispatchEvent(new Event('blur'))"),
        lambda: page.evaluate("""dispatchEvent(new PointerEvent('pointercancel', { pointerId: 1 }))"""),
        lambda: page.evaluate("document.querySelector('[data-picture=\"1\"] .photo').releasePointerCapture(1)"),
        lambda: let_go_unseen(page, 5, 5),
    ):
        lift(page, photo(1), tray("C"))
        give_up()
        page.mouse.move(*middle(page, tray("D")))
        settled(page)
        page.mouse.up()
        marked = page.eval_on_selector_all(".lifted, .over, .selected", "all => all.map((one) => one.className)")
        assert (placed(page), marked) == (before, [])
    lift(page, photo(1), tray("C"))
    page.mouse.move(-40, -40)  # let go outside the window, where nothing is: the captured pointer tells
    page.mouse.up()
    settled(page)
    assert placed(page) == before
    by_keys_of_every_layout(page)
    near_an_edge(page)
    page.click("#step .primary")  # refused, but what happened is sent with it
    page.wait_for_selector("[aria-invalid=true]")
    for _ in range(50):
        if moves():
            break
        page.wait_for_timeout(100)
    expected = [(2, "none", "B"), *((number + 2, "none", group) for number, (_, _, group) in enumerate(LETTERS, 1))]
    assert [move[:3] for move in moves()] == [*expected, (1, "none", "D")]


def test_a_translated_trial_keeps_its_names_and_takes_the_digits_of_every_layout(live_server, page, make_study):
    layout = "new Map([['Digit1', '१'], ['Digit3', '\"'], ['Digit5', '५']])"
    keyboard = f"{{ getLayoutMap: async () => {layout} }}"
    page.add_init_script(TRANSLATOR)
    page.add_init_script(f"Object.defineProperty(navigator, 'keyboard', {{ value: {keyboard} }})")
    make_study()
    walking.skip_to_trial(page, f"{live_server.url}/s/walk/")
    name = models.Plan.objects.get().steps[models.Participant.objects.get().position]["data"]["class_name"]
    for where in ("h1", "fieldset.row legend", ".legend", ".band"):
        assert name in page.locator(f"{where} [translate=no]").all_inner_texts(), where
    assert page.inner_text("h1").startswith("~")
    page.wait_for_function("() => document.querySelector('[data-keys] kbd').textContent === '१'")
    assert page.locator("fieldset.scale kbd").all_inner_texts()[:3] == ["3", "4", "५"]
    for key, code, place in DIGITS:
        page.focus("[name=confidence]")
        press(page, key, code)
        assert page.input_value("[name=confidence]:checked") == str(place)
    walking.answer_by_mouse(page)
    page.focus("[name=confidence]")
    press(page, "Process", "Digit1")
    walking.go_on(page)
    assert models.Response.objects.last().input_mode == "mouse"
    assert "keyboard" in models.Event.objects.filter(name="changed").values_list("input_mode", flat=True)


def test_a_translated_board_keeps_its_labels_and_what_is_stored(page, publish, live_server):
    page.add_init_script(TRANSLATOR)
    few = {"training_trials": 1, "evaluation_trials": 1}
    bundle = loaded.load(write_pairs, size=240)
    publish(bundle, {"method": "cwox_2s"}, slug="pairs", title="Labels", kind="label_matching", parameters=few)
    walking.skip_to_trial(page, f"{live_server.url}/s/pairs/")
    assert page.inner_text("h1").startswith("~")
    chips = page.query_selector_all("[data-label]")
    names = [chip.get_attribute("data-label") for chip in chips]
    assert [chip.inner_text() for chip in chips] == names
    drag(page, f"[data-label='{names[0]}']", "[data-box=B] .place")
    page.click(f"[data-label='{names[1]}']")
    page.click("[data-box=A] .place")
    page.click("[data-box=A] .back")
    drag(page, "[data-box=B] .place", "[data-box=A] .place")
    page.click(f"[data-label='{names[1]}']")
    page.click("[data-box=B] .place")
    settled(page)
    assert page.locator(".place").all_inner_texts() == names
    walking.go_on(page)
    assert models.Response.objects.last().answer["response"] == names
    log = models.Event.objects.filter(name="moved").order_by("pk")
    assert [(event.data["label"], event.data["to"]) for event in log] == [
        (names[0], "B"),
        (names[1], "A"),
        (names[1], "tray"),
        (names[0], "A"),
        (names[1], "B"),
    ]
    for labels in (".true-label", ".own-label [translate=no]"):
        assert sorted(page.locator(labels).all_inner_texts()) == sorted(names)
