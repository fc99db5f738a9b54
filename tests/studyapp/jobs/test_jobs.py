"""A job is done once, by one worker; told about as it goes; ended when somebody wishes it, or its worker is killed."""

import subprocess
import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from studyapp import jobs, models
from studyapp.jobs import files, registry, working
from tests.studyapp.at_once import together
from tests.studyapp.conftest import do_jobs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
Outcome = models.Job.Outcome


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def declare(monkeypatch):
    """Declare a kind of job, "made", for one test: `declare(do, **traits)`."""

    def declare(do, **traits):
        monkeypatch.setattr(registry, "KINDS", {"made": f"{__name__}.made"})
        monkeypatch.setattr(registry, "import_string", lambda name: jobs.Kind(do, "made", **traits))

    return declare


def fresh(job):
    return models.Job.objects.get(pk=job.pk)


def silence(job):
    """Let a job's worker have fallen silent long ago."""
    models.Job.objects.filter(pk=job.pk).update(seen_at=timezone.now() - timedelta(minutes=5))


def test_a_job_is_done_with_what_it_was_asked_for_and_keeps_what_came_of_it(declare, study):
    def do(job, progress):
        for done in range(1, job.parameters["n"] + 1):
            progress(done, job.parameters["n"], "counting")
        job.result["sum"] = sum(range(job.parameters["n"] + 1))

    declare(do)
    job = jobs.ask("made", study=study, parameters={"n": 4})
    assert (job.outcome, job.is_under_way) == ("waiting", True)
    do_jobs()
    job = fresh(job)
    assert (job.outcome, job.error, job.result, job.done, job.total) == ("done", "", {"sum": 10}, 4, 4)
    assert job.asked_at <= job.started_at <= job.ended_at
    assert not job.is_under_way


def test_jobs_are_done_in_the_order_asked(declare, study):
    order = []
    declare(lambda job, progress: order.append(job.parameters["n"]))
    asked = [jobs.ask("made", study=study, parameters={"n": n}) for n in range(4)]
    assert [jobs.n_before(job) for job in asked] == [0, 1, 2, 3]
    do_jobs()
    assert order == [0, 1, 2, 3]


def test_a_refusal_is_told_in_its_words_and_a_fault_by_its_kind_alone(declare, study):
    def do(job, progress):
        raise jobs.JobError("There is nothing to do.") if job.parameters else KeyError("a participant's answer")

    declare(do)
    refused, broken = jobs.ask("made", study=study, parameters={"refuse": 1}), jobs.ask("made", study=study)
    do_jobs()
    assert (fresh(refused).outcome, fresh(refused).error) == ("failed", "There is nothing to do.")
    assert fresh(broken).error == "It broke off by a fault of its own (KeyError); the server's log says where."


def test_a_job_of_a_kind_that_is_not_there_any_more_fails_in_words(study):
    job = jobs.ask("of an older version", study=study)
    do_jobs()
    assert fresh(job).error == "This version of Heatwise knows no job “of an older version”."


# Several at once


def test_however_many_workers_claim_at_once_each_job_is_done_once(declare, study):
    begun = []
    declare(lambda job, progress: begun.append(job.pk))
    for _ in range(5):
        begun.clear()
        asked = [jobs.ask("made", study=study).pk for _ in range(12)]
        together(*[do_jobs] * 4)
        assert sorted(begun) == asked
        assert set(models.Job.objects.values_list("outcome", flat=True)) == {"done"}


def test_of_one_slot_one_job_is_under_way_however_many_ask_at_once(declare, study):
    declare(lambda job, progress: None)
    for round_ in range(10):
        found = together(*[partial(jobs.ask, "made", study=study, slot="the only one")] * 4)
        assert len({job.pk for job in found}) == 1
        do_jobs()
        assert models.Job.objects.count() == round_ + 1
    assert len({jobs.ask("made", study=study).pk for _ in range(3)}) == 3  # without a slot: as many as are asked for


def test_asking_within_a_transaction_that_is_rolled_back_asks_for_nothing(study):
    jobs.ask("made", study=study, slot="s")
    with transaction.atomic():
        assert jobs.ask("made", study=study, slot="s").pk
        jobs.ask("made", study=study, slot="t")
        transaction.set_rollback(True)
    assert models.Job.objects.count() == 1


# Ending


def test_what_waits_is_cancelled_at_once_and_never_begun(declare, study):
    begun = []
    declare(lambda job, progress: begun.append(job))
    job = jobs.ask("made", study=study)
    jobs.cancel(job)
    do_jobs()
    assert (fresh(job).outcome, begun) == ("cancelled", [])
    jobs.cancel(job)
    assert fresh(job).ended_at == fresh(job).ended_at


def test_a_running_job_ends_at_its_next_word_with_what_it_has_and_its_files_go(declare, study):
    def do(job, progress):
        folder = files.folder_of(job)
        folder.mkdir(parents=True)
        job.result["n"] = 1
        progress(1, 9, "one")
        jobs.cancel(job)
        progress(2, 9, "two")
        pytest.fail("it went on")

    declare(do, folder="made")
    job = jobs.ask("made", study=study)
    do_jobs()
    assert (fresh(job).outcome, fresh(job).result, fresh(job).done) == ("cancelled", {"n": 1}, 1)
    assert not files.folder_of(job).exists()


def test_whoever_cancels_while_a_job_says_nothing_ends_it_soon_and_its_processes_with_it(declare, study, monkeypatch):
    monkeypatch.setattr(working, "LOOK_S", 0.05)

    def do(job, progress):
        process = subprocess.Popen(["sleep", "60"])
        with progress.ending(process):
            jobs.cancel(job)
            process.wait()
        raise jobs.JobError("The process broke off.")

    declare(do)
    job, began = jobs.ask("made", study=study), time.monotonic()
    do_jobs()
    assert (fresh(job).outcome, fresh(job).error) == ("cancelled", "")
    assert time.monotonic() - began < 30


