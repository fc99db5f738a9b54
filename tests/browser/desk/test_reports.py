"""Reports and API keys in a real browser: nothing serious for axe, and the page in its frame stays shut off."""

import zipfile

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone

from studyapp import models
from studyapp.jobs.files import folder_of
from tests.studyapp.conftest import do_jobs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])]
PAGE = "<!DOCTYPE html><title>Report</title><h1>Findings</h1><script>document.title = 'ran'</script>"


@pytest.fixture
def desk(page, live_server, transactional_db, settings, tmp_path):
    """A page signed in at the desk; `open(path)` goes somewhere."""
    settings.DATA_DIR, settings.WORKER = tmp_path / "data", "service"
    User.objects.create_superuser("ada", password="correct horse battery")
    page.goto(live_server.url + "/admin/")
    page.fill("#id_username", "ada")
    page.fill("#id_password", "correct horse battery")
    page.click("input[type=submit]")

    def open_page(path):
        page.goto(live_server.url + path)
        return page

    return open_page


def test_axe_finds_nothing_serious_on_reports_and_keys(desk, make_study):
    study = make_study()
    at = {"seen_at": timezone.now(), "started_at": timezone.now(), "words": "figures", "done": 70, "total": 100}
    running, failed = (
        models.Job.objects.create(kind="report", study=study, outcome=outcome, **at)
        for outcome in ("running", "failed")
    )
    base = f"/admin/studyapp/study/{study.pk}/reports/"
    for path in (
        base,
        f"{base}{running.pk}/",
        f"{base}{failed.pk}/",
        f"/admin/studyapp/study/{study.pk}/exports/",
        f"/admin/studyapp/study/{study.pk}/bots/",
        "/admin/studyapp/token/",
        "/admin/studyapp/token/add/",
    ):
        page = desk(path)
        page.set_viewport_size({"width": 1024, "height": 768})
        found = Axe().run(page).response["violations"]
        assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_a_report_shows_once_it_is_made_and_its_scripts_never_run(desk, make_study):
    study = make_study()
    now = timezone.now()
    report = models.Job.objects.create(
        kind="report", study=study, outcome="running", started_at=now, seen_at=now, words="analyses", done=30, total=100
    )
    page = desk(f"/admin/studyapp/study/{study.pk}/reports/{report.pk}/")
    page.get_by_text("analyses").wait_for()
    cancel = page.get_by_role("button", name="Cancel").element_handle()
    models.Job.objects.update(words="figures", done=75)
    page.get_by_text("figures").wait_for()
    assert page.get_by_role("progressbar").evaluate("bar => bar.value") == 75
    assert cancel.evaluate("button => button.isConnected")  # a click that is under way isn't lost
    folder = folder_of(report) / "report"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(PAGE, encoding="utf-8")
    models.Job.objects.update(outcome="done", ended_at=timezone.now())
    frame = page.frame_locator("iframe.hw-report")
    frame.get_by_role("heading", name="Findings").wait_for()
    assert page.frames[-1].title() == "Report"


def test_an_export_is_prepared_watched_and_taken_away(desk, make_study):
    study = make_study()
    page = desk(f"/admin/studyapp/study/{study.pk}/exports/")
    page.get_by_role("button", name="Prepare an export").click()
    page.get_by_text("waiting to start").wait_for()
    do_jobs()
    with page.expect_download() as download:
        page.get_by_role("link", name=".zip").click()
    assert zipfile.is_zipfile(download.value.path())


def test_what_waits_is_cancelled_by_its_button(desk, make_study):
    study = make_study()
    job = models.Job.objects.create(kind="bots", study=study, parameters={"n_bots": 5, "skill": "random"})
    page = desk(f"/admin/studyapp/study/{study.pk}/bots/")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Ended before it was done.").wait_for()
    job.refresh_from_db()
    assert job.outcome == "cancelled"
