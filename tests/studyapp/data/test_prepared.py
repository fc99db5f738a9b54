"""A prepared export is the same zip, made in the background; resumed where it broke off; gone with whom it is about."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from studyapp import jobs, models
from studyapp.data import exporting, prepared
from studyapp.jobs.files import folder_of
from studyapp.run import sessions
from tests.studyapp.conftest import do_jobs, walk
from tests.studyapp.researcher import signed_in

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def desk(study):
    user = User.objects.create_user("anna", is_staff=True)
    models.Member.objects.create(user=user, study=study, role="analyst")
    return signed_in(user)


@pytest.fixture
def anna(start):
    return walk(start("anna"))


def exports(study):
    return reverse("admin:study_exports", args=[study.pk])


@pytest.fixture
def download(desk, study, anna):
    """Have an export prepared, and return its address."""
    desk.post(exports(study))
    do_jobs()
    return reverse("admin:study_prepared", args=[study.pk, models.Job.objects.get().pk])


def test_what_is_prepared_is_what_the_button_would_send(desk, study, download):
    response = desk.get(download)
    whole = response.getvalue()
    assert response["Content-Disposition"] == f'attachment; filename="tiny-{timezone.now():%Y-%m-%d}.zip"'
    at_once = io.BytesIO()
    exporting.export_zip(study, at_once, wide=True)
    ours, theirs = zipfile.ZipFile(io.BytesIO(whole)), zipfile.ZipFile(at_once)
    assert ours.namelist() == theirs.namelist()
    tables = [name for name in ours.namelist() if name.endswith(".csv")]
    assert len(tables) == 7
    assert all(ours.read(name) == theirs.read(name) for name in tables)
    assert b"anna" not in b"".join(ours.read(name) for name in tables)
    page = desk.get(exports(study)).content.decode()
    assert download in page
    assert [change.action for change in models.Change.objects.order_by("pk")] == [
        f"Had an export prepared (job {models.Job.objects.get().pk}).",
        "Downloaded: Export data, prepared.",
    ]


def test_how_far_it_is_counts_each_run_in_each_table_to_the_end(study, start):
    for name in ("anna", "bela", "carl"):
        walk(start(name))
    told = []
    exporting.export_zip(study, io.BytesIO(), wide=True, progress=lambda *words: told.append(words))
    done, totals, words = zip(*told, strict=True)
    assert set(totals) == {3 * 7}
    assert list(done) == sorted(done)
    assert done[-1] == 21
    assert list(dict.fromkeys(words)) == [f"writing {name}" for name in (*exporting.rows.TABLES, "wide")]


def test_a_second_tab_finds_the_export_under_way(desk, study, anna):
    for _ in range(2):
        desk.post(exports(study))
    assert models.Job.objects.count() == 1


# In parts


@example(first=0, length=10**6)  # all of it, as some clients ask for it
@given(first=st.integers(0, 10**6), length=st.integers(1, 10**6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_of_it_is_that_part_of_the_whole(desk, download, first, length):
    whole = desk.get(download).getvalue()
    first %= len(whole)
    part = desk.get(download, headers={"Range": f"bytes={first}-{first + length - 1}"})
    assert part.status_code == 206
    assert part.getvalue() == whole[first : first + length]
    assert part["Content-Range"] == f"bytes {first}-{min(first + length, len(whole)) - 1}/{len(whole)}"
    assert int(part["Content-Length"]) == len(whole[first : first + length])


def test_a_download_that_broke_off_anywhere_is_resumed_and_on_record_once(desk, download):
    whole = desk.get(download)
    tag, content = whole["ETag"], whole.getvalue()
    for got in (1, len(content) // 2, len(content) - 1):
        rest = desk.get(download, headers={"Range": f"bytes={got}-", "If-Range": tag})
        assert content[:got] + rest.getvalue() == content
    assert desk.get(download, headers={"Range": "bytes=-1"}).getvalue() == content[-1:]
    assert models.Change.objects.filter(action__startswith="Downloaded").count() == 1


@pytest.mark.parametrize(
    "asked", ["bytes=5-3", "bytes=a-b", "bytes=-", "items=1-2", "bytes=0-1,4-5", "bytes=" + "9" * 99]
)
def test_what_is_no_range_is_answered_by_the_whole(desk, download, asked):
    response = desk.get(download, headers={"Range": asked})
    assert response.status_code == 200
    assert len(response.getvalue()) == int(response["Content-Length"])


def test_the_rest_of_another_file_is_not_sent_for_this_one_s(desk, download):
    response = desk.get(download, headers={"Range": "bytes=10-", "If-Range": '"another"'})
    assert response.status_code == 200
    assert zipfile.is_zipfile(io.BytesIO(response.getvalue()))


def test_what_lies_beyond_the_end_is_refused_with_where_the_end_is(desk, download):
    n_bytes = len(desk.get(download).getvalue())
    for asked in (f"bytes={n_bytes}-", "bytes=999999999-", "bytes=-0"):
        response = desk.get(download, headers={"Range": asked})
        assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{n_bytes}")


# How long it stays


def test_it_is_deleted_after_a_day_and_not_to_be_had_from_then_on(desk, study, download):
    job = models.Job.objects.get()
    models.Job.objects.update(ended_at=timezone.now() - prepared.KEEP + timedelta(minutes=1))
    call_command("apply_retention")
    assert desk.get(download).getvalue()[:2] == b"PK"
    models.Job.objects.update(ended_at=timezone.now() - prepared.KEEP - timedelta(minutes=1))
    assert prepared.path_of(models.Job.objects.get()) is None
    call_command("apply_retention")
    assert not folder_of(job).exists()
    assert not models.Job.objects.exists()
    assert desk.get(download).status_code == 404


def withdraw_all(anna, start):
    sessions.withdraw(start("bela").pk, keep=False)


def erase(anna, start):
    sessions.erase(anna.pk)


@pytest.mark.parametrize("forget", [erase, withdraw_all])
def test_it_goes_when_somebody_s_answers_are_erased_and_the_page_says_why(desk, study, download, anna, start, forget):
    job = models.Job.objects.get()
    forget(anna, start)
    assert not folder_of(job).exists()
    assert desk.get(download).status_code == 404
    assert "answers were erased meanwhile" in desk.get(exports(study)).content.decode().replace("&#x27;", "'")


def test_one_that_is_being_written_while_somebody_is_erased_is_not_kept(desk, study, anna, monkeypatch):
    def write(study, stream, **options):
        stream.write(b"her answers")
        sessions.erase(anna.pk)

    monkeypatch.setattr(prepared, "export_zip", write)
    desk.post(exports(study))
    do_jobs()
    job = models.Job.objects.get()
    assert (job.outcome, folder_of(job).exists()) == ("cancelled", False)
    assert "erased meanwhile" in job.error


def test_an_erasure_that_is_rolled_back_deletes_nothing(desk, download, anna):
    with transaction.atomic():
        sessions.erase(anna.pk)
        transaction.set_rollback(True)
    assert desk.get(download).getvalue()[:2] == b"PK"


def test_reports_stay_when_somebody_is_erased(study, anna):
    report = models.Job.objects.create(kind="report", study=study, outcome="done")
    folder_of(report).mkdir(parents=True)
    sessions.erase(anna.pk)
    assert folder_of(report).exists()


def test_one_that_breaks_off_leaves_nothing_half_written(desk, study, anna, monkeypatch):
    def write(study, stream, **options):
        stream.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(prepared, "export_zip", write)
    desk.post(exports(study))
    do_jobs()
    job = models.Job.objects.get()
    assert (job.outcome, list(folder_of(job).iterdir())) == ("failed", [])
    assert "fault of its own (OSError)" in desk.get(exports(study)).content.decode()


def test_it_is_cancelled_while_it_is_written(desk, study, anna, monkeypatch):
    real = exporting.export_zip

    def write(study, stream, *, progress, **options):
        def told(*words):
            jobs.cancel(models.Job.objects.get())
            progress(*words)

        real(study, stream, progress=told, **options)

    monkeypatch.setattr(prepared, "export_zip", write)
    desk.post(exports(study))
    do_jobs()
    job = models.Job.objects.get()
    assert (job.outcome, folder_of(job).exists()) == ("cancelled", False)


def test_the_api_has_one_prepared_tells_how_far_it_is_and_sends_it_in_parts(study, anna):
    user = User.objects.create_user("api", is_staff=True)
    models.Member.objects.create(user=user, study=study, role="analyst")
    client = Client(headers={"Authorization": f"Token {models.Token.make(user, 'notebook')[1]}"})
    asked = client.post("/api/studies/tiny/prepared/")
    address = f"/api/studies/tiny/prepared/{asked.json()['id']}/"
    assert (asked.status_code, asked.json()["outcome"], asked.json()["file"]) == (202, "waiting", None)
    assert client.get(f"{address}file/").status_code == 404
    assert client.post("/api/studies/tiny/prepared/").json()["id"] == asked.json()["id"]
    do_jobs()
    told = client.get(address).json()
    assert (told["outcome"], told["done"] == told["total"] > 0) == ("done", True)
    assert [row["id"] for row in client.get("/api/studies/tiny/prepared/").json()] == [told["id"]]
    whole = b"".join(client.get(told["file"]).streaming_content)
    assert len(whole) == told["bytes"]
    assert zipfile.ZipFile(io.BytesIO(whole)).testzip() is None
    rest = client.get(told["file"], headers={"Range": "bytes=100-"})
    assert (rest.status_code, b"".join(rest.streaming_content)) == (206, whole[100:])
    assert models.Change.objects.filter(action="Downloaded by API: an export, prepared.").count() == 1
    other = Client(headers={"Authorization": f"Token {models.Token.make(User.objects.create_user('x'), 'n')[1]}"})
    assert other.get(address).status_code in (403, 404)
