"""One worker process: started when something waits and none lives, at low priority; however it ends, no job is lost."""

import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from django.conf import settings as own
from django.test import Client

from studyapp import jobs, models, serving
from studyapp.jobs import processes, worker, working
from tests.studyapp.at_once import until
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def embedded(settings, tmp_path, monkeypatch):
    settings.WORKER, settings.DATA_DIR = "embedded", tmp_path
    monkeypatch.setenv("HEATWISE_DATA", str(tmp_path))


@pytest.fixture
def walked():
    """A study whose kind every process knows, which bots can walk as a draft."""
    return make_draft("forward_simulation")


def order(study, n_bots: int):
    return jobs.ask("bots", study=study, parameters={"n_bots": n_bots, "skill": "random"})


def test_asking_starts_one_worker_at_low_priority_which_does_all_that_waits_and_ends(walked, started):
    asked = [order(walked, 2) for _ in range(3)]
    assert len(started) == 1
    until(worker.lives)
    assert os.getpriority(os.PRIO_PROCESS, started[0].pid) == min(19, os.nice(0) + processes.NICE)
    until(lambda: not models.Job.objects.filter(outcome__in=models.Job.UNDER_WAY).exists())
    assert started[0].wait() == 0
    assert not worker.lives()
    assert [models.Job.objects.get(pk=job.pk).result for job in asked] == [{"n_completed": 2}] * 3
    order(walked, 1)  # and the next is started at once
    assert len(started) == 2
    assert started[1].wait() == 0
    assert models.Job.objects.filter(outcome="done").count() == 4


def test_one_that_is_long_in_starting_is_waited_for_until_it_has_held_the_lock_or_ended(monkeypatch):
    asked, ended = [], []
    process = SimpleNamespace(poll=lambda: 1 if ended else None)
    monkeypatch.setattr(processes, "start", lambda *arguments: asked.append(arguments) or process)
    worker.ensure()
    long_ago = time.time() - 10 * worker.STARTING_S
    lock = own.DATA_DIR / worker.LOCK
    os.utime(lock, (long_ago, long_ago))
    worker.ensure()
    assert len(asked) == 1
    with worker.only_one(wait=False):
        worker.ensure()
    assert len(asked) == 1
    worker.ensure()  # it is on its way out
    assert len(asked) == 2
    os.utime(lock, (long_ago, long_ago))
    ended.append(True)
    worker.ensure()
    assert len(asked) == 3


def test_a_server_that_starts_takes_up_what_waited(walked, started, settings):
    settings.WORKER = "service"
    job = order(walked, 1)
    assert started == []
    settings.WORKER = "embedded"
    serving.post_worker_init(None)
    until(lambda: models.Job.objects.filter(pk=job.pk, outcome="done").exists())
    assert started[0].wait() == 0


def test_a_worker_started_twice_is_one_worker(walked, started):
    jobs.ask("bots", study=walked, parameters={"n_bots": 8, "skill": "random"})
    processes.start("work", "--until-idle")
    processes.start("work", "--until-idle")
    assert len(started) == 3
    for process in started:
        assert process.wait() == 0
    job = models.Job.objects.get()
    assert (job.outcome, job.tries, job.done) == ("done", 1, 8)
    assert walked.participants.count() == 8


def test_a_worker_killed_while_bots_walk_is_told_and_they_can_be_sent_again(walked, started, admin_user):
    job = order(walked, 400)
    until(lambda: models.Job.objects.get().done > 0)
    os.kill(started[0].pid, signal.SIGKILL)
    assert started[0].wait() == -9
    assert not worker.lives()
    models.Job.objects.update(seen_at="2020-01-01T00:00:00Z")
    desk = Client()
    desk.force_login(admin_user)
    page = desk.get(f"/admin/studyapp/study/{walked.pk}/bots/").content.decode()
    assert "No sign of life any more" in page
    assert walked.participants.exists()  # what they did stays
    os.utime(own.DATA_DIR / worker.LOCK, (0, 0))
    again = order(walked, 1)
    assert started[-1].wait() == 0
    assert models.Job.objects.get(pk=again.pk).outcome == "done"
    assert models.Job.objects.get(pk=job.pk).outcome == "failed"


def test_a_worker_that_is_asked_to_end_says_so_of_its_job_and_leaves_the_rest_to_the_next(walked, started):
    job, waiting = order(walked, 400), order(walked, 1)
    until(lambda: models.Job.objects.get(pk=job.pk).done > 0)
    os.kill(started[0].pid, signal.SIGTERM)
    assert started[0].wait() == 0
    job.refresh_from_db()
    assert (job.outcome, job.error) == ("failed", working.STOPPED_WORDS)
    assert models.Job.objects.get(pk=waiting.pk).outcome == "waiting"
    jobs.tend()  # somebody looks
    assert started[-1].wait() == 0
    assert models.Job.objects.get(pk=waiting.pk).outcome == "done"


def test_what_can_be_done_again_waits_for_the_next_worker_when_the_server_is_stopped(study, monkeypatch):
    def do(job, progress):
        if job.tries == 1:
            raise working.Stopped(0)

    monkeypatch.setattr(working, "kind_of", lambda name: jobs.Kind(do, "made", again=True))
    job = models.Job.objects.create(kind="made", study=study)
    with pytest.raises(SystemExit):
        working.work(until_idle=True)
    job.refresh_from_db()
    assert (job.outcome, job.worker) == ("waiting", "")
    working.work(until_idle=True)
    job.refresh_from_db()
    assert job.outcome == "done"


def test_servers_that_ask_at_the_same_moment_start_workers_of_which_one_stays(monkeypatch):
    """Also what is asked while the last worker is about to end is seen by it, or starts another."""
    lived = []

    def live():
        with worker.only_one(wait=False) as held:
            lived.append(held)
            time.sleep(0.2 if held else 0)

    monkeypatch.setattr(worker, "PATIENCE_S", 0)
    threads = [threading.Thread(target=live) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lived.count(True) == 1


def test_a_job_asked_for_while_a_worker_is_about_to_end_is_not_left_waiting(study, monkeypatch):
    done, real = [], working._do_all
    monkeypatch.setattr(working, "kind_of", lambda name: jobs.Kind(lambda job, progress: done.append(job.pk), "made"))

    def do_all_then_be_asked(until_idle):
        real(until_idle)
        if len(done) == 1:
            jobs.ask("made", study=study)  # the lock is held: nobody starts another worker

    started = []
    monkeypatch.setattr(processes, "start", lambda *words: started.append(words))
    monkeypatch.setattr(working, "_do_all", do_all_then_be_asked)
    models.Job.objects.create(kind="made", study=study)
    working.work(until_idle=True)
    assert len(done) == 2
    assert started == []


def test_where_a_service_does_the_jobs_the_server_starts_none_and_the_desk_says_if_it_is_missing(
    settings, walked, started, admin_user
):
    settings.WORKER = "service"
    order(walked, 1)
    assert started == []
    desk = Client()
    desk.force_login(admin_user)
    bots = f"/admin/studyapp/study/{walked.pk}/bots/"
    assert "no worker is running on the server" in desk.get(bots).content.decode()
    processes.start("work")
    until(worker.lives)
    until(lambda: models.Job.objects.get().outcome == "done")
    assert started[0].poll() is None  # it goes on
    second = order(walked, 1)
    until(lambda: models.Job.objects.get(pk=second.pk).outcome == "done")
    started[0].terminate()
    assert started[0].wait() == 0
