"""What researchers think of a bundle's classes and pairs: each one's own marks, nominations and votes, all kept."""

from django.conf import settings
from django.db import models

from studyapp.models.studies import Bundle


class ClassMark(models.Model):
    """What one researcher says of one class: whether participants can be expected to name it without doubt."""

    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="class_marks")
    researcher = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    class_name = models.CharField(max_length=200)
    familiar = models.BooleanField(help_text="everybody knows it")
    unambiguous = models.BooleanField(help_text="its name means one thing")
    non_specific = models.BooleanField(help_text="it is not a kind of another class")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "researcher", "class_name"], name="one_mark_per_class")
        ]

    def __str__(self):
        return f"{self.class_name} by {self.researcher}"


class PairBallot(models.Model):
    """What one researcher wants of one pair: to nominate it, to vote for it."""

    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="pair_ballots")
    researcher = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    pair = models.CharField(max_length=410)
    nominated = models.BooleanField(default=False)
    voted = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["bundle", "researcher", "pair"], name="one_ballot_per_pair")]

    def __str__(self):
        return f"{self.pair} by {self.researcher}"
