"""The researcher's desk in a real browser, and a bot that walks as people do."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection, connections
from playwright.sync_api import expect

from studyapp import models, publishing
from studyapp.core.engine.kinds import kinds
from studyapp.run import sessions
from studyapp.simulation import by_functions
from studyapp.simulation.by_browser import Walker
from tests.browser.looking import run_over
from tests.bundles import write_bundle
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import all_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_axe_finds_nothing_serious_on_the_desk_and_nothing_scrolls_sideways(desk, make_study):
    study = make_study()
    run = sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    base = "/admin/studyapp"
    for path in (
        "/admin/",
        f"{base}/study/",
        f"{base}/study/add/",
        f"{base}/study/{study.pk}/change/",
        *(f"{base}/study/{study.pk}/change/{name}/" for name in all_of(study)),
        f"{base}/study/{study.pk}/pause/",
        f"{base}/participant/",
        f"{base}/participant/{run.pk}/change/",
        f"{base}/bundle/{study.bundle_id}/change/",
        f"{base}/bundle/{study.bundle_id}/gallery/",
        f"{base}/bundle/load/",
        f"{base}/study/{study.pk}/dashboard/",
        f"{base}/study/{study.pk}/who/?stage=Information",
        f"{base}/study/{study.pk}/stimuli/",
        f"{base}/study/{study.pk}/display/",
        f"{base}/study/{study.pk}/bots/",
        f"{base}/study/{study.pk}/people/",
        f"{base}/participant/{run.pk}/replay/0/",
        f"{base}/change/",
        "/admin/two-factor/",
    ):
        page = desk(path)
        page.set_viewport_size({"width": 1024, "height": 768})
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        found = Axe().run(page).response["violations"]
        assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert run_over(page) == [], path


def test_a_study_is_edited_paused_and_previewed_by_clicking(desk, make_study):
    study = make_study()
    page = desk(f"/admin/studyapp/study/{study.pk}/change/basics/")
    page.get_by_label("Title").fill("A better title")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Overview").click()
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


def test_a_display_is_drawn_anew_as_its_fields_change_and_used_by_keys_alone(desk, make_study):
    study = make_study()
    page = desk(f"/admin/studyapp/study/{study.pk}/display/")
    drawn = "[...document.querySelectorAll('[data-side=a] canvas')].map((canvas) => canvas.toDataURL()).join()"
    rows = page.locator("[data-side=a] [data-method]").count()
    expect(page.locator("[data-side=a] [aria-busy=false]")).to_have_count(rows)
    before = page.evaluate(drawn)
    page.focus("#id_a-style")
    with page.expect_response(lambda response: "a-style=map" in response.url):
        page.keyboard.type("Map")
    expect(page.locator("[data-side=a] [aria-busy=true]")).to_have_count(0)
    assert page.evaluate(drawn) != before
    page.fill("#id_a-opacity", "7")
    page.locator("[data-side=a] [data-problems] li").wait_for()
    assert "less than or equal to 1" in page.locator("[data-side=a] [data-problems]").inner_text()
    page.fill("#id_a-opacity", "0.5")
    page.keyboard.press("Enter")  # in a field it does nothing
    page.focus("button[value=a]")
    page.keyboard.press("Enter")
    page.locator(".messagelist .success").wait_for()
    study.refresh_from_db()
    assert study.display == {"style": "map", "opacity": 0.5}


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


def database_url() -> str:
    """Return the test database's address, for a process of its own."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return f"postgres://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def test_from_nothing_to_a_running_study(desk, make_study, tmp_path, monkeypatch, live_server, browser, settings):
    """Every click of a researcher, from a zipped bundle to the first participant."""
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("HEATWISE_DATA", str(tmp_path))
    settings.DATA_DIR, settings.WORKER = tmp_path, "embedded"
    counts = {"TP": 14, "FP": 10, "FN": 8, "TN": 4}
    source = write_bundle(tmp_path / "source", classes=("cat", "horse"), per_outcome=counts)
    archive = shutil.make_archive(str(tmp_path / "gulls"), "zip", source.parent, source.name)

    page = desk("/admin/studyapp/bundle/")
    page.get_by_role("link", name="Load a bundle").click()
    page.set_input_files("input[type=file]", archive)
    page.get_by_role("button", name="Load").click()
    page.wait_for_url("**/gallery/")
    assert page.locator(".hw-gallery tbody tr").count() == 12

    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="New study", exact=True).click()
    page.get_by_label("Title").fill("What does it see?")
    page.get_by_text("Forward simulation, heatmaps alone.").click()
    page.get_by_label("Bundle").select_option("gulls")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/change/")
    (to_mend,) = page.locator(".hw-problem").all_inner_texts()
    assert to_mend.startswith("Ethics boards want these on the information page")
    study = models.Study.objects.get(slug="what-does-it-see")
    assert study.conditions.count() == 3

    tabs = page.get_by_role("navigation", name="The study's pages")
    tabs.get_by_role("link", name="Stimuli").click()
    assert page.locator(".hw-asked").count() == 14
    tabs.get_by_role("link", name="Set up").click()
    page.get_by_role("navigation", name="Sections of Set up").get_by_role("link", name="Texts").click()
    page.locator("details.hw-text").first.locator("summary").click()
    field = page.locator("details.hw-text textarea").first
    field.fill("# Welcome\n\nIt takes **{minutes}** minutes.")
    page.locator("details.hw-text [data-shown] strong", has_text="30").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()

    tabs.get_by_role("link", name="Bots").click()
    page.get_by_label("How many").fill("3")
    page.get_by_role("button", name="Let them walk").click()
    page.get_by_text("3 of 3").wait_for(timeout=300_000)  # bots walk at low priority
    order = models.Job.objects.get(kind="bots")
    assert (order.error, order.result) == ("", {"n_completed": 3})

    page.goto(f"{live_server.url}/admin/studyapp/study/{study.pk}/change/")
    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Publish").click()
    link = page.input_value("#hw-link-field")
    guest = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    guest.goto(link)
    assert "It takes 30 minutes." in guest.inner_text("main")
    guest.click("button.primary")
    guest.wait_for_selector("form#step:not([data-waiting])")
    guest.context.close()
    assert study.participants.filter(preview=False, bot="").count() == 1


