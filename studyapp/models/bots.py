"""Bots that researchers let walk from the desk."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from studyapp.models.studies import Study


class BotRun(models.Model):
    """One order for bots, carried out by a process of its own that gives a sign of life after each of them."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="bot_runs")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    n_bots = models.PositiveIntegerField()
    skill = models.CharField(max_length=20)
    done = models.PositiveIntegerField(default=0)
    n_completed = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(default=timezone.now, help_text="the process's last sign of life")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.n_bots} bots through {self.study.slug}"
