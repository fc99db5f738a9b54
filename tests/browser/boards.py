"""Ways over a study's board in a browser: whole sessions, dragging by mouse and by finger."""

from collections.abc import Callable

from tests.browser import walking
from tests.browser.looking import findings, sideways

# Chromium takes a touch for scrolling until what it drew last, touch-action with it, has reached its compositor.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def is_board(page) -> bool:
    return page.query_selector("#board") is not None


def walk(page, url: str, fill: Callable) -> list[str]:
    """Go all the way, answering each board by `fill(page)`, and return what axe finds on any kind of page."""
    walking.enter(page, url)
    found, seen = [], set()
    while not walking.ended(page):
        assert sideways(page) <= 0
        if is_board(page):
            fill(page)
            settled(page)
        else:
            walking.answer_by_mouse(page)
        kind = page.inner_text("h1"), is_board(page) and page.get_attribute("#board", "data-help")
        if kind not in seen:
            seen.add(kind)
            found += [f"{kind}: {problem}" for problem in findings(page)]
        walking.go_on(page)
    assert page.inner_text("#code") == "DONE-7"
    return found


def walk_by_keyboard(page, url: str, fill: Callable) -> None:
    """Go all the way with nothing but the keyboard, answering each board by `fill(page)`."""
    page.goto(url)
    walking.tab_to(page, "button.primary")
    page.keyboard.press("Enter")
    walking.shown(page)
    while not walking.ended(page):
        if is_board(page):
            fill(page)
        else:
            walking.answer_by_keyboard(page)
        walking.go_on_by_keyboard(page)


def settled(page) -> None:
    """Wait until nothing is travelling any more."""
    page.wait_for_function("() => !document.querySelector('.likeness')")


def middle(page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page, start: str, end: str) -> None:
    page.mouse.move(*middle(page, start))
    page.mouse.down()
    page.mouse.move(*middle(page, end), steps=5)
    page.mouse.up()
    settled(page)


def drag_by_finger(page, start: str, end: str) -> None:
    page.evaluate(DRAWN)
    touch = page.context.new_cdp_session(page)
    (x, y), (to_x, to_y) = middle(page, start), middle(page, end)
    ways = [(x + (to_x - x) * step / 5, y + (to_y - y) * step / 5) for step in range(6)]
    for kind, points in [("touchStart", ways[:1]), *(("touchMove", [point]) for point in ways[1:]), ("touchEnd", [])]:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})
    settled(page)
