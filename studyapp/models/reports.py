"""Reports that were made in the browser: of which data, how far they are, and what came of it."""

from django.conf import settings
from django.db import models

from studyapp.models.studies import Study


class Report(models.Model):
    """One report, made by a process of its own that gives a sign of life every few seconds while it works."""

    class Status(models.TextChoices):
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="reports")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RUNNING)
    progress = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)
    study_version = models.CharField(max_length=40, blank=True)
    data_sha256 = models.CharField(max_length=64, blank=True, help_text="over the exported files' own hashes")
    n_participants = models.PositiveIntegerField(null=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(help_text="the maker's last sign of life")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"report {self.pk} of {self.study.slug}"
