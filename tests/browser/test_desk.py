"""The researcher's desk in a real browser, and a bot that walks as people do."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.db import connections

from studyapp import models, sessions
from studyapp.simulation import by_functions
from studyapp.simulation.by_browser import Walker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def desk(page, live_server, transactional_db):
    """A page signed in at the desk; `open(path)` goes somewhere."""
    User.objects.create_superuser("ada", password="correct horse battery")

    def open_page(path="/admin/"):
        page.goto(live_server.url + path)
        return page

    open_page()
    page.fill("#id_username", "ada")
    page.fill("#id_password", "correct horse battery")
    page.click("input[type=submit]")
    return open_page


def test_axe_finds_nothing_serious_on_the_desk_and_nothing_scrolls_sideways(desk, make_study):
    study = make_study()
    run = sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    base = "/admin/studyapp"
    for path in (
        "/admin/",
        f"{base}/study/",
        f"{base}/study/add/",
        f"{base}/study/{study.pk}/change/",
        f"{base}/study/{study.pk}/pause/",
        f"{base}/participant/",
        f"{base}/participant/{run.pk}/change/",
        f"{base}/bundle/{study.bundle_id}/change/",
    ):
        page = desk(path)
        page.set_viewport_size({"width": 1024, "height": 768})
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        found = Axe().run(page).response["violations"]
        assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_a_study_is_edited_paused_and_previewed_by_clicking(desk, make_study):
    study = make_study()
    page = desk(f"/admin/studyapp/study/{study.pk}/change/")
    page.get_by_label("Title").fill("A better title")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Publish the changes").click()
    page.get_by_role("button", name="Publish").click()
    assert "Published version 2" in page.locator(".messagelist").inner_text()
    page.get_by_role("link", name="Pause").click()
    page.get_by_role("button", name="Pause").click()
    study.refresh_from_db()
    assert (study.title, study.status, study.current.number) == ("A better title", "paused", 2)
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Preview").click()
    opened.value.wait_for_url("**/s/walk/run/")
    assert models.Participant.objects.get().preview


def test_a_bot_walks_in_a_real_browser(browser, live_server, make_study):
    study = make_study(queries_per_class={"TP": 1, "FN": 0, "FP": 0, "TN": 0})
    with ThreadPoolExecutor(1) as apart:
        run = Walker(browser, live_server.url, apart).walk(study, "oracle", Random(1))
        apart.submit(connections.close_all).result()
    assert (run.status, run.bot, run.summary["n_correct"]) == ("completed", "oracle", 2)
    assert all(response.rt_ms > 0 for response in run.responses.all())


def test_the_dashboard_follows_what_happens_without_a_reload(desk, make_study):
    study = make_study()
    page = desk(f"/admin/studyapp/study/{study.pk}/dashboard/")
    assert "Nobody has started yet." in page.locator("#hw-funnel").inner_text()
    page.evaluate("window.kept = true")
    sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    page.wait_for_function("() => document.querySelector('#hw-funnel').textContent.includes('1 now')", timeout=15_000)
    page.wait_for_function("() => document.querySelector('#hw-live').textContent.startsWith('Up to date')")
    assert page.evaluate("window.kept")


def test_a_run_is_replayed_by_keys_and_leaves_no_trace(desk, make_study):
    study = make_study(queries_per_class={"TP": 1, "FN": 0, "FP": 0, "TN": 0})
    run = by_functions.walk(study, "oracle", Random(1))
    before = (run.events.count(), run.responses.count())
    first, second = (row.position for row in run.responses.all()[:2])
    page = desk(f"/admin/studyapp/participant/{run.pk}/replay/{first}/")
    page.frame_locator("iframe").locator("#step:not([data-waiting]) main").wait_for()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/replay/{second}/")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/replay/{first}/")
    trial = next(row for row in run.responses.all() if "confidence" in row.answer)
    page.goto(page.url.replace(f"/replay/{first}/", f"/replay/{trial.position}/"))
    inside = page.frame_locator("iframe")
    inside.locator("#step:not([data-waiting])").wait_for()
    assert inside.locator("[name=sensitive_to]").input_value() == trial.answer["sensitive_to"]
    assert inside.locator("#step .primary").is_disabled()
    inside.locator("main").click()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/replay/{trial.position - 1}/")
    assert (run.events.count(), run.responses.count()) == before
