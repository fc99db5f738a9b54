"""The trail of changes: every deed of a researcher leaves who, when and what, and outlives account and study."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from studyapp import models, sessions
from tests.studyapp.conftest import walk
from tests.studyapp.test_admin import filled, page_of
from tests.studyapp.test_roles import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def desk():
    return signed_in(User.objects.create_superuser("ada"))


def trail(**about):
    return list(models.Change.objects.filter(**about).order_by("pk").values_list("who", "deed", "details"))


def test_edits_are_on_record_with_what_was_before_and_after(desk, draft):
    changes = {"title": "Better", "parameter__n_trials": "3", "text__entry": "Hello", "conditions-0-quota": "16"}
    desk.post(page_of(draft), filled(desk, draft, **changes))
    ((who, deed, details),) = trail(study=draft)
    assert (who, deed) == ("ada", "Edited the study.")
    assert details == [
        ["Title", "A tiny study", "Better"],
        ["Condition “small”", "size: small; no quota; open", "size: small; quota 16; open"],
        ["Parameter “N trials”", None, "3"],
        ["Text “Entry”", None, "Hello"],
    ]


def test_saving_without_a_change_leaves_no_trace(desk, draft):
    desk.post(page_of(draft), filled(desk, draft))
    assert trail() == []


def test_publishing_pausing_downloads_and_erasures_are_on_record(desk, draft):
    for name in ("publish", "pause", "resume"):
        desk.post(reverse(f"admin:study_{name}", args=[draft.pk]))
    anna = walk(sessions.start(draft.pk, sessions.Visitor("PROLIFIC_PID", "anna")))
    desk.get(reverse("admin:study_bonus", args=[draft.pk]))
    desk.get(reverse("admin:study_study-file", args=[draft.pk])).getvalue()
    desk.post(reverse("admin:participant_erase") + f"?codes={anna.code}")
    assert [deed for _, deed, _ in trail()] == [
        "Published version 1. The link is open.",
        "Paused. Nobody new can start.",
        "Open again.",
        "Downloaded: Bonus list.",
        "Downloaded: Study as a file.",
        f"Erased participant {anna.code}.",
    ]


def test_the_trail_outlives_the_study_and_the_account(desk, draft):
    desk.post(reverse("admin:study_publish", args=[draft.pk]))
    desk.post(reverse("admin:studyapp_study_delete", args=[draft.pk]))
    User.objects.all().delete()
    assert not models.Study.objects.exists()
    kept = models.Change.objects.values_list("who", "slug", "study", "user", "deed")
    assert list(kept) == [
        ("ada", "tiny", None, None, "Deleted the study."),
        ("ada", "tiny", None, None, "Published version 1. The link is open."),
    ]


def test_a_long_text_is_shown_line_by_line(desk, draft):
    text = "First line of the text that people read.\nSecond line of it.\nThird."
    desk.post(page_of(draft), filled(desk, draft, text__entry=text))
    desk.post(page_of(draft), filled(desk, draft, text__entry=text.replace("Second", "Another second")))
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
    assert desk.post(reverse("admin:studyapp_change_change", args=[change.pk]), {"deed": "x"}).status_code == 403
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
