"""The trail of changes: every action of a researcher leaves who, when and what, and outlives account and study."""

import io
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from studyapp import management, models, publishing
from studyapp.data import study_files
from studyapp.jobs.files import folder_of
from studyapp.management import recorded
from studyapp.run import sessions
from tests.studyapp.conftest import walk
from tests.studyapp.researcher import all_of, page_of, save, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def desk():
    return signed_in(User.objects.create_superuser("ada"))


def trail(**about):
    return list(models.Change.objects.filter(**about).order_by("pk").values_list("who", "action", "details"))


def test_edits_are_on_record_with_what_was_before_and_after(desk, draft):
    save(desk, draft, "basics", title="Better", language="de")
    save(desk, draft, "conditions", **{"conditions-0-quota": "16"})
    save(desk, draft, "parameters", parameter__n_trials="3")
    save(desk, draft, "texts", text__entry="Hello")
    assert trail(study=draft) == [
        ("ada", "Edited the study.", details)
        for details in (
            [["Title", "A tiny study", "Better"], ["Language", "en", "de"]],
            [["Condition “small”", "size: small; no quota; open", "size: small; quota 16; open"]],
            [["Parameter “N trials”", None, "3"]],
            [["Text “Entry”", None, "Hello"]],
        )
    ]


def test_saving_without_a_change_leaves_no_trace(desk, draft):
    for name in all_of(draft):
        save(desk, draft, name)
    assert trail() == []


def test_publishing_pausing_downloads_and_erasures_are_on_record(desk, draft):
    for name in ("publish", "pause", "resume"):
        desk.post(reverse(f"admin:study_{name}", args=[draft.pk]))
    anna = walk(sessions.start(draft.pk, sessions.Visitor("PROLIFIC_PID", "anna")))
    desk.get(reverse("admin:study_bonus", args=[draft.pk]))
    desk.get(reverse("admin:study_study-file", args=[draft.pk])).getvalue()
    desk.post(reverse("admin:participant_erase") + f"?codes={anna.code}")
    assert [action for _, action, _ in trail()] == [
        "Published version 1. The link is open.",
        "Paused. Nobody new can start.",
        "Open again.",
        "Downloaded: Bonus list.",
        "Downloaded: Study as a file.",
        f"Erased participant {anna.code}.",
    ]


@pytest.fixture
def commands(draft, written, tmp_path):
    """Every command that changes data: how it is given, what it is recorded with, and the short name of what study."""
    study_files.dump_study(draft, tmp_path / "tiny.zip")
    publishing.publish(draft)
    gone, late = (walk(sessions.start(draft.pk, sessions.Visitor("PROLIFIC_PID", name))) for name in ("anna", "bela"))
    models.Participant.objects.filter(pk=late.pk).update(seen_at=timezone.now() - timedelta(days=9))
    models.Study.objects.filter(pk=draft.pk).update(retention_days=7)
    words = models.Study.objects.create(slug="words", title="W", kind="label_matching", bundle=draft.bundle)
    User.objects.create_user("eve", is_staff=True)
    return {
        "erase_participant": ([gone.code, "--yes"], f"Erased participant {gone.code}", "tiny"),
        "apply_retention": ([], "Ended 0 expired runs and erased 1 recruitment ids", "tiny"),
        "load_bundle": ([str(written), "--name", "again"], "Loaded the bundle again", ""),
        "load_study": ([str(tmp_path / "tiny.zip"), "--slug", "copy"], "Loaded the study from tiny.zip", "copy"),
        "pairs": (["made", "--into", words.slug, "--pair", "a / b"], "Chose pairs of classes", "words"),
        "simulate": (["tiny", "--participants", "2", "--bot", "oracle"], "Sent 2 bots (oracle)", "tiny"),
        "two_factor_off": (["eve"], "Turned off two-factor sign-in of eve", ""),
    }


def given(name: str, *arguments: str) -> None:
    with suppress(CommandError):  # pairs says what else the study lacks
        call_command(name, *arguments, stdout=io.StringIO(), stderr=io.StringIO())


CHANGING = (
    "apply_retention", "erase_participant", "load_bundle", "load_study", "pairs", "simulate", "two_factor_off",
)  # fmt: skip


@pytest.mark.parametrize("name", CHANGING)
def test_what_a_command_changes_is_on_record(commands, name, monkeypatch):
    monkeypatch.setattr(recorded, "getuser", lambda: "operator")
    arguments, action, slug = commands[name]
    given(name, *arguments)
    (change,) = models.Change.objects.all()
    assert (change.who, change.user, change.action, change.slug) == ("operator", None, f"{action} by command.", slug)


def test_a_command_given_for_an_account_is_on_record_under_its_name(commands):
    given("erase_participant", *commands["erase_participant"][0], "--as", "eve")
    change = models.Change.objects.get()
    assert (change.who, change.user.username) == ("eve", "eve")
    with pytest.raises(CommandError, match="no account is called 'nobody'"):
        call_command("load_study", "any.zip", "--as", "nobody")


