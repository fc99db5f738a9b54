"""What researchers say to each other about a study; no participant meets it, and no export or study file holds it."""

from django.conf import settings
from django.db import models

from studyapp.models.studies import Study

MOST_CHARS = 4000


class Comment(models.Model):
    """A comment on a study, or an answer to one; what its author has deleted is empty where answers hang on it.

    Names are kept as text, so that they outlast the account. A comment is resolved with its answers.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="comments")
    answers = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="replies")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    who = models.CharField(max_length=150)
    text = models.TextField(max_length=MOST_CHARS)
    made_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.who}: {self.text[:40]}"
