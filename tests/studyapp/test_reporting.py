"""A report is made in the background, told about honestly, kept with the hash of its data, and shut off when shown."""

import json
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from studyapp import models, publishing
from studyapp.data import exporting, reporting
from studyapp.simulation import by_functions, simulate
from tests.studyapp.conftest import walk
from tests.studyapp.every_kind import make_draft

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def spawned(monkeypatch):
    """Keep makers from starting; return the reports that one was started for."""
    found = []
    monkeypatch.setattr(reporting, "_spawn", found.append)
    return found


@pytest.fixture
def desk(study):
    user = User.objects.create_user("anna", is_staff=True)
    models.Member.objects.create(user=user, study=study, role="analyst")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def answered(study, start):
    """Let two people complete the study, without whom there is no report."""
    for name in ("anna", "bela"):
        walk(start(name))


def make(study, **fields) -> models.Report:
    return models.Report.objects.create(**{"study": study, "seen_at": timezone.now()} | fields)


def address(name, study, *more):
    return reverse(f"admin:{name}", args=[study.pk, *more])


def test_the_button_starts_one_maker_and_a_second_click_finds_the_same(desk, study, spawned, answered):
    first = desk.post(address("reports", study))
    assert first["Location"] == desk.post(address("reports", study))["Location"]
    report = models.Report.objects.get()
    assert spawned == [report]
    assert (report.status, report.requested_by.username) == ("running", "anna")
    assert "waiting to start" in desk.get(first["Location"]).content.decode()
    assert desk.get(address("report_state", study, report.pk)).json() == {
        "status": "running",
        "progress": "waiting to start",
    }


def test_a_whole_report_is_made_and_shown_with_a_policy_of_its_own(tmp_path):
    pytest.importorskip("statsmodels")
    study = make_draft("forward_simulation", tmp_path)
    publishing.publish(study)
    list(simulate(study, 12, by_functions.walk, skill="p=0.7"))
    report = make(study)
    reporting.make(report)
    report.refresh_from_db()
    assert (report.status, report.error) == ("done", "")
    assert (report.study_version, report.n_participants) == (study.current.label, 12)
    folder = reporting.folder_of(report)
    assert not (folder / "export").exists()
    results = json.loads((folder / "report" / "results.json").read_text(encoding="utf-8"))
    assert results["study"]["study_version"] == study.current.label
    admin = Client()
    admin.force_login(User.objects.create_superuser("ada"))
    page = admin.get(address("report_page", study, report.pk))
    assert b"<html" in page.content
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    shown = admin.get(address("report", study, report.pk)).content.decode()
    assert report.data_sha256[:12] in shown
    assert f'src="{address("report_page", study, report.pk)}"' in shown
    archive = admin.get(address("report_files", study, report.pk))
    assert archive.getvalue()[:2] == b"PK"


def test_a_report_without_data_is_refused_before_it_is_begun_and_the_page_says_why(desk, study, start, spawned):
    assert "publish the study, then let bots walk it" in reporting.lacking_data(models.Study(slug="new", pk=0))
    for completed in ("Nobody has completed the study yet", "Only one run is completed so far"):
        page = desk.get(address("reports", study)).content.decode()
        assert f"{completed}; statistics need at least 2." in page
        assert "Make a report" not in page
        again = desk.post(address("reports", study), follow=True)
        assert completed in again.content.decode()
        start("unfinished")
        if "Nobody" in completed:
            walk(start("anna"))
    walk(start("bela"))
    assert "Make a report" in desk.get(address("reports", study)).content.decode()
    assert not spawned
    assert not models.Report.objects.exists()


def test_bots_make_a_report_only_while_nobody_else_has_completed(study, start):
    list(simulate(study, 2, by_functions.walk, skill="oracle"))
    assert reporting.lacking_data(study) == ""
    walk(start("anna"))
    assert "Only one run is completed" in reporting.lacking_data(study)


def test_the_hash_is_the_datas_and_changes_with_them(study, start, tmp_path):
    walk(start("anna"))
    hashes = []
    for name in ("a", "b"):
        exporting.export(study, tmp_path / name)
        hashes.append(reporting.data_hash(tmp_path / name))
    walk(start("bela"))
    exporting.export(study, tmp_path / "c")
    assert hashes[0] == hashes[1] != reporting.data_hash(tmp_path / "c")