def test_every_other_command_of_the_app_only_reads_or_carries_out_what_the_desk_recorded():
    known = {path.stem for path in Path(management.__file__).parent.glob("commands/[a-z]*.py")}
    reading = {
        "audit_study", "backup", "bonus", "check_export", "check_study", "data_dictionary", "dump_study",
        "export_study", "notify", "routines", "study_schema", "translations",
    }  # fmt: skip
    assert known == {*CHANGING, "demo", "restore", "serve"} | reading | {"work"}


def test_the_trail_outlives_the_study_and_the_account(desk, draft):
    desk.post(reverse("admin:study_publish", args=[draft.pk]))
    desk.post(reverse("admin:studyapp_study_delete", args=[draft.pk]))
    User.objects.all().delete()
    assert not models.Study.objects.exists()
    kept = models.Change.objects.values_list("who", "slug", "study", "user", "action")
    assert list(kept) == [
        ("ada", "tiny", None, None, "Deleted the study."),
        ("ada", "tiny", None, None, "Published version 1. The link is open."),
    ]


def test_reports_and_exports_go_with_a_deleted_study_and_its_bundle_stays(desk, draft, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    report, export = (models.Job.objects.create(study=draft, kind=kind) for kind in ("report", "export"))
    folder = folder_of(report)
    (folder / "report").mkdir(parents=True)
    folder_of(export).mkdir(parents=True)
    desk.post(reverse("admin:studyapp_study_delete", args=[draft.pk]))
    assert not folder.exists()
    assert not folder_of(export).exists()
    assert folder.parent.is_dir()
    assert (settings.BUNDLES_ROOT / draft.bundle.folder).is_dir()


def test_a_bundle_is_deleted_with_its_files_once_no_study_uses_it(desk, draft, settings):
    address, folder = reverse("admin:studyapp_bundle_delete", args=[draft.bundle_id]), draft.bundle.folder
    desk.post(address, {"post": "yes"})
    assert (settings.BUNDLES_ROOT / folder).is_dir()
    draft.delete()
    assert any(path.is_file() for path in settings.STIMULI_ROOT.rglob("*"))
    desk.post(address, {"post": "yes"})
    assert not models.Bundle.objects.exists()
    assert not (settings.BUNDLES_ROOT / folder).exists()
    assert not any(path.is_file() for path in settings.STIMULI_ROOT.rglob("*"))
    assert trail() == [("ada", "Deleted the bundle made.", [])]


def test_a_long_text_is_shown_line_by_line(desk, draft):
    text = "First line of the text that people read.\nSecond line of it.\nThird."
    save(desk, draft, "texts", text__entry=text)
    save(desk, draft, "texts", text__entry=text.replace("Second", "Another second"))
    change = models.Change.objects.first()
    shown = desk.get(reverse("admin:studyapp_change_change", args=[change.pk])).content.decode()
    assert "<del>Second line of it.</del>" in shown
    assert "<ins>Another second line of it.</ins>" in shown
    assert "<del>Third.</del>" not in shown


def test_a_deed_s_page_says_whose_it_is_and_leads_to_its_study(desk, draft):
    desk.post(reverse("admin:study_publish", args=[draft.pk]))
    change = models.Change.objects.get()
    shown = desk.get(reverse("admin:studyapp_change_change", args=[change.pk])).content.decode()
    assert f"ada, {change.at:%-d %b %Y}" in shown
    assert f'<a href="{page_of(draft)}">tiny</a>' in shown
    assert "(deleted)" not in shown


def test_nobody_changes_the_trail(desk, draft):
    desk.post(reverse("admin:study_publish", args=[draft.pk]))
    change = models.Change.objects.get()
    assert desk.post(reverse("admin:studyapp_change_change", args=[change.pk]), {"action": "x"}).status_code == 403
    assert desk.post(reverse("admin:studyapp_change_delete", args=[change.pk])).status_code == 403


def test_previews_and_bots_go_with_a_deleted_study_but_people_keep_it(desk, draft):
    desk.post(reverse("preview", args=["tiny", "small"]))
    desk.post(reverse("admin:study_publish", args=[draft.pk]))
    walk(sessions.start(draft.pk, None, bot="oracle"))
    anna = sessions.start(draft.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    delete = reverse("admin:studyapp_study_delete", args=[draft.pk])
    assert "1 person has started it." in desk.get(delete).content.decode()
    desk.post(delete)
    assert models.Participant.objects.count() == 3
    sessions.discard_trial_runs(draft)
    assert list(models.Participant.objects.all()) == [anna]
    models.Participant.objects.all().delete()
    desk.post(reverse("preview", args=["tiny", "small"]))
    desk.post(delete)
    assert not models.Study.objects.exists()
    assert not models.Participant.objects.exists()
