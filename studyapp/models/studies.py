"""What researchers set up: bundles, studies, their conditions and published versions."""

import re
import secrets

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, validate_email
from django.db import models, transaction

from studyapp.core import recruiters
from studyapp.core.languages import tags


def new_salt() -> str:
    return secrets.token_hex(16)


def new_seed() -> int:
    return secrets.randbelow(2**31)


class Bundle(models.Model):
    """A bundle of heatmaps, copied into the app's own storage so that nothing outside can change it."""

    name = models.SlugField(unique=True, max_length=80)
    sha256 = models.CharField("hash", max_length=64)
    folder = models.CharField(max_length=200, help_text="inside the app's bundle storage")
    salt = models.CharField(max_length=32, default=new_salt, help_text="keys the addresses of its files")
    n_images = models.PositiveIntegerField("images", default=0)
    loaded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.name


def require_language(code: str) -> None:
    """Refuse what is no language's code, as in `en` or `pt-br`."""
    try:
        tags.canonical(code)
    except ValueError as problem:
        raise ValidationError(f"{str(problem)[0].upper()}{str(problem)[1:]}.") from None


def require_currency(code: str) -> None:
    """Refuse what is no currency's code."""
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValidationError(f"Expected a currency's three capital letters, such as GBP or EUR; found {code!r}.")


