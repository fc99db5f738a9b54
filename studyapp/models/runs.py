"""What participants leave: runs, their plans, identities, answers and events. `sessions` alone writes it."""

import secrets

from django.db import models

from studyapp.core.engine import flow
from studyapp.models.studies import Condition, Study, Version


def new_code() -> str:
    """Return a participant's pseudonym: ten letters and digits that can't be mistaken for one another."""
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(10))


def new_link_token() -> str:
    return secrets.token_urlsafe(12)


def new_ticket() -> str:
    """Return what a browser's cookie names a run by: neither its number, which a restored backup gives to somebody
    else, nor its pseudonym, which stands in the data."""
    return secrets.token_urlsafe(15)


class Participant(models.Model):
    """One run of one person (or bot, or preview) through one version."""

    STATUSES = [(status, status.replace("_", " ")) for status in (flow.ACTIVE, *flow.FINAL, "erased")]

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="participants")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="participants")
    condition = models.ForeignKey(Condition, on_delete=models.PROTECT, null=True, related_name="participants")
    code = models.CharField(max_length=12, unique=True, default=new_code)
    ticket = models.CharField(max_length=24, unique=True, default=new_ticket, editable=False)
    status = models.CharField(max_length=12, choices=STATUSES, default=flow.ACTIVE)
    position = models.PositiveIntegerField(default=0)
    order = models.PositiveIntegerField(default=0, help_text="which counterbalanced order")
    seed = models.BigIntegerField()
    language = models.CharField(max_length=35, blank=True, help_text="that its pages are in; empty: the study's own")
    language_by = models.CharField(
        max_length=10, blank=True, help_text="link, choice, browser or study; empty: not recorded"
    )
    bot = models.CharField(max_length=20, blank=True, help_text="the bot's skill; empty for people")
    preview = models.BooleanField(default=False)
    group = models.CharField(max_length=60, blank=True, help_text="from the link, as in expert or non-expert")
    summary = models.JSONField(default=dict, blank=True, help_text="totals, written when the run ends")
    quality = models.JSONField(default=dict, blank=True, help_text="`core/quality.py` of a completed run")
    started_at = models.DateTimeField(auto_now_add=True)
    consented_at = models.DateTimeField(
        null=True, blank=True, help_text="since when the run holds a place in its condition"
    )
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # No index on `position` or `seen_at`: every answer moves them, and PostgreSQL then rewrites the row alone.
        ordering = ["pk"]

    def __str__(self):
        return self.code

    @property
    def cell(self) -> Condition:
        """The condition of a run that has one by now; a `ValueError` where it was never put into one."""
        if self.condition is None:
            raise ValueError(f"run {self.code} has no condition")
        return self.condition


class Plan(models.Model):
    """All steps of one run with their stimuli, drawn at the start; apart, so that moving on rewrites little."""

    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, primary_key=True)
    steps = models.JSONField()

    def __str__(self):
        return f"plan of {self.participant_id}"


class Draft(models.Model):
    """What a run's present step holds unanswered, so that it is there on any device; never exported.

    `number` counts the changes: what arrives late, with a smaller one, changes nothing.
    """

    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, primary_key=True)
    position = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    fields = models.JSONField(help_text="the form's fields as [[name, value]]")

    def __str__(self):
        return f"draft of {self.participant_id}"


class Identity(models.Model):
    """Who a run belongs to, as the recruiter or browser names them; apart from all answers."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE)
    participant = models.OneToOneField(Participant, on_delete=models.CASCADE)
    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=128)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["study", "source", "external_id"], name="one_run_per_identity")]

    def __str__(self):
        return f"{self.source} {self.external_id}"


class Start(models.Model):
    """That a run began, for as long as it counts towards its study's limits, a day at most; not which one."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE)
    address = models.CharField(max_length=32, help_text="a keyed hash of the network address")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["study", "address", "at"], name="starts_of_an_address")]

    def __str__(self):
        return f"a start of {self.study_id}"


class Notice(models.Model):
    """Something that those who want mail were told of a study, so that it is told once."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE)
    what = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "what"], name="told_once")]

    def __str__(self):
        return self.what


class Invitation(models.Model):
    """A personal link; `group` is recorded with the run, as in expert or non-expert."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="invitations")
    token = models.CharField(max_length=24, unique=True, default=new_link_token)
    note = models.CharField(max_length=120, blank=True, help_text="for you alone; never exported")
    group = models.CharField(max_length=60, blank=True)

    def __str__(self):
        return self.note or self.token


class Response(models.Model):
    """The one answer to one step."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="responses")
    position = models.PositiveIntegerField()
    answer = models.JSONField()
    scores = models.JSONField(default=dict)
    rt_ms = models.FloatField(null=True)
    hidden_ms = models.FloatField(null=True)
    input_mode = models.CharField(max_length=10, blank=True)
    timing = models.JSONField(default=dict)
    submitted_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["participant", "position"], name="one_response_per_step")]

    def __str__(self):
        return f"step {self.position} of {self.participant_id}"


class Event(models.Model):
    """Something that happened: in the browser (`t_ms` since the step was shown) or to the run (`t_ms` empty)."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="events")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=40)
    t_ms = models.FloatField(null=True)
    input_mode = models.CharField(max_length=10, blank=True)
    data = models.JSONField(default=dict, blank=True)
    uid = models.CharField(
        max_length=40, null=True, help_text="given by the browser, so that a batch sent twice counts once"
    )
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["participant", "uid"], name="one_event_per_uid")]

    def __str__(self):
        return self.name