def test_a_wish_that_comes_when_all_is_done_still_counts(declare, study):
    declare(lambda job, progress: jobs.cancel(job))
    job = jobs.ask("made", study=study)
    do_jobs()
    assert fresh(job).outcome == "cancelled"


def test_what_has_ended_cannot_be_cancelled(declare, study):
    declare(lambda job, progress: None)
    job = jobs.ask("made", study=study)
    do_jobs()
    jobs.cancel(job)
    assert fresh(job).outcome == "done"


def test_a_job_whose_study_is_deleted_ends_without_a_trace(declare, study):
    def do(job, progress):
        files.folder_of(job).mkdir(parents=True)
        models.Participant.objects.all().delete()
        models.Study.objects.filter(pk=job.study_id).update(current=None)
        models.Study.objects.filter(pk=job.study_id).delete()
        progress(1, 2, "on")
        pytest.fail("it went on")

    declare(do, folder="made")
    job = jobs.ask("made", study=study)
    do_jobs()
    assert not models.Job.objects.exists()
    assert not files.folder_of(job).exists()


# A worker that falls silent


def test_a_silent_worker_s_job_is_given_up_in_words_and_can_be_asked_for_again(declare, study):
    declare(lambda job, progress: None, folder="made")
    job = jobs.ask("made", study=study, slot="s")
    claimed = working.claim()
    files.folder_of(job).mkdir(parents=True)
    assert jobs.of(study, "made").get().outcome == "running"
    silence(job)
    (shown,) = jobs.of(study, "made")
    assert (shown.outcome, shown.error[:27]) == ("failed", "No sign of life any more: i")
    assert not files.folder_of(job).exists()
    again = jobs.ask("made", study=study, slot="s")
    assert again.pk != job.pk
    working._end(claimed, Outcome.DONE, "")  # it wakes up: too late
    assert fresh(job).outcome == "failed"


def test_what_can_be_done_again_is_tried_once_more_and_no_oftener(declare, study):
    declare(lambda job, progress: None, again=True)
    job = jobs.ask("made", study=study)
    first = working.claim()
    silence(job)
    second = working.claim()
    assert (second.pk, second.tries) == (first.pk, 2)
    working.Progress(first).write(words="woke up")
    working._end(first, Outcome.FAILED, "woke up")
    assert (fresh(job).worker, fresh(job).words, fresh(job).outcome) == (second.worker, "", "running")
    silence(job)
    assert working.claim() is None
    assert fresh(job).outcome == "failed"


def test_a_worker_that_wakes_up_after_its_job_was_given_up_stops_at_its_next_word(declare, study):
    def do(job, progress):
        silence(job)
        jobs.tend()
        progress(1, 2, "woke up")
        pytest.fail("it went on")

    declare(do)
    job = jobs.ask("made", study=study)
    do_jobs()
    assert (fresh(job).outcome, fresh(job).error[:15]) == ("failed", "No sign of life")


def test_a_silent_job_that_somebody_wished_to_end_counts_as_cancelled(declare, study):
    declare(lambda job, progress: None, again=True)
    job = jobs.ask("made", study=study)
    working.claim()
    jobs.cancel(job)
    silence(job)
    jobs.tend()
    assert fresh(job).outcome == "cancelled"


def test_a_job_that_says_nothing_for_long_gives_signs_of_life(declare, study, monkeypatch):
    monkeypatch.setattr(working, "LOOK_S", 0.02)
    monkeypatch.setattr(working, "BEAT_S", 0.05)
    seen = []

    def do(job, progress):
        silence(job)
        deadline = time.monotonic() + 20
        while fresh(job).seen_at < timezone.now() - timedelta(minutes=1) and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append(fresh(job).seen_at)

    declare(do)
    job = jobs.ask("made", study=study)
    do_jobs()
    assert seen[0] > timezone.now() - timedelta(minutes=1)
    assert fresh(job).outcome == "done"


# A database that is busy


def test_words_that_the_database_has_no_time_for_do_not_end_the_job_and_its_outcome_is_kept(
    declare, study, monkeypatch
):
    monkeypatch.setattr(working, "LOOK_S", 0.01)
    real, busy = working.mine, [5]

    def mine(job):
        if busy[0]:
            busy[0] -= 1
            raise OperationalError("database is locked")
        return real(job)

    def do(job, progress):
        monkeypatch.setattr(working, "mine", mine)
        progress(1, 2, "one")
        busy[0] = 3

    declare(do)
    job = jobs.ask("made", study=study)
    do_jobs()
    assert fresh(job).outcome == "done"


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL locks rows, not the database")
def test_a_job_outlasts_a_database_file_that_another_has_locked(declare, study):
    locked, released = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            models.Study.objects.filter(pk=study.pk).update(title="Locked")
            locked.set()
            released.wait(20)
        connection.close()

    def do(job, progress):
        connection.cursor().execute("PRAGMA busy_timeout = 100")
        holder = threading.Thread(target=hold)
        holder.start()
        locked.wait(20)
        progress(1, 2, "while it is locked")
        assert fresh(job).done == 0
        threading.Timer(0.5, released.set).start()

    declare(do)
    job = jobs.ask("made", study=study)
    do_jobs()
    assert fresh(job).outcome == "done"


def test_words_are_told_no_oftener_than_people_can_read(declare, study, django_assert_max_num_queries):
    def do(job, progress):
        with django_assert_max_num_queries(12):
            for done in range(5000):
                progress(done, 5000, "counting")

    declare(do)
    jobs.ask("made", study=study)
    do_jobs()
