"""Find what a command names, or say what there is."""

from django.core.management.base import CommandError

from studyapp import models


def study_of(slug: str) -> models.Study:
    """Return the study that has, or once had, that short name; otherwise the error lists the known ones."""
    study = models.study_at(slug)
    if study is None:
        known = ", ".join(models.Study.objects.values_list("slug", flat=True)) or "none; load one with load_study"
        raise CommandError(f"no study {slug!r}; there is: {known}")
    return study
