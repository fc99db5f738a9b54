"""Reports and orders for bots become jobs. A report keeps its number, by which its address and its folder go."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.core.management.color import no_style
from django.db import migrations, models

ENDED = "Its process was ended before it was done, as when the server is restarted. Ask for it again."


def to_jobs(apps, schema_editor):
    """Carry reports and orders over; what was under way counts as failed: its process knows nothing of jobs."""
    Job, Report, BotRun = (apps.get_model("studyapp", name) for name in ("Job", "Report", "BotRun"))
    for report in Report.objects.order_by("pk").iterator():
        running = report.status == "running"
        found = {
            "study_version": report.study_version,
            "data_sha256": report.data_sha256,
            "n_participants": report.n_participants,
        }
        Job.objects.create(
            pk=report.pk,
            kind="report",
            study_id=report.study_id,
            asked_by_id=report.requested_by_id,
            asked_at=report.created_at,
            started_at=report.created_at,
            seen_at=report.seen_at,
            ended_at=report.finished_at or report.seen_at,
            outcome="failed" if running else report.status,
            error=ENDED if running else report.error,
            result={name: value for name, value in found.items() if value not in ("", None)},
            tries=1,
        )
    with schema_editor.connection.cursor() as cursor:
        for statement in schema_editor.connection.ops.sequence_reset_sql(no_style(), [Job]):
            cursor.execute(statement)
    for order in BotRun.objects.order_by("pk").iterator():
        error = order.error or ("" if order.ended_at else ENDED)
        Job.objects.create(
            kind="bots",
            study_id=order.study_id,
            asked_by_id=order.user_id,
            parameters={"n_bots": order.n_bots, "skill": order.skill},
            asked_at=order.created_at,
            started_at=order.created_at,
            seen_at=order.seen_at,
            ended_at=order.ended_at or order.seen_at,
            outcome="failed" if error else "done",
            error=error,
            done=order.done,
            total=order.n_bots,
            result={"n_completed": order.n_completed},
            tries=1,
        )


def from_jobs(apps, schema_editor):
    """Carry jobs back; those that only jobs can be (exports, others) are left out, what was cancelled counts as failed."""
    Job, Report, BotRun = (apps.get_model("studyapp", name) for name in ("Job", "Report", "BotRun"))
    for job in Job.objects.filter(kind="report").order_by("pk").iterator():
        ended = job.outcome in ("done", "failed")
        report = Report.objects.create(
            pk=job.pk,
            study_id=job.study_id,
            requested_by_id=job.asked_by_id,
            status=job.outcome if ended else "failed",
            error=job.error if ended else job.error or ENDED,
            study_version=job.result.get("study_version", ""),
            data_sha256=job.result.get("data_sha256", ""),
            n_participants=job.result.get("n_participants"),
            seen_at=job.seen_at or job.asked_at,
            finished_at=job.ended_at or job.asked_at,
        )
        Report.objects.filter(pk=report.pk).update(created_at=job.asked_at)
    with schema_editor.connection.cursor() as cursor:
        for statement in schema_editor.connection.ops.sequence_reset_sql(no_style(), [Report]):
            cursor.execute(statement)
    for job in Job.objects.filter(kind="bots").order_by("pk").iterator():
        order = BotRun.objects.create(
            study_id=job.study_id,
            user_id=job.asked_by_id,
            n_bots=job.parameters["n_bots"],
            skill=job.parameters["skill"],
            done=job.done,
            n_completed=job.result.get("n_completed", 0),
            error=job.error or ("" if job.outcome == "done" else ENDED),
            seen_at=job.seen_at or job.asked_at,
            ended_at=job.ended_at or job.asked_at,
        )
        BotRun.objects.filter(pk=order.pk).update(created_at=job.asked_at)


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0005_quality_and_bots'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('parameters', models.JSONField(default=dict)),
                ('slot', models.CharField(blank=True, help_text='at most one job under way has it; empty: as many as are asked for', max_length=100)),
                ('outcome', models.CharField(choices=[('waiting', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='waiting', max_length=10)),
                ('cancel', models.BooleanField(default=False, help_text='somebody wishes it to end')),
                ('error', models.TextField(blank=True, help_text='why it failed, in words')),
                ('result', models.JSONField(default=dict)),
                ('done', models.PositiveBigIntegerField(default=0)),
                ('total', models.PositiveBigIntegerField(default=0, help_text='0: unknown as yet')),
                ('words', models.CharField(blank=True, help_text='what is being done', max_length=200)),
                ('worker', models.CharField(blank=True, help_text='who has it', max_length=100)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField(help_text="its worker's last sign of life", null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('bundle', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='studyapp.bundle')),
                ('study', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='jobs', to='studyapp.study')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['outcome', 'kind'], name='jobs_by_outcome'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.UniqueConstraint(condition=models.Q(('outcome__in', ['waiting', 'running']), models.Q(('slot', ''), _negated=True)), fields=('slot',), name='one_job_under_way_per_slot'),
        ),
        migrations.RunPython(to_jobs, from_jobs),
        migrations.DeleteModel(name='BotRun'),
        migrations.DeleteModel(name='Report'),
    ]