def test_what_the_analysis_refuses_is_told_in_its_words(study):
    report = make(study)
    reporting.make(report)
    assert report.status == "failed"
    assert "holds no participant; nothing can be analysed yet" in report.error
    assert str(reporting.folder_of(report)) not in report.error
    assert not (reporting.folder_of(report) / "export").exists()


def test_a_fault_of_the_analysis_is_told_apart_from_a_refusal(study, monkeypatch, capfd):
    monkeypatch.setattr(reporting.sys, "executable", "/bin/false")
    report = make(study)
    reporting.make(report)
    assert report.error.startswith("The analysis broke off (without a word).")


def test_a_maker_that_fell_silent_is_not_under_way_for_ever(desk, study, spawned, answered):
    report = make(study, seen_at=timezone.now() - timedelta(minutes=2), progress="figures: 50 %")
    text = desk.get(address("report", study, report.pk)).content.decode()
    assert "The process that made it ended before it was done" in text
    desk.post(address("reports", study))
    assert [found.pk for found in spawned] != [report.pk]
    assert models.Report.objects.filter(status="running").count() == 1


def test_a_maker_that_is_killed_is_told_and_another_report_can_be_made(tmp_path, started, monkeypatch, settings):
    monkeypatch.setenv("HEATWISE_DATA", str(settings.DATA_DIR))
    study = make_draft("forward_simulation", tmp_path)
    publishing.publish(study)
    list(simulate(study, 2, by_functions.walk, skill="oracle"))
    admin = Client()
    admin.force_login(User.objects.create_superuser("ada"))
    first = admin.post(address("reports", study))["Location"]
    deadline = time.monotonic() + 120
    while models.Report.objects.get().progress == "waiting to start" and time.monotonic() < deadline:
        time.sleep(0.05)
    started[0].kill()
    assert started[0].wait() == -9
    assert models.Report.objects.get().status == "running"
    models.Report.objects.update(seen_at=timezone.now() - reporting.SILENT)
    assert "ended before it was done" in admin.get(first).content.decode()
    second = admin.post(address("reports", study))["Location"]
    started[1].kill()
    assert second != first
    assert list(models.Report.objects.values_list("status", flat=True)) == ["running", "failed"]


def test_a_maker_gives_signs_of_life_while_it_waits(study, monkeypatch):
    monkeypatch.setattr(reporting, "BEAT_S", 0.05)
    report = make(study, seen_at=timezone.now() - timedelta(seconds=50))
    seen = []

    def slow(report):
        deadline = timezone.now() + timedelta(seconds=5)
        while not seen and timezone.now() < deadline:
            fresh = models.Report.objects.get(pk=report.pk)
            if fresh.seen_at > timezone.now() - timedelta(seconds=30):
                seen.append(fresh.seen_at)

    monkeypatch.setattr(reporting, "_make", slow)
    reporting.make(report)
    assert seen


def test_the_makers_process_starts_and_says_what_is_wrong():
    done = subprocess.run(
        [sys.executable, "manage.py", "make_report", "--help"], capture_output=True, text=True, check=True
    )
    assert "pk" in done.stdout


def test_without_the_analysis_the_page_says_what_to_install(desk, study, spawned, monkeypatch):
    monkeypatch.setattr(reporting, "NEEDED", ("analysis", "no_such_package"))
    text = desk.get(address("reports", study)).content.decode()
    assert "no_such_package missing" in text
    assert "pip install -r requirements.txt" in text
    assert desk.post(address("reports", study)).status_code == 403
    assert not spawned


def test_old_reports_are_listed_and_nobody_without_a_role_sees_them(desk, study):
    old = make(study, status="done", study_version="1-abc", data_sha256="f" * 64, n_participants=96)
    make(study, status="failed", error="too few")
    text = desk.get(address("reports", study)).content.decode()
    for shown in (f"Report {old.pk}", "1-abc", "ffffffffffff", "96", "failed"):
        assert shown in text
    assert desk.get(address("report_page", study, old.pk)).status_code == 404  # its files are gone
    stranger = Client()
    stranger.force_login(User.objects.create_user("eve", is_staff=True))
    for name, more in (("reports", []), ("report", [old.pk]), ("report_page", [old.pk]), ("report_files", [old.pk])):
        assert stranger.get(address(name, study, *more)).status_code == 404
