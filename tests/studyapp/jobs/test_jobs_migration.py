"""Reports and orders for bots that were there before become jobs, and go back, with all that they tell."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
BEFORE, AFTER = ("studyapp", "0005_quality_and_bots"), ("studyapp", "0006_jobs")
WHEN = timezone.datetime(2026, 3, 1, 12, 0, tzinfo=timezone.get_fixed_timezone(0))


@pytest.fixture
def migrate():
    """Migrate to a state and return its models; what comes after is brought back at the end."""

    def migrate(to):
        executor = MigrationExecutor(connection)
        executor.migrate([to])
        apps = executor.loader.project_state([to]).apps
        return lambda name: apps.get_model("studyapp", name)

    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("studyapp")
    yield migrate
    executor = MigrationExecutor(connection)
    executor.migrate(newest)


def test_reports_and_orders_become_jobs_and_go_back(migrate):
    model = migrate(BEFORE)
    study = model("Study").objects.create(slug="old", title="Old", kind="forward_simulation")
    told = {"study_version": "1-abc", "data_sha256": "f" * 64, "n_participants": 96}
    fields = {"study_id": study.pk, "seen_at": WHEN}
    model("Report").objects.create(**fields).delete()  # so that numbers don't begin at 1
    done = model("Report").objects.create(**fields, **told, status="done", finished_at=WHEN)
    failed = model("Report").objects.create(**fields, status="failed", error="too few", finished_at=WHEN)
    running = model("Report").objects.create(**fields, progress="figures: 50 %")
    model("Report").objects.update(created_at=WHEN)
    bots = {"study_id": study.pk, "skill": "p=0.7", "n_bots": 5, "seen_at": WHEN}
    whole = model("BotRun").objects.create(**bots, done=5, n_completed=4, ended_at=WHEN)
    model("BotRun").objects.create(**bots, done=2, error="not let in", ended_at=WHEN)
    model("BotRun").objects.create(**bots, done=1)

    Job = migrate(AFTER)("Job")
    reports, orders = Job.objects.filter(kind="report"), Job.objects.filter(kind="bots").order_by("pk")
    assert dict(reports.values_list("pk", "outcome")) == {done.pk: "done", failed.pk: "failed", running.pk: "failed"}
    assert (reports.get(pk=done.pk).result, reports.get(pk=done.pk).asked_at) == (told, WHEN)
    assert reports.get(pk=failed.pk).error == "too few"
    assert "ended before it was done" in reports.get(pk=running.pk).error
    assert [(job.outcome, job.done, job.total) for job in orders] == [
        ("done", 5, 5),
        ("failed", 2, 5),
        ("failed", 1, 5),
    ]
    assert orders[0].parameters == {"n_bots": 5, "skill": "p=0.7"}
    assert orders[0].result == {"n_completed": 4}
    export = Job.objects.create(kind="export", study_id=study.pk, outcome="done")
    assert export.pk > orders.last().pk > running.pk  # numbers go on where they were
    waiting = Job.objects.create(kind="report", study_id=study.pk)

    model = migrate(BEFORE)
    back = {report.pk: report for report in model("Report").objects.all()}
    assert set(back) == {done.pk, failed.pk, running.pk, waiting.pk}
    assert {name: getattr(back[done.pk], name) for name in told} == told
    assert (back[done.pk].status, back[done.pk].created_at, back[waiting.pk].status) == ("done", WHEN, "failed")
    assert [(run.done, run.n_completed) for run in model("BotRun").objects.order_by("pk")] == [(5, 4), (2, 0), (1, 0)]
    assert model("BotRun").objects.order_by("pk").first().skill == whole.skill
    model("Report").objects.create(**fields)  # and numbers go on there, too
    model("Study").objects.all().delete()


def test_a_database_without_any_is_migrated_both_ways(migrate):
    for to in (BEFORE, AFTER, BEFORE, AFTER):
        migrate(to)
