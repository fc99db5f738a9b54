"""Who changed what in a study, and when; written by `studyapp/data/audit.py`, never changed, outliving the study."""

from django.conf import settings
from django.db import models

from studyapp.models.studies import Study


class Change(models.Model):
    """One action of a researcher. Names are kept as text, so that they outlast the account and the study."""

    at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    who = models.CharField(max_length=150)
    study = models.ForeignKey(Study, on_delete=models.SET_NULL, null=True, related_name="changes")
    slug = models.CharField("study's short name", max_length=60)
    action = models.CharField(max_length=200)
    details = models.JSONField(default=list, help_text="[what, before, after] for each thing that changed")

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.who}: {self.action}"
