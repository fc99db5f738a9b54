"""Work that takes longer than a request: what was asked for, how far it is, and what came of it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from studyapp.models.studies import Bundle, Study


class Job(models.Model):
    """One job, written by `studyapp/jobs/`; whoever does its kind says what `parameters` and `result` hold."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    UNDER_WAY = (Outcome.WAITING, Outcome.RUNNING)

    kind = models.CharField(max_length=40)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, null=True, related_name="jobs")
    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, null=True, related_name="jobs")
    parameters = models.JSONField(default=dict)
    slot = models.CharField(
        max_length=100, blank=True, help_text="at most one job under way has it; empty: as many as are asked for"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    cancel = models.BooleanField(default=False, help_text="somebody wishes it to end")
    error = models.TextField(blank=True, help_text="why it failed, in words")
    result = models.JSONField(default=dict)

    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0, help_text="0: unknown as yet")
    words = models.CharField(max_length=200, blank=True, help_text="what is being done")

    worker = models.CharField(max_length=100, blank=True, help_text="who has it")
    tries = models.PositiveSmallIntegerField(default=0)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="its worker's last sign of life")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["outcome", "kind"], name="jobs_by_outcome")]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"],
                condition=models.Q(outcome__in=["waiting", "running"]) & ~models.Q(slot=""),
                name="one_job_under_way_per_slot",
            )
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"

    @property
    def required_study(self) -> Study:
        """The study of a study's job; a `ValueError` where it is a bundle's."""
        if self.study is None:
            raise ValueError(f"job {self.pk} ({self.kind}) is of no study")
        return self.study

    @property
    def is_under_way(self) -> bool:
        return self.outcome in self.UNDER_WAY