class Study(models.Model):
    """One study as its researchers edit it. Participants meet a published `Version` of it."""

    class Status(models.TextChoices):
        DRAFT = "draft", "draft"
        OPEN = "open", "open"
        PAUSED = "paused", "paused"
        CLOSED = "closed", "closed"

    class Devices(models.TextChoices):
        ANY = "any", "any"
        LARGE = "large", "screens and windows as large as the study needs"
        MOUSE = "mouse", "those, with a mouse or touchpad"

    slug = models.SlugField(
        unique=True,
        max_length=60,
        help_text="in the participants' link: /s/SLUG/; links to an earlier one go on leading here",
    )
    title = models.CharField(max_length=200, help_text="what participants see")
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    bundle = models.ForeignKey(
        Bundle, on_delete=models.PROTECT, null=True, blank=True, help_text="loaded under “Bundles”"
    )
    parameters = models.JSONField(default=dict, blank=True, help_text="what differs from the kind's defaults")
    texts = models.JSONField(default=dict, blank=True, help_text="what differs from the kind's default texts")
    questionnaires = models.JSONField(
        default=list, blank=True, help_text="the researchers' own questions, by `core/questionnaires/entries.py`"
    )
    variants = models.JSONField(
        default=list, blank=True, help_text="other wording by condition, by `core/variants/reading.py`"
    )
    display = models.JSONField(default=dict, blank=True, help_text="how heatmaps look: what differs from what is usual")
    analysis_plan = models.JSONField(
        default=dict,
        blank=True,
        help_text="analysis_plan.json, as `python -m analysis plan` writes it: frozen with each version, exported with "
        "the data, and what the report holds itself to",
    )
    seed = models.BigIntegerField(default=new_seed, help_text="draws stimuli, conditions and orders")
    stimuli = models.JSONField(null=True, blank=True, help_text="kept from an imported file; empty: drawn by the seed")
    current = models.ForeignKey("Version", on_delete=models.RESTRICT, null=True, blank=True, related_name="+")

    currency = models.CharField(max_length=3, default="GBP")
    reward_base = models.DecimalField(max_digits=7, decimal_places=2, default=8, validators=[MinValueValidator(0)])
    reward_bonus = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        default="0.50",
        validators=[MinValueValidator(0)],
        help_text="per right answer",
    )
    reward_partial = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0)],
        help_text="on withdrawal",
    )

    id_parameter = models.CharField(
        max_length=40,
        default="PROLIFIC_PID",
        blank=True,
        help_text="the link's parameter that names a recruited person; others of the link are kept beside it",
    )
    require_id = models.BooleanField(default=False, help_text="refuse visitors whose link names nobody")
    return_url = models.CharField(
        max_length=300,
        blank=True,
        help_text="where to send people at the end; {code} stands for the code of their outcome, {id} for their id",
    )
    return_after_s = models.PositiveSmallIntegerField(
        "return after",
        null=True,
        blank=True,
        validators=[MinValueValidator(3), MaxValueValidator(600)],
        help_text="seconds until the last page sends people back by itself, unless they stay; empty: by a button alone",
    )
    devices = models.CharField(
        max_length=10,
        choices=Devices.choices,
        default=Devices.ANY,
        help_text="others are told so before anything starts, and leave with the code for being screened out",
    )
    starts_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=30,
        validators=[MinValueValidator(1)],
        help_text="new runs a minute from one network address; whoever comes after waits for a moment. Empty: no limit",
    )
    starts_per_address = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="new runs a day from one network address, for open links that pay; empty: no limit",
    )
    code_completed = models.CharField(max_length=60, blank=True)
    code_screened_out = models.CharField(max_length=60, blank=True)
    code_no_consent = models.CharField(max_length=60, blank=True)
    code_withdrawn = models.CharField(max_length=60, blank=True)

    active_minutes = models.PositiveIntegerField(
        default=30,
        help_text="an unfinished run holds its place in a condition for this long after its last sign of life",
    )
    expire_hours = models.PositiveIntegerField(
        null=True, blank=True, help_text="an unfinished run ends this long after its last sign of life; empty: never"
    )
    retention_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="recruitment ids are erased this many days after a run ends"
    )
    lab_mode = models.BooleanField(
        default=False,
        help_text="several people take part on this device, one after the other: the last page has a button for the "
        "next one, and an open link then starts anew",
    )
    notify = models.CharField(
        max_length=300,
        blank=True,
        help_text="mail addresses of those who are told when a quota is full, a run stalls or a job fails",
    )
    language = models.CharField(max_length=tags.LONGEST, default="en")
    translations = models.JSONField(
        default=dict,
        blank=True,
        help_text="by language and text: what it is in that language, and the source that this translates",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "studies"

    def __str__(self):
        return self.title

    def save(self, *, update_fields=None, **options):
        """Save, and keep the short name as one of the study's addresses for good.

        Raises `ValueError` where another study has or had it.
        """
        with transaction.atomic():
            if update_fields is None or "slug" in update_fields:
                if taken := self.taken():
                    raise ValueError(f"slug: {self.slug!r} leads to the study {taken.study.slug!r}")
                super().save(update_fields=update_fields, **options)
                Address.objects.get_or_create(name=self.slug.lower(), defaults={"study": self})
            else:
                super().save(update_fields=update_fields, **options)

    @property
    def required_bundle(self) -> Bundle:
        """The bundle of a study that has one by now; a `ValueError` says that it has none."""
        if self.bundle is None:
            raise ValueError("The study has no bundle yet.")
        return self.bundle

    @property
    def mail_addresses(self) -> list[str]:
        """Where those are reached who want to be told of the study."""
        return [address for part in self.notify.split(",") if (address := part.strip())]

    def taken(self) -> "Address | None":
        """Return the address of another study that a new short name of this one would take."""
        found = Address.objects.filter(name=self.slug.lower()).exclude(study=self.pk).select_related("study").first()
        return None if found is None or Study.objects.filter(pk=self.pk, slug=self.slug).exists() else found

    def clean(self):
        problems = {}
        if (taken := self.taken()) and taken.study.slug != self.slug:
            other = f"the study “{taken.study}” ({taken.study.slug})"
            problems["slug"] = f"Links with this short name lead to {other}, for good. Choose another."
        if self.return_url and (problem := recruiters.problem_with(self.return_url)):
            problems["return_url"] = problem
        for address in self.mail_addresses:
            try:
                validate_email(address)
            except ValidationError:
                problems["notify"] = f"Expected mail addresses, found {address!r}."
        if problems:
            raise ValidationError(problems)


class Address(models.Model):
    """A short name that a study has or once had, in small letters; links to it lead there for as long as it exists."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "addresses"

    def __str__(self):
        return self.name


def study_at(slug: str, studies=None) -> Study | None:
    """Return which of `studies` (default: all) has or once had a short name, in capitals or small letters; or None."""
    studies = Study.objects.all() if studies is None else studies
    exact = studies.filter(slug=slug).first()
    return exact or studies.filter(addresses__name=slug.lower()).first()


class Condition(models.Model):
    """One cell of the design; quota and switch may change while the study runs, its factors may not."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="conditions")
    name = models.SlugField(max_length=80)
    factors = models.JSONField(default=dict)
    quota = models.PositiveIntegerField(null=True, blank=True, help_text="completed runs wanted; empty: no limit")
    open = models.BooleanField(default=True, help_text="off: nobody new is assigned")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["study", "name"], name="one_condition_per_name")]

    def __str__(self):
        return self.name


class Version(models.Model):
    """A study's definition, frozen; never changed once written. A number of 0 marks a preview's draft."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    definition = models.JSONField()
    bundle = models.ForeignKey(Bundle, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["study", "number", "content_hash"], name="one_version_per_content")
        ]

    def __str__(self):
        return f"{self.study.slug} v{self.number}"

    @property
    def label(self) -> str:
        """What rows of the export carry: number and the start of the hash."""
        return f"{self.number}-{self.content_hash[:12]}"
