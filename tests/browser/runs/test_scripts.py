"""Browsers in which something is missing or fails: a page goes without what is optional, and is a form at the least."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from studyapp import models
from studyapp.settings import BASE_DIR
from tests import loaded
from tests.browser import walking
from tests.browser.clustering import BARE
from tests.studyapp.made import label_matching

SCRIPTS = sorted(BASE_DIR.glob("static/js/*.js")) + sorted(BASE_DIR.glob("studyapp/studies/*/static/*/*.js"))
# Newer than Safari 15.0 or Firefox 91: by what is written, what it is. A line that asks first has `?.` or `window.X ?`.
NEWER = {
    r"AbortSignal\.(timeout|any)": "Safari 16, 17.4",
    r"\.(at|findLast|findLastIndex|toSorted|toReversed|toSpliced|with)\(": "Safari 15.4, 16",
    r"structuredClone\(": "Safari 15.4",
    r"Object\.(hasOwn|groupBy)\(": "Safari 15.4, 17.4",
    r"Promise\.(withResolvers|try)\(": "Safari 17.4",
    r"requestIdleCallback|scheduler\.|navigator\.locks|BroadcastChannel": "Safari 15.4 or none",
    r"crypto\.randomUUID": "Safari 15.4",
    r"\.replaceAll\(.*\bv\b|/[a-z]*v[a-z]*\.test": "the v flag of regular expressions, Safari 17",
    r"\(\?<[=!]": "looking behind in regular expressions, Safari 16.4",
    r"^\s*static \{|#\w+ in ": "Safari 16.4, 15",
    r"navigation\.|startViewTransition|showPopover|checkVisibility": "Safari 17 or later",
    r"\.(union|intersection|difference|isSubsetOf)\(": "Safari 17",
    r"import .* with \{|import\.meta\.resolve": "Safari 16.4, 17.2",
}
browser_test = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FAILING = {
    "no storage": "delete Window.prototype.localStorage; delete Window.prototype.sessionStorage;",
    "storage that throws": """for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, { get() { throw new DOMException("blocked", "SecurityError"); } });""",
    "storage that is full": "Storage.prototype.setItem = () => { throw new DOMException('full'); };",
    "an older Safari": """delete AbortSignal.timeout; delete Array.prototype.at; delete window.structuredClone;
        delete Navigator.prototype.sendBeacon; delete HTMLImageElement.prototype.decode;""",
    "no aborting": "delete window.AbortController; delete window.AbortSignal;",
    "no beacon and no events": "navigator.sendBeacon = () => { throw new Error('blocked'); }; window.Image = null;",
}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_use_nothing_newer_than_the_oldest_browsers_know(path: Path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = line.split(" // ")[0]
        for pattern, since in NEWER.items():
            guarded = "?." in code or re.search(r"window\.\w+ \?", code)
            assert guarded or not re.search(pattern, code), f"{path.name}:{number}: {since}: {line.strip()}"


def test_the_list_of_what_is_newer_finds_it():
    newer = ["AbortSignal.timeout(9)", "rows.at(-1)", "structuredClone(x)", "Object.hasOwn(a, b)", "/(?<=a)b/"]
    assert all(any(re.search(pattern, line) for pattern in NEWER) for line in newer)


class TestInABrowser:
    pytestmark = browser_test

    @pytest.mark.parametrize("lacking", FAILING)
    def test_what_is_optional_is_gone_without(self, live_server, page, make_study, lacking):
        page.add_init_script(FAILING[lacking])
        make_study(queries_per_class={"TP": 1, "FN": 0, "FP": 0, "TN": 0})
        walking.skip_to_trial(page, f"{live_server.url}/s/walk/")
        walking.answer_by_mouse(page)
        walking.go_on(page)
        answered = models.Response.objects.latest("pk")
        assert "response" in answered.answer
        assert answered.rt_ms > 0


def fill_in(page) -> None:
    """Answer a form as one without scripts: choose from lists, press buttons, type."""
    for question in page.query_selector_all("#step fieldset.question"):
        question.query_selector("label.option").click()
    for field in page.query_selector_all("#step textarea"):
        field.fill("ears, tail")
    options = "list => [...list.options].map((option) => option.value).filter(Boolean)"
    for number, field in enumerate(page.query_selector_all("#step select")):
        values = field.evaluate(options)
        field.select_option(values[number % len(values)])


def walk_plainly(page, door: str) -> None:
    page.goto(door)
    page.click("button.primary")
    for _ in range(60):
        if walking.ended(page):
            return
        fill_in(page)
        before = walking.token(page)
        with page.expect_navigation():
            page.click("#step .primary")
        assert walking.ended(page) or walking.token(page) != before, page.inner_text("main")
    raise AssertionError("the study has no end")


class TestPlainForms:
    pytestmark = browser_test

    @pytest.fixture(params=["forward_simulation", "label_matching", "clustering"])
    def door(self, request, make_study, publish, sorting, live_server):
        if request.param == "clustering":
            return sorting(**BARE)
        if request.param == "forward_simulation":
            make_study(queries_per_class={"TP": 1, "FN": 0, "FP": 0, "TN": 0})
        else:
            few = {"training_trials": 1, "evaluation_trials": 1}
            bundle = loaded.load(label_matching.write_bundle)
            publish(bundle, {"method": "cwox_2s"}, slug="walk", title="Pairs", kind=request.param, parameters=few)
        return f"{live_server.url}/s/walk/"

    def test_without_scripts_a_whole_session_is_stored(self, browser, door):
        context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 720})
        page = context.new_page()
        page.goto(door)
        walking.turn(page, "button.primary")
        while not page.query_selector(walking.END):
            for field in page.query_selector_all("#step textarea"):
                field.fill("ears")
            for number, field in enumerate(page.query_selector_all("#step select")):
                field.select_option(index=1 + number % (field.inner_text().count("\n") or 1))
            for question in page.query_selector_all("#step fieldset.question"):
                question.query_selector("label.option").click()
            before = walking.token(page)
            walking.turn(page)
            assert page.query_selector(walking.END) or walking.token(page) != before
        assert page.inner_text("#code") == "DONE-7"
        assert models.Participant.objects.get().status == "completed"
        context.close()

    @pytest.mark.parametrize("script", ["step.js", "clock.js", "board.js"])
    def test_a_script_that_throws_leaves_a_plain_form(self, browser, door, script):
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        page = context.new_page()
        page.set_default_timeout(20_000)
        broken = {"body": "throw new Error('broken');", "content_type": "text/javascript"}
        page.route(f"**/{script}", lambda route: route.fulfill(**broken))
        walk_plainly(page, door) if script != "board.js" else self.walk_board(page, door)
        assert models.Participant.objects.get().status == "completed"
        context.close()

    def walk_board(self, page, door):
        walking.enter(page, door)
        while not walking.ended(page):
            for field in page.query_selector_all("#step select"):
                expect(page.locator(f"#{field.get_attribute('id')}")).to_be_visible()
            fill_in(page)
            walking.go_on(page)