@pytest.mark.parametrize("name", kinds())
def test_each_page_of_every_kind_replays_without_a_script_s_error(desk, make_study, name):
    make_study()  # for its folders
    study = make_draft(name)
    publishing.publish(study)
    run = by_functions.walk(study, "oracle", Random(1))
    steps = sessions.get(run.pk).plan.steps
    first = {steps[row.position]["page"]: row.position for row in reversed(run.responses.all())}
    for position in first.values():
        page = desk(f"/admin/studyapp/participant/{run.pk}/replay/{position}/")
        page.frame_locator("iframe").locator("#step:not([data-waiting]) main").wait_for()


def test_rows_of_a_parameter_are_moved_added_and_removed_by_keyboard_without_a_reload(desk, make_study):
    make_study()  # for its folders
    study = make_draft("clustering")
    page = desk(f"/admin/studyapp/study/{study.pk}/change/parameters/")
    page.evaluate("window.kept = true")
    page.get_by_label("Move down, row 1").press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down, row 2"
    page.get_by_label("Remove, row 3").press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "Remove, row 2"
    page.get_by_role("button", name="Add a row").press("Enter")
    page.keyboard.type("Last")
    assert page.get_by_label("Stage, row 3").input_value() == "Last"
    page.get_by_label("Explanation, row 3").select_option("xnn")
    assert page.evaluate("window.kept")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Parameters: saved.").wait_for()
    study.refresh_from_db()
    assert study.parameters["stages"] == [["1-Heatmap", "c_mwp"], ["NoVis", "none"], ["Last", "xnn"]]


def test_a_double_click_adds_one_study_and_going_back_lets_it_be_sent_again(desk):
    page = desk("/admin/studyapp/study/add/")
    page.get_by_label("Title").fill("Once")
    page.get_by_text("Clustering, main study.").click()
    page.get_by_role("button", name="Save").dblclick()
    page.get_by_text("was added").wait_for()
    assert page.locator(".errornote").count() == 0
    assert models.Study.objects.count() == 1
    page.go_back()
    page.get_by_label("Title").fill("Twice")
    page.get_by_label("Short name").fill("twice")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("“Twice” was added").wait_for()
    assert models.Study.objects.count() == 2
