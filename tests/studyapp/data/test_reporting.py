"""A report is made in the background, told about honestly, kept with the hash of its data, and shut off when shown."""

import json
import os
import signal
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from studyapp import models, publishing
from studyapp.data import exporting, reporting
from studyapp.jobs import asking
from studyapp.jobs.files import folder_of
from studyapp.simulation import by_functions, simulate
from tests.studyapp.at_once import until
from tests.studyapp.conftest import do_jobs, walk
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


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


def report_of(study, **fields) -> models.Job:
    return models.Job.objects.create(**{"kind": "report", "study": study} | fields)


def made(study) -> models.Job:
    """Return a report after it was made."""
    report = report_of(study)
    do_jobs()
    report.refresh_from_db()
    return report


def address(name, study, *more):
    return reverse(f"admin:{name}", args=[study.pk, *more])


def test_the_button_asks_for_one_report_and_a_second_click_finds_the_same(desk, study, answered):
    first = desk.post(address("reports", study))
    assert first["Location"] == desk.post(address("reports", study))["Location"]
    report = models.Job.objects.get()
    assert (report.outcome, report.asked_by.username) == ("waiting", "anna")
    assert "waiting to start" in desk.get(first["Location"]).content.decode()
    state = desk.get(address("report_state", study, report.pk)).json()
    assert state["under_way"]
    assert "waiting to start" in state["html"]
    assert "Cancel" in state["html"]


@pytest.mark.parametrize("part", reporting.PARTS)
def test_a_report_is_cancelled_in_whatever_part_it_is_and_leaves_nothing(
    desk, study, answered, monkeypatch, tmp_path, part
):
    analysis, tell = tmp_path / "analysis", reporting._tell
    analysis.write_text("#!/bin/sh\necho 'analyses:  50%|'\necho 'figures:  50%|'\nexec sleep 60\n")
    analysis.chmod(0o755)
    monkeypatch.setattr(reporting.sys, "executable", str(analysis))
    shown = desk.post(address("reports", study))["Location"]
    report = models.Job.objects.get()

    def tell_after_a_click(progress, name, percent=0):
        if name == part:
            assert desk.post(address("job_cancel", study, report.pk))["Location"] == shown
        tell(progress, name, percent)

    monkeypatch.setattr(reporting, "_tell", tell_after_a_click)
    do_jobs()
    report.refresh_from_db()
    assert report.outcome == "cancelled"
    assert "This report was not made." in desk.get(shown).content.decode()
    assert not folder_of(report).exists()
    assert models.Change.objects.first().action == f"Cancelled a report (job {report.pk})."


def test_a_whole_report_is_made_and_shown_with_a_policy_of_its_own():
    pytest.importorskip("statsmodels")
    study = make_draft("forward_simulation")
    publishing.publish(study)
    list(simulate(study, 12, by_functions.walk, skill="p=0.7"))
    report = made(study)
    assert (report.outcome, report.error) == ("done", "")
    assert (report.result["study_version"], report.result["n_participants"]) == (study.current.label, 12)
    folder = folder_of(report)
    assert {path.name for path in folder.iterdir()} == {"report", "maker.log"}  # no export stays
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
    assert report.result["data_sha256"][:12] in shown
    assert f'src="{address("report_page", study, report.pk)}"' in shown
    archive = admin.get(address("report_files", study, report.pk))
    assert archive.getvalue()[:2] == b"PK"


def test_a_report_without_data_is_refused_before_it_is_begun_and_the_page_says_why(desk, study, start):
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
    assert not models.Job.objects.exists()


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
    report = made(study)
    assert report.outcome == "failed"
    assert "holds no participant; nothing can be analysed yet" in report.error
    assert str(folder_of(report)) not in report.error
    assert [path.name for path in folder_of(report).iterdir()] == ["maker.log"]


def test_a_fault_of_the_analysis_is_told_apart_from_a_refusal(study, monkeypatch):
    monkeypatch.setattr(reporting.sys, "executable", "/bin/false")
    report = made(study)
    assert report.error.startswith("The analysis broke off (without a word).")


def test_a_report_whose_worker_fell_silent_twice_is_not_under_way_for_ever(desk, study, answered):
    long_ago = timezone.now() - timedelta(minutes=2)
    report = report_of(study, outcome="running", tries=2, seen_at=long_ago, started_at=long_ago, words="figures")
    text = desk.get(address("report", study, report.pk)).content.decode()
    assert "No sign of life any more" in text
    desk.post(address("reports", study))
    assert models.Job.objects.filter(outcome="waiting").count() == 1


def test_a_worker_killed_in_the_middle_is_told_and_the_report_is_tried_once_more_then_given_up(
    tmp_path, started, monkeypatch, settings
):
    monkeypatch.setenv("HEATWISE_DATA", str(settings.DATA_DIR))
    settings.WORKER = "embedded"
    study = make_draft("forward_simulation")
    publishing.publish(study)
    list(simulate(study, 2, by_functions.walk, skill="oracle"))
    admin = Client()
    admin.force_login(User.objects.create_superuser("ada"))
    first = admin.post(address("reports", study))["Location"]
    for n_killed in (1, 2):
        until(lambda: models.Job.objects.get().outcome == "running" and models.Job.objects.get().words)
        os.kill(started[-1].pid, signal.SIGKILL)
        assert started[-1].wait() == -9
        assert models.Job.objects.get().outcome == "running"
        models.Job.objects.update(seen_at=timezone.now() - asking.SILENT)
        os.utime(settings.DATA_DIR / "worker.lock", (0, 0))  # as ten seconds after it was started
        text = admin.get(first).content.decode()  # looking is what starts another worker
        assert ("No sign of life" in text) == (n_killed == 2)
        assert len(started) == 2
    assert not folder_of(models.Job.objects.get()).exists()  # nor the data that were exported for it
    second = admin.post(address("reports", study))["Location"]
    assert second != first
    until(lambda: models.Job.objects.first().words == "starting the analysis")
    admin.post(address("job_cancel", study, models.Job.objects.first().pk))
    assert started[-1].wait() == 0
    assert models.Job.objects.first().outcome == "cancelled"
    assert not folder_of(models.Job.objects.first()).exists()


def test_without_the_analysis_the_page_says_what_to_install(desk, study, monkeypatch):
    monkeypatch.setattr(reporting, "NEEDED", ("analysis", "no_such_package"))
    text = desk.get(address("reports", study)).content.decode()
    assert "no_such_package missing" in text
    assert "pip install -r requirements.txt" in text
    assert desk.post(address("reports", study)).status_code == 403
    assert not models.Job.objects.exists()


def test_old_reports_are_listed_and_nobody_without_a_role_sees_them(desk, study):
    result = {"study_version": "1-abc", "data_sha256": "f" * 64, "n_participants": 96}
    old = report_of(study, outcome="done", result=result)
    report_of(study, outcome="failed", error="too few")
    text = desk.get(address("reports", study)).content.decode()
    for shown in (f"Report {old.pk}", "1-abc", "ffffffffffff", "96", "failed"):
        assert shown in text
    assert desk.get(address("report_page", study, old.pk)).status_code == 404  # its files are gone
    stranger = Client()
    stranger.force_login(User.objects.create_user("eve", is_staff=True))
    for name, more in (("reports", []), ("report", [old.pk]), ("report_page", [old.pk]), ("report_files", [old.pk])):
        assert stranger.get(address(name, study, *more)).status_code == 404
