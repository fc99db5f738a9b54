"""The main walk of each kind of study in Firefox and WebKit; the other tests do all the rest in Chromium.

With HEATWISE_WALKS=all in every engine and by every way of acting: `python -m tests.browser.table` writes what came of
it into docs/browsers.md.
"""

import os

import pytest

from studyapp import models
from tests import loaded
from tests.browser import walking
from tests.browser.clustering import SINGLE
from tests.browser.engines import ENGINES, ENTER, lacking
from tests.bundles import write_bundle
from tests.studyapp.made import clustering, label_matching

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOWN = f"document.querySelector('{walking.SHOWN}, {walking.END}')"
ENDED = f"document.querySelector('{walking.END}') !== null"
TOKEN = "document.querySelector('input[name=token]')?.value"
FEW = {
    "forward_simulation": {"queries_per_class": {"TP": 1, "FN": 0, "FP": 0, "TN": 0}},
    "label_matching": {"training_trials": 1, "evaluation_trials": 1},
    "clustering": SINGLE,
}


EVERY = os.environ.get("HEATWISE_WALKS") == "all"
USUAL = ("firefox", "webkit")
# By pressing, by dragging where there is a board, by nothing but keys: the last two in the suite of Chromium alone.
MODES = ("mouse", "drag", "keyboard") if EVERY else ("mouse",)


@pytest.fixture(scope="module", params=sorted(ENGINES) if EVERY else USUAL)
def tab(request):
    """A tab in each engine that this machine has; in CI there have to be all."""
    start, _ = ENGINES[request.param]
    if missing := lacking(request.param):
        if os.environ.get("CI") == "true":
            pytest.fail(f"no {' and no '.join(missing)} to drive")
        pytest.skip(f"no {' and no '.join(missing)} on this machine")
    with start() as tab:
        yield tab


@pytest.fixture(params=sorted(FEW))
def door(request, publish, live_server):
    """The address of a study of each kind, with few trials."""
    factors = {}
    if request.param == "forward_simulation":
        bundle, factors = loaded.load(write_bundle), {"heatmap": "lrp", "scores": "shown"}
    elif request.param == "label_matching":
        bundle, factors = loaded.load(label_matching.write_bundle), {"method": "cwox_2s"}
    else:
        bundle = loaded.load(clustering.write_bundle, size=96)
    publish(bundle, factors, slug="walk", title="A walk", kind=request.param, parameters=FEW[request.param])
    return f"{live_server.url}/s/walk/"


def texts(tab) -> list[str]:
    return tab.ask("[...document.querySelectorAll('#step textarea')].filter((one) => !one.value).map((one) => one.id)")


def answer(tab, mode: str = "mouse") -> None:
    """Answer whatever the page asks, in one way of acting."""
    for place in range(tab.ask("document.querySelectorAll('#step fieldset.question').length")):
        tab.run("document.querySelectorAll('#step fieldset.question')[arguments[0]].id = 'question-now'", [place])
        if mode == "keyboard":
            tab.type("#question-now input", " ")
        else:
            tab.press("#question-now label.option")
        tab.run("document.querySelector('#question-now').id = ''", [])
    for name in texts(tab):
        tab.type(f"#{name}", "ears, tail")
    for number in range(tab.ask("document.querySelectorAll('#step .card .photo').length")):
        WAYS[mode](tab, f".card[data-picture='{number + 1}'] .photo", ".tray[data-group='{}']", "ABCD"[number % 4])
    for _ in range(tab.ask("document.querySelectorAll('#step .box .place').length")):
        box = tab.ask("document.querySelector('[data-box]:not(.filled)').dataset.box")
        WAYS[mode](tab, ".chip:not(.away)", "[data-box='{}']", box)


def by_pressing(tab, item: str, zone: str, name: str) -> None:
    tab.press(item)
    tab.press(f"{zone.format(name)} :is(.tray-name, .place)")


def by_dragging(tab, item: str, zone: str, name: str) -> None:
    tab.drag(item, f"{zone.format(name)} :is(.tray-name, .place)")


def by_keys(tab, item: str, zone: str, name: str) -> None:
    """A picture goes by its group's letter; a label by Enter on it, then on its place."""
    if "photo" in item:
        tab.type(item, name.lower())
    else:
        tab.type(item, ENTER)
        tab.type(f"{zone.format(name)} .place", ENTER)


BOARDS = ("clustering", "label_matching")
WAYS = {"mouse": by_pressing, "drag": by_dragging, "keyboard": by_keys}


def go_on(tab, mode: str = "mouse") -> None:
    if mode == "keyboard":
        tab.type("#step .primary", ENTER)
    else:
        tab.press("#step .primary")


@pytest.mark.parametrize("mode", MODES)
def test_a_whole_session_is_stored(tab, door, mode, record_property):
    record_property("version", tab.version)
    if mode == "drag" and not models.Study.objects.get().kind.startswith(BOARDS):
        pytest.skip("no board")
    tab.go(door)
    tab.press("button.primary")
    tab.wait(SHOWN)
    while not tab.ask(ENDED):
        answer(tab, mode)
        before = tab.ask(TOKEN)
        go_on(tab, mode)
        tab.wait(f"({TOKEN} !== arguments[0] || {ENDED}) && {SHOWN} !== null", before)
    assert tab.ask("document.querySelector('#code').textContent.trim()") == "DONE-7"
    run = models.Participant.objects.get()
    assert run.status == "completed"
    timed = [row.rt_ms for row in run.responses.all()]
    assert all(rt_ms is not None and rt_ms > 0 for rt_ms in timed)
    fingers = tab.ask("navigator.maxTouchPoints > 0")
    hand = "keyboard" if mode == "keyboard" else "touch" if fingers else "mouse"
    assert models.Event.objects.filter(name__in=("moved", "changed"), input_mode=hand).exists()


def test_what_is_begun_is_there_again_after_the_tab_was_closed(tab, door):
    tab.go(door)
    tab.press("button.primary")
    tab.wait(SHOWN)
    while not tab.ask("document.querySelector('#step :is(fieldset.question, textarea, .place, .photo)') !== null"):
        before = tab.ask(TOKEN)
        tab.press("#step .primary")
        tab.wait(f"{TOKEN} !== arguments[0] && {SHOWN} !== null", before)
    answer(tab)
    fields = (
        "JSON.stringify([...new FormData(document.querySelector('#step'))].filter(([n]) => !/^(csrf|timing)/.test(n)))"
    )
    before, address = tab.ask(fields), tab.ask("location.href")
    tab.go("about:blank")
    tab.go(address)
    tab.wait(SHOWN)
    assert tab.ask(fields) == before
