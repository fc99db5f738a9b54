"""Publishing a study with many heatmaps: they are drawn in the background, and the study opens when they are there."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from studyapp import jobs, models, publishing
from studyapp.desk.study import transitions
from tests.studyapp.conftest import do_jobs
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import signed_in

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def draft():
    return make_draft("forward_simulation")


@pytest.fixture
def desk(db):
    return signed_in(User.objects.create_superuser("ada"))


def test_many_heatmaps_are_drawn_by_a_job_that_publishes_then(desk, draft, monkeypatch):
    monkeypatch.setattr(transitions, "DRAWN_AT_ONCE", 10)
    n = publishing.n_undrawn(draft)
    assert n > 10
    desk.post(reverse("admin:study_publish", args=[draft.pk]))
    desk.post(reverse("admin:study_publish", args=[draft.pk]))  # asked twice, done once
    (job,) = models.Job.objects.all()
    draft.refresh_from_db()
    assert draft.current is None
    text = desk.get(reverse("admin:studyapp_study_change", args=[draft.pk])).content.decode()
    assert reverse("admin:study_publishing", args=[draft.pk]) in text
    do_jobs()
    job.refresh_from_db()
    draft.refresh_from_db()
    assert (job.outcome, job.done, job.total) == ("done", n, n)
    assert (draft.status, draft.current.number) == ("open", job.result["version"])
    assert publishing.n_undrawn(draft) == 0
    progress = desk.get(reverse("admin:study_publishing", args=[draft.pk])).json()
    assert progress["under_way"] is False


def test_few_heatmaps_are_drawn_at_once(desk, draft):
    desk.post(reverse("admin:study_publish", args=[draft.pk]))
    draft.refresh_from_db()
    assert draft.current.number == 1
    assert not models.Job.objects.exists()


def test_a_study_that_can_no_longer_be_published_says_why(draft):
    job = jobs.ask("publish", study=draft)
    draft.conditions.all().delete()
    do_jobs()
    job.refresh_from_db()
    assert (job.outcome, "There is no condition" in job.error) == ("failed", True)
