"""What coders do: read a passage, give it codes, go on, go back, and resolve where they differ."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from studyapp import models
from studyapp.core.coding.suggestions import suggest

from .passages import counts, free_fields, shown, text_of, unread

REMEMBERED = 2000


class Gone(LookupError):
    """The passage is no longer there: its participant was erased."""


def state(study: models.Study, column: str, coder, passage: models.Passage | None = None) -> dict:
    """Return what the coding page shows: the passage (the next unread one), its codes so far, suggestions, progress."""
    following = unread(study, column, coder).values_list("pk", flat=True)[:1]
    passage = passage or models.Passage.objects.select_related("response").filter(pk__in=list(following)).first()
    total, done = counts(study, column, coder)
    about: dict[str, Any] = {"passage": None, "chosen": [], "suggested": [], "total": total, "done": done}
    if passage is None:
        return about
    columns = free_fields(study)
    reading = models.Reading.objects.filter(passage=passage, coder=coder).first()
    return about | {
        "passage": shown(passage, columns),
        "chosen": list(reading.codes.values_list("pk", flat=True)) if reading else [],
        "suggested": suggestions(study, column, coder, text_of(passage, columns)),
    }


def suggestions(study: models.Study, column: str, coder, text: str) -> list[int]:
    """Return the codes that a coder's own latest readings suggest for a text."""
    mine = models.Reading.objects.filter(passage__study=study, passage__field=column, coder=coder, done=True)
    latest = mine.select_related("passage__response").prefetch_related("codes").order_by("-read_at")[:REMEMBERED]
    columns = free_fields(study)
    read = ((text_of(row.passage, columns), {code.pk for code in row.codes.all()}) for row in latest)
    return suggest(text, read, dict(study.codes.values_list("pk", "name")))


def save(study: models.Study, passage_id: int, coder, codes: list[int], *, done: bool) -> models.Reading:
    """Store what a coder gives a passage, in place of what they gave before. Codes of another codebook are left out."""
    with transaction.atomic():
        passage = _locked(study, passage_id)
        reading, _ = models.Reading.objects.update_or_create(
            passage=passage, coder=coder, defaults={"done": done, "read_at": timezone.now()}
        )
        reading.codes.set(study.codes.filter(pk__in=codes))
        return reading


def take_back(study: models.Study, column: str, coder) -> models.Passage | None:
    """Open a coder's last finished passage again, its codes as they were; None where there is none."""
    with transaction.atomic():
        mine = models.Reading.objects.filter(passage__study=study, passage__field=column, coder=coder, done=True)
        last = mine.select_related("passage__response").order_by("-read_at", "-pk").first()
        if last is None:
            return None
        last.done = False
        last.save(update_fields=["done"])
        return last.passage


def resolve(study: models.Study, passage_id: int, by, codes: list[int]) -> models.Resolution:
    """Store what a passage's coders agreed on; their readings stay as they were."""
    with transaction.atomic():
        passage = _locked(study, passage_id)
        resolution, _ = models.Resolution.objects.update_or_create(
            passage=passage, defaults={"resolved_by": by, "resolved_at": timezone.now()}
        )
        resolution.codes.set(study.codes.filter(pk__in=codes))
        return resolution


def merge(code: models.Code, into: models.Code) -> None:
    """Give `into` to everything that has `code`, and remove `code`."""
    with transaction.atomic():
        for found in (code.readings.all(), code.resolutions.all()):
            for row in found:
                row.codes.add(into)
        code.delete()


def _locked(study: models.Study, passage_id: int) -> models.Passage:
    passage = models.Passage.objects.select_for_update().filter(study=study, pk=passage_id).first()
    if passage is None:
        raise Gone("This answer is no longer there: its participant asked to be erased.")
    return passage
