"""Who works on a study, in which role."""

from django.conf import settings
from django.db import models

from studyapp.models.studies import Study


class Member(models.Model):
    """One researcher's role in one study; `studyapp/access/roles.py` says what it allows."""

    class Role(models.TextChoices):
        OWNER = "owner", "owner"
        EDITOR = "editor", "editor"
        ANALYST = "analyst", "analyst"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["study", "user"], name="one_role_per_study")]

    def __str__(self):
        return f"{self.user}, {self.role} of {self.study.slug}"
