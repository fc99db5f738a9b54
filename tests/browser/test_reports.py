"""Reports and API keys in a real browser: nothing serious for axe, and the page in its frame stays shut off."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone

from studyapp import models
from studyapp.data import reporting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "<!DOCTYPE html><title>Report</title><h1>Findings</h1><script>document.title = 'ran'</script>"


@pytest.fixture
def desk(page, live_server, transactional_db, settings, tmp_path):
    """A page signed in at the desk; `open(path)` goes somewhere."""
    settings.DATA_DIR = tmp_path / "data"
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
    running, failed = (
        models.Report.objects.create(study=study, status=status, seen_at=timezone.now())
        for status in ("running", "failed")
    )
    base = f"/admin/studyapp/study/{study.pk}/reports/"
    for path in (
        base,
        f"{base}{running.pk}/",
        f"{base}{failed.pk}/",
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
    report = models.Report.objects.create(study=study, seen_at=timezone.now(), progress="figures: 50 %")
    page = desk(f"/admin/studyapp/study/{study.pk}/reports/{report.pk}/")
    page.get_by_text("figures: 50 %").wait_for()
    folder = reporting.folder_of(report) / "report"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(PAGE, encoding="utf-8")
    models.Report.objects.update(status="done")
    frame = page.frame_locator("iframe.hw-report")
    frame.get_by_role("heading", name="Findings").wait_for()
    assert page.frames[-1].title() == "Report"
