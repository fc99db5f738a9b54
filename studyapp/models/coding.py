"""What coders leave: a study's codebook, the answers to code, and what each coder found in them."""

from django.conf import settings
from django.db import models

from studyapp.models.runs import Response
from studyapp.models.studies import Study


class Code(models.Model):
    """One code of a study's codebook."""

    class Kind(models.TextChoices):
        SALIENCY = "saliency_feature", "saliency feature"
        GENERAL = "general_attribute", "general attribute"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="codes")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.SALIENCY)
    description = models.TextField(blank=True, help_text="what falls under it, and what doesn't")
    key = models.CharField(max_length=1, blank=True, help_text="the key that gives it while coding")

    class Meta:
        ordering = ["-kind", "pk"]
        constraints = [models.UniqueConstraint(fields=["study", "name"], name="one_code_per_name")]

    def __str__(self):
        return self.name


class Passage(models.Model):
    """One free text of one answer; gone with the answer. `place` is where it lies in the study's random order."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="passages")
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="passages")
    field = models.CharField(max_length=60, help_text="the export's column that holds it")
    place = models.BigIntegerField()

    class Meta:
        ordering = ["place", "pk"]
        indexes = [models.Index(fields=["study", "field", "place"], name="passages_in_order")]
        constraints = [models.UniqueConstraint(fields=["response", "field"], name="one_passage_per_field")]

    def __str__(self):
        return f"{self.field} of response {self.response_id}"


class Gathering(models.Model):
    """Up to which answer, by its number, a column was looked through for texts to code."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="gatherings")
    field = models.CharField(max_length=60)
    upto = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "field"], name="one_gathering_per_field")]

    def __str__(self):
        return f"{self.field} of {self.study_id} up to response {self.upto}"


class Reading(models.Model):
    """What one coder found in one passage; done and without a code, the coder read it and found nothing."""

    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="readings")
    coder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    codes = models.ManyToManyField(Code, related_name="readings")
    done = models.BooleanField(default=False)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["passage", "coder"], name="one_reading_per_coder")]

    def __str__(self):
        return f"{self.coder} on passage {self.passage_id}"


class Resolution(models.Model):
    """What the coders agreed on for one passage after they had differed; their own readings stay as they are."""

    passage = models.OneToOneField(Passage, on_delete=models.CASCADE, related_name="resolution")
    codes = models.ManyToManyField(Code, related_name="resolutions")
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField()

    def __str__(self):
        return f"resolution of passage {self.passage_id}"
