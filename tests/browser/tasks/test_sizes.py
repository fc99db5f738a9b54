"""Every photograph and every map has the study's size: in every condition, stage and step, in windows of any size."""

from functools import partial
from random import Random

import pytest
from django.http import QueryDict

from studyapp import models, publishing
from studyapp.core.engine.kinds import kinds
from studyapp.run import sessions, showing
from studyapp.simulation import answering
from tests import loaded
from tests.browser import walking
from tests.browser.looking import covered, sideways
from tests.studyapp.made import label_matching
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WINDOWS = [(1280, 720), (1024, 768), (1920, 960), (640, 360)]  # the last is the first at 200 %
SIZES = """() => ['.picture:not(.heat) img', '.picture.heat img'].map((those) =>
    [...document.querySelectorAll(`main ${those}`)].flatMap((image) => {
        const { width, height } = image.getBoundingClientRect();
        return [width, height];
    }))"""
# What is asked, and the bar below it: how far the first reaches beyond the second, or scrolls within itself.
HIDDEN = """() => Math.max(...[...document.querySelectorAll('.answer, .task, #board')].flatMap((asked) => [
    asked.getBoundingClientRect().bottom - document.querySelector('.actions').getBoundingClientRect().top,
    asked.scrollHeight - asked.clientHeight]))"""

LINES = """(place) => {
    const range = document.createRange();
    range.selectNodeContents(place);
    return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
}"""


def go_on(run: models.Participant) -> models.Participant:
    """Answer the run's present step by plain functions."""
    data = QueryDict(mutable=True)
    data.update(answering.answer(run, "oracle", Random(1)))
    sessions.submit(run.pk, sessions.token(run, run.position), partial(showing.validate, data), {})
    return sessions.get(run.pk)


def compared(run: models.Participant):
    """Lead a run to one step of each sort whose stimuli are compared: each page, stage and method of its trials."""
    met = set()
    while run.status == "active":
        step = showing.step_of(run)[2]
        sort = (step["page"], step.get("method"))
        if step.get("trial_index") and sort not in met:
            met.add(sort)
            yield step["key"]
        run = go_on(run)


@pytest.mark.parametrize("name", sorted(kinds()))
def test_photographs_and_maps_have_one_size_in_a_study(browser, live_server, storage, name):
    study = make_draft(name, photo_px=120, map_px=120)
    publishing.publish(study)
    needed, seen = publishing.windows_of(study.current), {"photographs": set(), "maps": set()}
    for _ in study.conditions.all():  # assignment is balanced: each comes once
        context = browser.new_context()
        page = context.new_page()
        walking.enter(page, f"{live_server.url}/s/{study.slug}/")
        for key in compared(sessions.get(models.Participant.objects.latest("pk").pk)):
            page.reload()
            walking.shown(page)
            for width, height in [*WINDOWS, *needed]:
                page.set_viewport_size({"width": width, "height": height})
                for sort, sizes in zip(seen, page.evaluate(SIZES), strict=True):
                    seen[sort].update((round(size), f"{key} at {width} x {height}") for size in sizes if size != 120)
                    seen[sort].update(round(size) for size in sizes if size == 120)
                assert sideways(page) <= 0, (key, width)
                assert covered(page) == [], (key, width)
                if (width, height) in needed:
                    assert page.evaluate(HIDDEN) <= 0, (key, width, height)
        context.close()
    assert seen == {"photographs": {120}, "maps": {120}}
    assert models.Participant.objects.values("condition").distinct().count() == study.conditions.count()


LONG = [
    ("American Staffordshire terrier", "Staffordshire bullterrier"),
    ("black-and-tan coonhound", "Norwegian elkhound, elkhound"),
]


def test_windows_that_hold_a_tree_hold_it_with_long_labels_too(page, live_server, storage, monkeypatch):
    monkeypatch.setattr(label_matching, "CLASSES", (*(label for pair in LONG for label in pair), "banjo"))
    bundle = loaded.load(label_matching.write_bundle, "long", pairs=LONG)
    study = models.Study.objects.create(
        slug="long", title="Long", kind="label_matching", bundle=bundle, parameters={"map_px": 110, "photo_px": 110}
    )
    models.Condition.objects.create(study=study, name="only", factors={"method": "cwox_2s"})
    publishing.publish(study)
    walking.enter(page, f"{live_server.url}/s/{study.slug}/")
    lines = set()
    for key in compared(sessions.get(models.Participant.objects.latest("pk").pk)):
        page.reload()
        walking.shown(page)
        labels = page.query_selector_all(".chip:not(.away)")
        if labels:  # a guess: filled, its boxes are at their highest
            for place, label in enumerate(labels):
                label.click()
                page.locator(".place").nth(place).click()
            lines |= {page.evaluate(LINES, place) for place in page.query_selector_all(".place")}
        for width, height in publishing.windows_of(study.current):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(HIDDEN) <= 0, (key, width, height)
            assert sideways(page) <= 0, (key, width)
    assert max(lines) > 2  # more than a box of its least height holds
